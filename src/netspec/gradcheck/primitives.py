"""Directional derivatives of built modules, in float64: automatic differentiation against central differences.

The scalar is ``f = Σ r·y`` over everything that leaves, with normal weights ``r``. For each input and each parameter
tensor ``f`` is followed along a random direction of unit length, and its slope compared with that of the gradient.
The tolerance is derived as in :mod:`netspec.gradcheck.checks`, with ``n`` read off the program: the most rounding
errors that a number collects on its way from input to ``f``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.gradcheck import differences
from netspec.gradcheck.checks import CEILING, DIFFERENCES, SAFETY, UNIT, Check, compiled
from netspec.gradcheck.differences import Slope
from netspec.gradcheck.fixtures import Fixture
from netspec.layers.base import Several, Value
from netspec.layers.token_embedding import INDEXED, TokenPositionEmbed
from netspec.modules import Network, Numerics, module_of
from netspec.modules.inputs import Input, inputs_of
from netspec.run.traced import UNDRAWN
from netspec.spec import NetSpec

#: Shorter than for the theorems, since at some ReLU a kink is always near.
REACH = 0.2
#: So many directions are tried at most.
DIRECTIONS = 3
#: A gradient of less than this fraction of the whole gradient's norm counts as one that vanishes.
VANISHING = 1e-9
TRAINING, EVALUATION, ONLY = "training", "evaluation", "–"

#: The slope of a function of one number at zero, from that function, a bound on the rounding error of the difference
#: of two values, and the size that an error is to be small against.
Follow = Callable[[Callable[[float], float], float, float], Slope]


@dataclass(frozen=True)
class Program:
    """A module taken apart: ``loss(tensors)`` is the scalar and the terms it sums, ``tensors`` its arguments."""

    loss: Callable[[Any], tuple[Any, list[Any]]]
    tensors: dict[str, np.ndarray]


@lru_cache
def modes(fixture: Fixture) -> tuple[str, ...]:
    """Both modes where there are running statistics, which only batch norm has; training alone where there is dropout.

    Without either, there is only one way to compute the layer.
    """
    _, _, rest = _abstract(fixture, EVALUATION)
    statistics, others = nnx.split_state(rest, nnx.BatchStat, ...)
    if jax.tree.leaves(statistics):
        return TRAINING, EVALUATION
    return (TRAINING,) if jax.tree.leaves(others) else (ONLY,)


def check(fixture: Fixture, mode: str, seed: int = 0) -> Iterator[Check]:
    """One check per input and per parameter tensor."""
    with jax.enable_x64(True):
        program = prepare(fixture, mode, seed)
        yield from compare(program, np.random.default_rng([seed, 1]))


def prepare(fixture: Fixture, mode: str, seed: int = 0) -> Program:
    """Build the module in float64 with random parameters, none neutral, and random inputs."""
    rng = np.random.default_rng(seed)
    merged, parameters = taken_apart(fixture, mode, rng)
    inputs, fixed = _inputs(fixture, rng)

    def loss(tensors: Any) -> tuple[Any, list[Any]]:
        out = jax.tree.leaves(_call(merged(tensors), fixture, {**fixed, **tensors}))
        weights = np.random.default_rng(seed + 1)
        terms = [leaf * weights.standard_normal(leaf.shape) for leaf in out]
        return sum(term.sum() for term in terms), terms

    return Program(loss, inputs | parameters)


def taken_apart(
    fixture: Fixture, mode: str, rng: np.random.Generator, dtype: Any = jnp.float64
) -> tuple[Callable[[dict[str, Any]], nnx.Module], dict[str, np.ndarray]]:
    """Random parameters by name, and the function that makes the module of them."""
    graph, params, rest = _abstract(fixture, mode, dtype)
    drawn = jax.tree_util.tree_map_with_path(partial(_parameter, rng), params)
    rest = jax.tree_util.tree_map_with_path(partial(_statistic, rng), rest)
    leaves, structure = jax.tree_util.tree_flatten_with_path(drawn)
    names = [".".join(str(part.key) for part in path if hasattr(part, "key")) for path, _ in leaves]

    def merged(tensors: Any) -> nnx.Module:
        return nnx.merge(graph, jax.tree.unflatten(structure, [tensors[name] for name in names]), rest, copy=True)

    return merged, {name: np.asarray(leaf) for name, (_, leaf) in zip(names, leaves, strict=True)}


def compare(
    program: Program,
    rng: np.random.Generator,
    follow: Follow | None = None,
    independent: bool = False,
    level: int = 0,
) -> Iterator[Check]:
    """The slope along one direction through each tensor, from the gradient and from differences.

    ``follow`` takes it by differences, by default as for the theorems. ``n`` rounding errors on the way to terms ``t``
    add up to ``n·u·Σ|t|`` at worst, and to ``√n·u·√Σt²`` if they are ``independent``. ``level`` is that of
    :func:`compiled` for the many values.
    """
    follow = follow or (lambda line, noise, _: differences.slope(line, noise, REACH))
    loss, tensors = program.loss, jax.device_put(program.tensors)
    (_, terms), gradient = compiled(jax.value_and_grad(loss, has_aux=True))(tensors)
    traced = compiled(lambda tensors: loss(tensors)[0], level).trace(tensors)
    roundings = longest_path(traced.jaxpr.jaxpr)
    value = traced.lower().compile()
    base = float(value(tensors))
    sizes = np.abs(np.concatenate([np.ravel(term) for term in jax.tree.leaves(jax.device_get(terms))]))
    added = math.sqrt(roundings) * np.linalg.norm(sizes) if independent else roundings * sizes.sum()
    noise = 2 * UNIT * float(added)
    gradient = jax.device_get(gradient)
    total = math.sqrt(sum(float(np.sum(np.square(leaf))) for leaf in gradient.values()))
    for name, tensor in program.tensors.items():
        slope = gradient[name]
        size = float(np.linalg.norm(slope))
        # A tensor whose gradient vanishes, as that of a bias before a norm, is compared on the scale of the others.
        size = size if size > VANISHING * total else total or 1.0

        # Another direction where kinks leave the slope along one too uncertain to tell anything, whatever the error.
        for _ in range(DIRECTIONS):
            direction = rng.standard_normal(tensor.shape)
            direction /= np.linalg.norm(direction)

            def line(
                h: float, name: str = name, tensor: np.ndarray = tensor, direction: np.ndarray = direction
            ) -> float:
                return float(value(tensors | {name: tensor + h * direction})) if h else base

            expected = follow(line, noise, size)
            if SAFETY * expected.uncertainty / size <= CEILING:
                break
        found = float(np.sum(slope * direction))
        where = f"{name}: gradient {found:.6g}, {DIFFERENCES} {expected.value:.6g}"
        if not np.isfinite(slope).all():
            where = f"{name}[{', '.join(map(str, np.argwhere(~np.isfinite(slope))[0]))}]: gradient is not finite"
        reason = f"n = {roundings}, h = {expected.step:.2g}"
        error, tolerance = abs(found - expected.value) / size, SAFETY * expected.uncertainty / size
        yield Check(DIFFERENCES, error, tolerance, where, reason)


def longest_path(program: Any, arriving: int = 0) -> int:
    """Rounding errors that a number collects at most on its way through a jaxpr; a sum of ``n`` terms counts ``n``."""
    depth: dict = dict.fromkeys(program.invars, arriving)
    for equation in program.eqns:
        before = max((depth.get(v, 0) for v in equation.invars if not hasattr(v, "val")), default=0)
        for leaves in equation.outvars:
            depth[leaves] = before + _cost(equation)
    return max((depth.get(v, 0) for v in program.outvars if not hasattr(v, "val")), default=0)


def _cost(equation: Any) -> int:
    inner = [getattr(part, "jaxpr", part) for value in equation.params.values() for part in _programs(value)]
    if inner:
        return equation.params.get("length", 1) * max(map(longest_path, inner))
    shape = equation.invars[0].aval.shape if equation.invars else ()
    match equation.primitive.name:
        case "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            return math.prod(shape[axis] for axis in contracted)
        case "conv_general_dilated":
            kernel = equation.invars[1].aval.shape
            return math.prod(kernel) // kernel[equation.params["dimension_numbers"].rhs_spec[0]]
        case "reduce_sum" | "cumsum":
            return math.prod(shape) // max(1, math.prod(equation.outvars[0].aval.shape))
        case "reduce_window_sum":
            return math.prod(equation.params["window_dimensions"])
    # An elementary function is computed to within a few roundings.
    return 4 if equation.primitive.name in _ELEMENTARY else 1


_ELEMENTARY = {
    "exp",
    "log",
    "log1p",
    "expm1",
    "tanh",
    "logistic",
    "sin",
    "cos",
    "erf",
    "pow",
    "rsqrt",
    "sqrt",
    "div",
    "atan2",
}


def _programs(value: Any) -> list:
    """The programs among the parameters of an equation, such as the body of a loop."""
    found = value if isinstance(value, (tuple, list)) else [value]
    return [part for part in found if hasattr(part, "eqns") or hasattr(getattr(part, "jaxpr", None), "eqns")]


def _abstract(fixture: Fixture, mode: str, dtype: Any = jnp.float64) -> tuple[Any, Any, Any]:
    """Structure, parameters and statistics of the module, without values."""
    numerics = Numerics(UNDRAWN.scheme, dtype, fixture.dropout, fixture.dropout)
    make: Callable[..., nnx.Module] = Network if isinstance(fixture.described, NetSpec) else module_of
    model = nnx.eval_shape(lambda: make(fixture.described, numerics, nnx.Rngs(0)))
    model.train() if mode == TRAINING else model.eval()
    return nnx.split(model, nnx.Param, ...)


def _parameter(rng: np.random.Generator, path: tuple[Any, ...], leaf: Any) -> np.ndarray:
    """Kernels that keep the size of what they multiply; gains around one; everything else around zero."""
    name = next((str(part.key) for part in reversed(path) if str(getattr(part, "key", "value")) != "value"), "")
    noise = rng.standard_normal(leaf.shape)
    if len(leaf.shape) > 1:
        return noise / math.sqrt(math.prod(leaf.shape[-4 if len(leaf.shape) == 4 else -2 : -1]))
    return (name == "scale") + 0.3 * noise


def _statistic(rng: np.random.Generator, path: tuple[Any, ...], leaf: Any) -> jax.Array:
    """Running means around zero and variances around one; a key of its own for each dropout."""
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.random.key(rng.integers(2**32))
    if jnp.issubdtype(leaf.dtype, jnp.unsignedinteger):
        return jnp.zeros(leaf.shape, leaf.dtype)
    variance = any(str(getattr(part, "key", "")) == "var" for part in path)
    return jnp.asarray(rng.uniform(0.5, 2, leaf.shape) if variance else 0.3 * rng.standard_normal(leaf.shape))


def _inputs(fixture: Fixture, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Inputs by name: those that are differentiated, and token indices, which are not."""
    described = fixture.described
    named: dict[str, Value]
    if isinstance(described, NetSpec):
        named = dict([("input", described.input_shape), *((one.name, one.shape) for one in _further(described))])
        rows = _vocabularies(described)
    else:
        named = {f"input {index}" if index else "input": shape for index, shape in enumerate(fixture.shapes)}
        rows = {"input": described.vocabulary} if isinstance(described, INDEXED) else {}
        if isinstance(described, TokenPositionEmbed) and described.segment:
            rows["input 1"] = described.segments
    fixed = {name: rng.integers(0, count, (fixture.batch, *named[name])) for name, count in rows.items()}
    drawn = {}
    for name, arriving in named.items():
        if name in fixed:
            continue
        for part, inner in _flat(name, arriving):
            shape = (fixture.batch, *inner)
            drawn[part] = _regions(rng, shape) if name == "regions" else rng.standard_normal(shape)
    return drawn, fixed


