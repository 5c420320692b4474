"""What an attention costs at growing length: time and memory of a step, pairs, what decoding keeps, and its speed.

Every variant is one block of its network, so that what grows is what is compared. Steps of all variants are taken in
turns, and medians are over rounds, so that whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import netspec
from netspec import NetSpec, SpecError
from netspec.layers import TokenPositionEmbed, TransformerEncoder
from netspec.layers.attention import Attention
from netspec.modules.decoding import check_decodable, continued
from train.config.cell import Cell
from train.config.schema import ConfigError
from train.machine.devices import compiler_options
from train.provenance import git_state, machine, versions
from train.tasks import task_of

#: Rounds of steps at a length end when they have taken so many seconds, but not before :data:`FEWEST`.
SECONDS, FEWEST, MOST = 2.0, 3, 9
#: Tokens that are decoded.
DECODED = 512
#: The longest sequence up to which a step is also timed in bfloat16, at one length: a CPU emulates it slowly.
HALF_AT = 1024


def measure(cells: Mapping[str, Cell], lengths: Sequence[int], decoded: int = DECODED) -> dict[str, Any]:
    """A row per variant, ``cells`` by name, with its figures, and a list of figures at each of the ``lengths``.

    Raises :class:`ConfigError` for a cell whose network is no causal language model of one kind of block.
    """
    lengths = sorted(lengths)
    specs = {name: checked(task_of(cell).spec(cell), name) for name, cell in cells.items()}
    rows = {name: of_spec(spec) for name, spec in specs.items()}
    for length in lengths:
        for name, figures in _at(specs, length).items():
            rows[name]["lengths"].append(figures)
    half = max([length for length in lengths if length <= HALF_AT], default=lengths[0])
    halves = {name: compiled_step(stretched(spec, half), jnp.bfloat16)[0] for name, spec in specs.items()}
    for name, seconds in in_turns(halves).items():
        rows[name] |= {"bfloat16_tokens": half, "bfloat16_step_seconds": seconds}
    for name, seconds in _decoding(specs, decoded).items():
        rows[name]["decoded_tokens_per_second"] = decoded / seconds
    about = {"decoded": decoded, "precision": "float32", "provenance": git_state() | {"versions": versions()}}
    return {"variants": rows, **about, "machine": machine()}


def checked(spec: NetSpec, name: str) -> NetSpec:
    """``spec``; raises :class:`ConfigError` for a network that cannot be run token by token."""
    try:
        check_decodable(spec)
    except SpecError as error:
        raise ConfigError(f"{name}: key 'model': {error}") from None
    return spec


def stretched(spec: NetSpec, tokens: int) -> NetSpec:
    """One block of ``spec`` for as many tokens, its tables of positions as long where they are shorter."""
    layers = []
    for layer in spec.layers:
        if isinstance(layer, TokenPositionEmbed):
            layer = replace(layer, max_tokens=max(tokens, layer.max_tokens))
        elif isinstance(layer, TransformerEncoder):
            layer = replace(layer, n_blocks=1, attention=_longer(layer.attention, tokens))
        layers.append(layer)
    return replace(spec, layers=tuple(layers)).with_tokens(tokens)


def _longer(attention: Attention, tokens: int) -> Attention:
    known = attention.max_tokens
    return attention if known is None else replace(attention, max_tokens=max(known, tokens))


def of_spec(spec: NetSpec) -> dict[str, Any]:
    """What is known of a network without running it: parameters, and bytes in float32 kept of each token."""
    encoder = encoder_of(spec)
    return {"params": spec.params, "kept_bytes_per_token": 4 * encoder.kept_per_token, "lengths": []}


def encoder_of(spec: NetSpec) -> TransformerEncoder:
    """Its blocks."""
    return next(layer for layer in spec.layers if isinstance(layer, TransformerEncoder))


def _at(specs: dict[str, NetSpec], length: int) -> dict[str, dict[str, Any]]:
    """Figures of one block of each network at a length."""
    steps, found = {}, {}
    for name, whole in specs.items():
        spec = stretched(whole, length)
        encoder, shape = encoder_of(spec), (length, encoder_of(spec).width)
        steps[name], memory = compiled_step(spec)
        found[name] = {
            "tokens": length,
            "macs_needed": spec.macs - encoder.macs(shape) + encoder.needed_macs(shape),
            "macs_computed": spec.macs,
            "kept_bytes": 4 * encoder_of(whole).kept(length),
            "memory_bytes": memory,
        }
    for name, seconds in in_turns(steps).items():
        found[name]["step_seconds"] = seconds
    return found


def compiled_step(spec: NetSpec, dtype: Any = jnp.float32) -> tuple[Callable[[], None], int]:
    """Loss and gradient of one sequence, compiled, and the bytes that the program allocates beside its arguments.

    Products are computed in ``dtype``.
    """
    network = netspec.build(spec, nnx.Rngs(0), compute_dtype=dtype)
    graph, params, rest = nnx.split(network, nnx.Param, ...)
    token = np.random.default_rng(0).integers(0, spec.layers[0].vocabulary, (1, *spec.input_shape), np.int32)

    def loss(params: Any, token: jax.Array) -> jax.Array:
        scores = nnx.merge(graph, params, rest)(token)
        return -jnp.take_along_axis(jax.nn.log_softmax(scores[:, :-1]), token[:, 1:, None], -1).mean()

    program = jax.jit(jax.value_and_grad(loss), compiler_options=compiler_options()).lower(params, token).compile()
    used = program.memory_analysis()

    def step() -> None:
        jax.block_until_ready(program(params, token))

    return step, used.temp_size_in_bytes + used.output_size_in_bytes


def in_turns(steps: dict[str, Callable[[], None]], seconds: float = SECONDS) -> dict[str, float]:
    """Median seconds of each function, which are called in turns after one call each that does not count."""
    for step in steps.values():
        step()
    taken: dict[str, list[float]] = {name: [] for name in steps}
    began = time.perf_counter()
    for round_ in range(MOST):
        if round_ >= FEWEST and time.perf_counter() - began > seconds:
            break
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(some) for name, some in taken.items()}


def _decoding(specs: dict[str, NetSpec], decoded: int) -> dict[str, float]:
    """Seconds in which each whole network continues a text of one token to ``decoded``, what it computed being kept."""
    steps = {}
    for name, whole in specs.items():
        blocks = encoder_of(whole).n_blocks
        one = stretched(whole, decoded)
        layers = tuple(
            replace(layer, n_blocks=blocks) if isinstance(layer, TransformerEncoder) else layer for layer in one.layers
        )
        network = netspec.build(replace(one, layers=layers), nnx.Rngs(0))
        graph, state = nnx.split(network)
        steps[name] = _decoder(graph, state, decoded)
    return in_turns(steps)


def _decoder(graph: nnx.GraphDef, state: nnx.State, decoded: int) -> Callable[[], None]:
    prompt, key = jnp.zeros((1, decoded), jnp.int32), jax.random.key(0)

    def choose(key: jax.Array, scores: jax.Array) -> jax.Array:
        return scores.argmax(-1).astype(jnp.int32)

    program = jax.jit(lambda state, prompt, key: continued(nnx.merge(graph, state), prompt, 1, key, choose))

    def step() -> None:
        jax.block_until_ready(program(state, prompt, key))

    return step
