"""What is kept of a forward pass for the backward one: memory and time of one step of a deep network, compiled.

Nothing is trained to an end: every variant computes the same loss and the same gradient, and what differs is what the
compiled program allocates and how long it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.scaling import checkpointed
from train.machine.runtime import keep_memory
from train.measure.lengths import in_turns
from train.trials.base import Metric, Run, Trial, less, size

MIB = 2**20


def _block(x: jax.Array, layer: Mapping[str, jax.Array]) -> tuple[jax.Array, None]:
    """A residual MLP with a norm in front, of as many hidden units as channels."""
    inner = jax.nn.standardize(x, axis=-1)
    return x + jax.nn.gelu(inner @ layer["first"]) @ layer["last"], None


def _deep(body: Callable, x: jax.Array, layers: Mapping[str, jax.Array]) -> jax.Array:
    return jax.lax.scan(body, x, layers)[0]


def _network(variant: str, depth: int) -> Callable[[jax.Array, Mapping[str, jax.Array]], jax.Array]:
    """From a batch and stacked layers to what comes out of the last."""
    match variant:
        case "kept":
            return lambda x, layers: _deep(_block, x, layers)
        case "blocks":
            return lambda x, layers: _deep(checkpointed(_block), x, layers)
        case "products":
            policy = jax.checkpoint_policies.dots_with_no_batch_dims_saveable
            return lambda x, layers: _deep(checkpointed(_block, policy), x, layers)
        case "whole":
            return checkpointed(lambda x, layers: _deep(_block, x, layers))
    segments = round(depth**0.5)
    block = checkpointed(_block) if variant == "nested" else _block

    def segment(x: jax.Array, layers: Mapping[str, jax.Array]) -> tuple[jax.Array, None]:
        return _deep(block, x, layers), None

    def rooted(x: jax.Array, layers: Mapping[str, jax.Array]) -> jax.Array:
        split = jax.tree.map(lambda leaf: leaf.reshape(segments, depth // segments, *leaf.shape[1:]), layers)
        return _deep(checkpointed(segment), x, split)

    return rooted


def step(variant: str, depth: int) -> Callable[[Mapping[str, jax.Array], jax.Array], tuple[jax.Array, Any]]:
    """The loss, the mean square of what comes out, with its gradient, for layers and a batch."""
    network = _network(variant, depth)
    return jax.value_and_grad(lambda layers, x: jnp.mean(network(x, layers) ** 2))


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Compiled beside the variant that keeps all, and timed in turns with it."""
    depth, width = settings["depth"], settings["width"]
    keep_memory()  # or what is timed would be how fast the system clears pages

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        first, last, batch = jax.random.split(key, 3)
        layers = {
            name: jax.random.normal(one, (depth, width, width)) / jnp.sqrt(width * depth)
            for name, one in (("first", first), ("last", last))
        }
        x = jax.random.normal(batch, (settings["batch"], width))
        programs = {name: jax.jit(step(name, depth)).lower(layers, x).compile() for name in ("kept", variant)}
        gradients = {name: program(layers, x)[1] for name, program in programs.items()}
        between = jax.tree.map(lambda one, other: jnp.sum((one - other) ** 2), gradients["kept"], gradients[variant])
        norm = sum(jnp.sum(one**2) for one in jax.tree.leaves(gradients["kept"]))

        def timed(program: Callable) -> Callable[[], None]:
            return lambda: jax.block_until_ready(program(layers, x)) and None

        seconds = in_turns({name: timed(program) for name, program in programs.items()}, settings["seconds"])
        return {
            "memory": programs[variant].memory_analysis().temp_size_in_bytes / MIB,
            "time": 1.0 if variant == "kept" else seconds[variant] / seconds["kept"],
            "difference": jnp.sqrt(sum(jax.tree.leaves(between)) / norm),
            "params": size(layers),
        }

    return run


TRIAL = Trial(
    variants={
        "kept": "all that the backward pass reads is kept",
        "blocks": "the input of every block is kept, and the block computed again",
        "root": "the input of every eighth block is kept, and eight blocks at once computed again",
        "nested": "the same, of whose blocks only inputs are kept then, and each computed once more",
        "products": "inputs and products of blocks are kept, norms and activations computed again",
        "whole": "the input of the network is kept, and all computed again at once",
    },
    figures=(
        less("memory", "temporary memory of a step", "MiB"),
        Metric("time", "time of a step, times that of keeping all", "", "down"),
        less("difference", "gradient, relative distance from that of keeping all"),
    ),
    make=make,
    settings={"depth": 64, "width": 128, "batch": 1024, "seconds": 1.0},
    smoke={"depth": 4, "width": 8, "batch": 16, "seconds": 0.01},
    compiled=False,
)