def _further(spec: NetSpec) -> list[Input]:
    return list(inputs_of(spec)[1:])


def _vocabularies(spec: NetSpec) -> dict[str, int]:
    """Number of tokens of each input that is indices."""
    return {one.name or "input": one.vocabulary for one in inputs_of(spec) if one.vocabulary}


def _regions(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Boxes inside the image: top and left in its first third, bottom and right in its last."""
    low, high = rng.uniform(0.05, 0.3, (*shape[:2], 2)), rng.uniform(0.7, 0.95, (*shape[:2], 2))
    return np.concatenate([low, high], axis=-1)


def _flat(name: str, shape: Value) -> Iterator[tuple[str, tuple[int, ...]]]:
    if isinstance(shape, Several):
        for part, inner in shape.items():
            yield from _flat(f"{name}.{part}", inner)
    else:
        yield name, shape


def _call(model: Any, fixture: Fixture, tensors: dict[str, Any]) -> Any:
    described = fixture.described

    def gathered(name: str, shape: Value) -> Any:
        if isinstance(shape, Several):
            return {part: gathered(f"{name}.{part}", inner) for part, inner in shape.items()}
        return tensors[name]

    if isinstance(described, NetSpec):
        return model(tensors["input"], **{one.name: tensors[one.name] for one in _further(described)})
    return model(*(gathered(f"input {i}" if i else "input", shape) for i, shape in enumerate(fixture.shapes)))
