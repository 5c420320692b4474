"""What must hold of half precision, of scaled losses and of activations computed twice."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from netspec import NetSpec
from netspec.layers import Dense
from netspec.modules import build
from netspec.vocabulary import scaling
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: Gradients of a scaled loss, in units of the scale, of which the third and the sixth overflow.
FINITE = (True, True, False, True, True, False, True, True, True)


@cache
def _scaled_program(make: Implementation) -> Any:
    """Parameters and scales over the steps of :data:`FINITE`: a scale of 64, doubled after three good steps."""
    optimizer = make(optax.sgd(0.1, 0.9), 64.0, 3)

    def run(gradients: jax.Array, finite: jax.Array) -> Any:
        def once(carry: Any, given: Any) -> Any:
            w, state = carry
            gradient, good = given
            step, state = optimizer.update(jnp.where(good, gradient * state.scale, jnp.inf), state, w)
            return (w + step, state), (w + step, state.scale)

        start = jnp.zeros(gradients.shape[1:])
        return jax.lax.scan(once, (start, optimizer.init(start)), (gradients, finite))[1]

    return jax.jit(run)


def _left_out(make: Implementation, case: Case) -> float:
    """The path is that of SGD with momentum by the gradients that are finite, which know nothing of the others."""
    gradients = case.normal(len(FINITE), 3)
    found, _ = _scaled_program(make)(gradients, np.array(FINITE))
    w, velocity, expected = np.zeros(3), np.zeros(3), []
    for gradient, finite in zip(gradients, FINITE, strict=True):
        if finite:
            velocity = 0.9 * velocity + gradient
            w = w - 0.1 * velocity
        expected.append(w)
    return apart(found, expected)


def _scales(make: Implementation, case: Case) -> float:
    """Halved by each overflow, doubled by three good steps in a row."""
    _, scales = _scaled_program(make)(case.normal(len(FINITE), 3), np.array(FINITE))
    return apart(scales, [64, 64, 32, 32, 32, 16, 16, 16, 32])


@cache
def _first_step(make: Implementation) -> Any:
    optimizer, start = make(optax.sgd(1.0), 2.0**15, 2000), np.zeros(3)
    return jax.jit(lambda gradient: optimizer.update(gradient, optimizer.init(start), start)[0])


def _underflow(make: Implementation, case: Case) -> float:
    """A gradient of 10⁻⁸ is zero in float16, and survives it with a scale of 2¹⁵, to the 11 bits that float16 has."""
    wanted = case.uniform(3, low=1.0, high=3.0) * 1e-8
    step = _first_step(make)((wanted * 2.0**15).astype(np.float16))
    return max(apart(step, -wanted), wrong(not wanted.astype(np.float16).any()))


def _scaler(
    step_anyway: bool = False, forgetful: bool = False, grow: bool = True, divide: bool = True
) -> Implementation:
    """Loss scaling with something else in it."""

    def make(optimizer: Any, initial: float, period: int) -> Any:
        right = scaling.loss_scaling(optimizer, initial, period if grow else 10**6)

        def update(gradient: Any, state: Any, parameters: Any) -> Any:
            given = gradient if divide else gradient * state.scale
            steps, after = right.update(given, state, parameters)
            if step_anyway:
                loose, inner = optimizer.update(jnp.nan_to_num(gradient / state.scale), state.inner, parameters)
                steps, after = loose, after._replace(inner=inner)
            if forgetful:
                after = after._replace(good=jnp.where(jnp.isfinite(gradient).all(), after.good, state.good))
            return steps, after

        return optax.GradientTransformation(right.init, update)

    return make


def _in_half(gradients: Implementation) -> Implementation:
    """Gradients that go through float16 after they were divided."""

    def make(optimizer: Any, initial: float, period: int) -> Any:
        right = scaling.loss_scaling(optimizer, initial, period)

        def update(gradient: Any, state: Any, parameters: Any) -> Any:
            divided = gradients(jnp.asarray(gradient) / state.scale)
            return right.update(divided * state.scale, state, parameters)

        return optax.GradientTransformation(right.init, update)

    return make


@cache
def _network(builder: Implementation) -> tuple[Any, Any, Any]:
    """A dense layer that computes in bfloat16: graph, parameters, and a program for outputs and gradients."""
    spec = NetSpec("one layer", (4,), (Dense(4, 3),))
    graph, parameters = nnx.split(builder(spec, nnx.Rngs(0), compute_dtype=jnp.bfloat16), nnx.Param)

    def outputs(parameters: Any, x: jax.Array) -> jax.Array:
        return nnx.merge(graph, parameters)(x)

    program = jax.jit(
        lambda parameters, x: (outputs(parameters, x), jax.grad(lambda p: outputs(p, x).sum())(parameters))
    )
    return graph, parameters, program


def _kernel(parameters: Any) -> np.ndarray:
    (kernel,) = (leaf for leaf in jax.tree.leaves(parameters) if leaf.ndim == 2)
    return np.asarray(kernel)


def _half(numbers: Any) -> np.ndarray:
    """Rounded to the 8 bits of bfloat16."""
    return np.asarray(jnp.asarray(numbers, jnp.bfloat16), np.float64)


def _products(builder: Implementation, case: Case) -> float:
    """Products are those of rounded inputs and rounded weights, to the 8 bits of their sum, and no closer."""
    _, parameters, program = _network(builder)
    x = case.normal(2, 4).astype(np.float32)
    found, exact = np.asarray(program(parameters, x)[0]), x @ _kernel(parameters)
    bound = np.abs(_half(x)) @ np.abs(_half(_kernel(parameters))) / 2**7
    return wrong((np.abs(found - _half(x) @ _half(_kernel(parameters))) <= bound).all() and (found != exact).all())


def _masters(builder: Implementation, case: Case) -> float:
    """Weights and their gradients are float32, so that a step of a thousandth of a weight is not lost."""
    _, parameters, program = _network(builder)
    _, slopes = program(parameters, case.normal(2, 4).astype(np.float32))
    kept = {leaf.dtype.name for leaf in (*jax.tree.leaves(parameters), *jax.tree.leaves(slopes))} == {"float32"}
    weights = jax.tree.leaves(parameters)[-1]
    return wrong(kept and bool((weights + weights.astype(weights.dtype) / 1000 != weights)[weights != 0].all()))


def _everything_half(spec: NetSpec, rngs: nnx.Rngs, compute_dtype: Any) -> nnx.Module:
    """Weights in bfloat16 too."""
    network = build(spec, rngs, compute_dtype=compute_dtype)
    state = nnx.state(network, nnx.Param)
    nnx.update(network, jax.tree.map(lambda leaf: leaf.astype(compute_dtype), state))
    return network


def _deep(x: jax.Array) -> jax.Array:
    for _ in range(6):
        x = jnp.tanh(jnp.sin(x) * x)
    return x


def _same_gradient(make: Implementation, case: Case) -> float:
    x = case.normal(3)
    return apart(_gradients(make)(x), _gradients(_as_it_is)(x))


@cache
def _gradients(make: Implementation) -> Any:
    return jax.jit(jax.grad(lambda x: make(_deep)(x).sum()))


def _kept(make: Implementation, case: Case) -> float:
    """Between the passes it keeps its input and nothing else, and with a policy for everything all of it."""
    x = jnp.asarray(case.normal(3))
    counts = [len(jax.tree.leaves(jax.eval_shape(lambda x, f=f: jax.vjp(f, x)[1], x))) for f in _variants(make)]
    return wrong(counts[0] == 1 and counts[1] == counts[2] > 6)


def _variants(make: Implementation) -> tuple[Any, Any, Any]:
    return make(_deep), make(_deep, jax.checkpoint_policies.everything_saveable), _deep


def _as_it_is(function: Implementation, policy: Any = None) -> Any:
    return function


def _cut(function: Implementation, policy: Any = None) -> Any:
    """Nothing is kept, and nothing computed again: there is no gradient."""
    return lambda x: jax.lax.stop_gradient(function(x)) + 0 * x


TERMS = (
    Term(
        "loss-scaling",
        scaling.loss_scaling,
        (
            Property(
                "Gradients that overflow leave no trace in weights and momentum.",
                _left_out,
                1e-12,
                (
                    Mistake("a step by what is left of them", _scaler(step_anyway=True)),
                    Mistake("gradients not divided", _scaler(divide=False)),
                ),
            ),
            Property(
                "The scale is halved by each of them and doubled by three good steps in a row.",
                _scales,
                0.0,
                (
                    Mistake("good steps counted over an overflow", _scaler(forgetful=True)),
                    Mistake("never doubled", _scaler(grow=False)),
                ),
            ),
            Property(
                "Gradients of 10⁻⁸, which are zero in float16, survive it.",
                _underflow,
                2.0**-10,
                (Mistake("divided in float16", _in_half(lambda g: g.astype(jnp.float16).astype(jnp.float32))),),
            ),
        ),
    ),
    Term(
        "mixed-precision",
        build,
        (
            Property(
                "Products are those of inputs and weights rounded to bfloat16.",
                _products,
                0.0,
                (Mistake("float32", lambda spec, rngs, compute_dtype: build(spec, rngs)),),
            ),
            Property(
                "Weights and their gradients are float32.",
                _masters,
                0.0,
                (Mistake("bfloat16 throughout", _everything_half),),
            ),
        ),
    ),
    Term(
        "gradient-checkpointing",
        scaling.checkpointed,
        (
            Property(
                "The gradient is the same.",
                _same_gradient,
                1e-14,
                (Mistake("nothing computed again", _cut),),
            ),
            Property(
                "Only the input is kept for the way back, unless a policy keeps more.",
                _kept,
                0.0,
                (
                    Mistake("everything kept", _as_it_is),
                    Mistake("no policy", lambda function, policy=None: jax.checkpoint(function)),
                ),
            ),
        ),
    ),
)
