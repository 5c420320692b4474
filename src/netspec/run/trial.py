"""Run a network for real: how long, how much memory, and whether every parameter receives a gradient."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.errors import SpecError
from netspec.layers import PatchEmbed
from netspec.layers.base import Shape
from netspec.layers.token_embedding import INDEXED
from netspec.modules.inputs import FIRST, inputs_of
from netspec.names import REGIONS
from netspec.run.traced import Traced
from netspec.spec import NetSpec

#: A gradient whose largest entry is below this fraction of the largest in the network is faint: what rounding leaves
#: of one that is zero in exact arithmetic, or one that vanishes on its way through many layers.
FAINT = 1e-6

#: Seconds after which a call is not repeated: some networks take minutes for one.
PATIENCE = 30

#: Multiply-adds below which an example costs little.
LITTLE = 10**7


@dataclass(frozen=True)
class Forward:
    """One call of a network in evaluation mode."""

    leaves: Any  # arrays that leave, a dict where there are several
    compile_seconds: float  # tracing, lowering and XLA
    milliseconds: float  # median of the timed calls
    memory_mib: float  # weights, inputs, outputs and what XLA allocates in between

    @property
    def finite(self) -> bool:
        """Whether all that leaves is."""
        return all(bool(np.isfinite(leaf).all()) for leaf in jax.tree.leaves(self.leaves))


@dataclass(frozen=True)
class Backward:
    """One gradient of a network in training mode, for a random cotangent."""

    input_shape: Shape  # smaller than the spec's where that would have taken too long
    batch: int
    compile_seconds: float
    seconds: float
    finite: bool
    without_gradient: tuple[str, ...]  # paths of parameters
    faint: tuple[str, ...]  # paths of parameters with less than FAINT of the largest gradient


def forward(traced: Traced, *, repeats: int = 5, first: np.ndarray | None = None) -> Forward:
    """Run a traced network with random weights on ``first`` (random by default) and time it.

    Weights are drawn on the host: compiling the initialisers of a large network takes longer than running it.
    Raises ``MemoryError`` before anything is allocated where weights and activations exceed this machine's memory.
    """
    spec, start = traced.spec, time.perf_counter()
    compiled = traced.traced.lower().compile()
    compile_seconds = traced.seconds + time.perf_counter() - start
    needed = _bytes(compiled)
    if jax.default_backend() == "cpu" and needed > _physical_memory():
        raise MemoryError(f"{needed / 2**30:.1f} GiB")
    values = (draw_parameters(traced.parameters), at_rest(traced.rest), *draw_inputs(spec, traced))
    if first is not None:
        values = (*values[:2], jnp.asarray(first), values[3])
    leaves, took = timed(lambda: compiled(*values)[0], repeats)
    return Forward(jax.device_get(leaves), compile_seconds, 1e3 * took, needed / 2**20)


def backward(spec: NetSpec, *, most_macs: int = 2 * 10**9) -> Backward:
    """The gradient of what leaves, times random numbers, for every parameter, with the statistics of the batch.

    A batch has two examples, or sixteen of those that cost little: a network of few units, such as a radiance field
    asked for single points, may have one that is idle for any two examples.

    A network of more than ``most_macs`` multiply-adds gets smaller inputs, where its layers allow, and one whose
    gradient exceeds this machine's memory fewer tokens; without, ``MemoryError`` is raised before anything is
    computed. The code is not optimised, since it runs once.
    """
    spec = shrunk(spec, most_macs)
    while True:
        start = time.perf_counter()
        batch = 16 if spec.macs < LITTLE else 2
        compiled, values = _compiled_gradient(spec, batch)
        compile_seconds = time.perf_counter() - start
        if jax.default_backend() != "cpu" or (needed := _bytes(compiled)) <= _physical_memory():
            break
        if (smaller := fewer_tokens(spec)) == spec:
            raise MemoryError(f"{needed / 2**30:.1f} GiB")
        spec = smaller
    gradient, took = timed(lambda: compiled(*values), repeats=0)
    flat = nnx.to_flat_state(gradient)
    largest = {".".join(map(str, path)): float(jnp.abs(leaf.get_value()).max()) for path, leaf in flat}
    return Backward(
        input_shape=spec.input_shape,
        batch=batch,
        compile_seconds=compile_seconds,
        seconds=took,
        finite=all(map(math.isfinite, largest.values())),
        without_gradient=tuple(path for path, size in largest.items() if size == 0),
        faint=tuple(path for path, size in largest.items() if 0 < size < FAINT * max(largest.values())),
    )


def _compiled_gradient(spec: NetSpec, batch: int) -> tuple[jax.stages.Compiled, tuple]:
    """The program of the gradient, and values for its arguments."""
    traced = Traced(spec, batch, training=True)
    cotangents = jax.tree.map(lambda leaf: _normal(leaf.shape, 1), traced.traced.out_info[0])

    def loss(parameters: Any, rest: Any, first: Any, further: Any) -> Any:
        leaves, _ = traced.call(parameters, rest, first, further)
        return sum(jnp.vdot(*pair) for pair in zip(*map(jax.tree.leaves, (leaves, cotangents)), strict=True))

    values = (draw_parameters(traced.parameters), at_rest(traced.rest), *draw_inputs(spec, traced))
    return jax.jit(jax.grad(loss)).lower(*values).compile({"xla_backend_optimization_level": 0}), values


def _bytes(compiled: jax.stages.Compiled) -> int:
    """What a program reads, returns and needs in between."""
    sizes = compiled.memory_analysis()
    return sizes.argument_size_in_bytes + sizes.output_size_in_bytes + sizes.temp_size_in_bytes


def fewer_tokens(spec: NetSpec) -> NetSpec:
    """``spec`` with a quarter of its patches, or half of its indices, but four at least; or as it is."""
    first = spec.layers[0]
    if isinstance(first, PatchEmbed) and first.n_patches >= 16:
        first = replace(first, n_patches=first.n_patches // 4)
        shape = (*(side // 2 for side in spec.input_shape[:2]), spec.input_shape[2])
    elif isinstance(first, INDEXED) and spec.input_shape[0] >= 8:
        shape = (spec.input_shape[0] // 2,)
    else:
        return spec
    try:
        return replace(spec, input_shape=shape, layers=(first, *spec.layers[1:]))
    except SpecError:
        return spec


def shrunk(spec: NetSpec, most_macs: int) -> NetSpec:
    """``spec`` with the sides of its inputs halved until it takes at most ``most_macs``, or as far as it accepts."""
    while spec.macs > most_macs:
        try:
            smaller = replace(
                spec,
                input_shape=_halved(spec.input_shape),
                extra_inputs=tuple((name, _halved(shape)) for name, shape in spec.extra_inputs),
            )
        except SpecError:
            break
        if smaller == spec:
            break
        spec = smaller
    return spec


def _halved(shape: Shape) -> Shape:
    """Half of every axis but the last; vectors stay."""
    return (*(max(1, side // 2) for side in shape[:-1]), shape[-1])


def timed(call: Callable[[], Any], repeats: int) -> tuple[Any, float]:
    """What ``call`` returns, and the median seconds of ``repeats`` further calls, or of the first with none.

    No further call starts once all have taken :data:`PATIENCE` seconds.
    """
    seconds: list[float] = []
    while len(seconds) <= repeats and sum(seconds) < PATIENCE:
        start = time.perf_counter()
        result = jax.block_until_ready(call())
        seconds.append(time.perf_counter() - start)
    return result, statistics.median(seconds[1:] or seconds)


def draw_parameters(parameters: nnx.State) -> nnx.State:
    """Random values for abstract parameters: kernels keep the variance of what they read, gains lie near one.

    Biases and shifts are random too, so that one left out or applied twice shows.
    """
    rng = np.random.default_rng(0)

    def one(path: tuple[Any, ...], leaf: Any) -> Any:
        name = path[-2].key
        # A dense map sums over the last axis but one, a convolution over its window, too.
        fan_in = math.prod(leaf.shape[-4 if len(leaf.shape) > 3 else -2 : -1]) if name == "kernel" else 16
        drawn = rng.standard_normal(leaf.shape, np.float32) / np.float32(math.sqrt(fan_in))
        return jnp.asarray(drawn + np.float32(name == "scale"), leaf.dtype)

    return jax.tree_util.tree_map_with_path(one, parameters)


def at_rest(rest: nnx.State) -> nnx.State:
    """Initial values for abstract state that is not trained: variances one, all else zero."""
    return jax.tree_util.tree_map_with_path(
        lambda path, leaf: jnp.full(leaf.shape, path[-2].key == "var", leaf.dtype), rest
    )


def draw_inputs(spec: NetSpec, traced: Traced) -> tuple[Any, dict[str, Any]]:
    """Random inputs: token indices below their vocabulary, regions inside the image, all else standard normal."""
    known = {one.name: one.vocabulary for one in inputs_of(spec)}

    def one(name: str, abstract: jax.ShapeDtypeStruct) -> Any:
        if name == REGIONS:
            corners = np.random.default_rng(2).uniform(0, 1, (*abstract.shape[:-1], 2, 2)).astype(np.float32)
            return jnp.asarray(np.sort(corners, axis=-2).reshape(abstract.shape))
        if abstract.dtype == jnp.int32:
            high: Any = known[name]
            return jnp.asarray(np.random.default_rng(2).integers(high, size=abstract.shape, dtype=np.int32))
        return _normal(abstract.shape, 2)

    return one(FIRST, traced.first), {name: one(name, shape) for name, shape in traced.further.items()}


def _normal(shape: Shape, seed: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape, np.float32))


def _physical_memory() -> float:
    """Bytes of this machine's memory, infinite where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return math.inf
