"""What must hold of training on several devices: it is that on one."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from netspec.vocabulary import scaling
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.optimizers.walk import drawn, walked
from netspec.vocabulary.scaling.parallel import DEVICES, Piped
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: What devices may do with each other, as JAX calls it.
EXCHANGES = ("psum", "all_gather", "reduce_scatter", "ppermute", "all_to_all")


def _loss(w: jax.Array, batch: tuple[jax.Array, jax.Array]) -> jax.Array:
    x, y = batch
    return jnp.square(x @ w - y).mean()


@cache
def _shared(parallel: Implementation, devices: int) -> Any:
    return jax.jit(lambda w, batch: parallel(_loss, w, batch, devices))


def _whole_batch(parallel: Implementation, case: Case) -> float:
    """Two devices, and three, each end up with the gradient of the whole batch."""
    w, x, y = case.normal(3), case.normal(6, 3, seed=1), case.normal(6, seed=2)
    expected = 2 * x.T @ (x @ w - y) / 6
    return max(apart(_shared(parallel, devices)(w, (x, y)), np.tile(expected, (devices, 1))) for devices in (2, 3))


def _on_parts(exchange: Implementation) -> Implementation:
    """Data parallelism with another exchange."""

    def parallel(loss: Implementation, parameters: Any, batch: Any, devices: int) -> Any:
        parts = jax.tree.map(lambda leaf: leaf.reshape(devices, -1, *leaf.shape[1:]), batch)
        return jax.vmap(lambda part: exchange(jax.grad(loss)(parameters, part)), axis_name=DEVICES)(parts)

    return parallel


@cache
def _split(parallel: Implementation, devices: int) -> Any:
    return jax.jit(partial(parallel, devices=devices))


def _mlp(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return case.normal(2, 3), case.normal(3, 4, seed=1), case.normal(4, 2, seed=2)


def _one_mlp(parallel: Implementation, case: Case) -> float:
    """On two and on four devices it is the same MLP."""
    x, first, second = _mlp(case)
    hidden = x @ first
    active = hidden / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3)))
    return max(apart(_split(parallel, devices)(x, first, second), active @ second) for devices in (2, 4))


def _one_exchange(parallel: Implementation, case: Case) -> float:
    """There is one sum over devices, and nothing else that they exchange."""
    shapes = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in _mlp(case)]
    program = jax.make_jaxpr(partial(parallel, devices=2))(*shapes)
    names = [equation.primitive.name for equation in program.jaxpr.eqns]
    return wrong([name for name in names if name in EXCHANGES] == ["psum"])


def _sum_before(x: jax.Array, first: jax.Array, second: jax.Array, devices: int) -> jax.Array:
    """W₁ cut by rows, and gelu of what each device has of the sum."""
    inputs = jnp.stack([jnp.where(jnp.arange(len(first)) % devices == d, 1.0, 0.0) for d in range(devices)])

    def on_device(own: jax.Array) -> jax.Array:
        return lax.psum(jax.nn.gelu(x * own @ first) @ second, DEVICES)

    return jax.vmap(on_device, axis_name=DEVICES)(inputs)[0]


def _not_summed(x: jax.Array, first: jax.Array, second: jax.Array, devices: int) -> jax.Array:
    width = first.shape[1] // devices
    return jax.nn.gelu(x @ first[:, :width]) @ second[:width]


def _twice(x: jax.Array, first: jax.Array, second: jax.Array, devices: int) -> jax.Array:
    """What is between is exchanged as well."""
    width = first.shape[1] // devices

    def on_device(place: jax.Array) -> jax.Array:
        own = (
            jnp.zeros((len(x), first.shape[1]))
            .at[:, :width]
            .set(x @ lax.dynamic_slice_in_dim(first, place * width, width, 1))
        )
        hidden = lax.psum(jnp.roll(own, place * width, 1), DEVICES)
        active = lax.dynamic_slice_in_dim(jax.nn.gelu(hidden), place * width, width, 1)
        return lax.psum(active @ lax.dynamic_slice_in_dim(second, place * width, width, 0), DEVICES)

    return jax.vmap(on_device, axis_name=DEVICES)(jnp.arange(devices))[0]


def _stage(weights: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.tanh(weights @ x)


@cache
def _piped(pipeline: Implementation) -> Any:
    return jax.jit(partial(pipeline, _stage))


def _one_after_the_other(pipeline: Implementation, case: Case) -> float:
    """Five micro-batches through three stages come out as if each went through alone."""
    weights, x = case.normal(3, 2, 2), case.normal(5, 2, seed=1)
    expected = x
    for stage in weights:
        expected = np.tanh(expected @ stage.T)
    return apart(_piped(pipeline)(weights, x).outputs, expected)


def _bubble(pipeline: Implementation, case: Case) -> float:
    """Stages idle (P − 1)/(M + P − 1) of the time: 2 of 7 ticks, at the beginning and at the end."""
    busy = np.asarray(_piped(pipeline)(case.normal(3, 2, 2), case.normal(5, 2, seed=1)).busy, float)
    return max(apart(1 - busy.mean(), 2 / 7), apart(busy.sum(0), np.full(3, 5.0)))


def _alone(stage: Implementation, parameters: jax.Array, x: jax.Array) -> Piped:
    """Each micro-batch goes through all stages before the next one enters."""
    outputs = x
    for own in parameters:
        outputs = jax.vmap(stage, (None, 0))(own, outputs)
    stages = len(parameters)
    return Piped(outputs, jnp.tile(jnp.eye(stages, dtype=bool), (len(x), 1)))


def _too_early(stage: Implementation, parameters: jax.Array, x: jax.Array) -> Piped:
    """Collected from the tick on at which the last stage has nothing yet."""
    piped = scaling.pipeline_parallel(stage, parameters, x)
    return piped._replace(outputs=jnp.roll(piped.outputs, 1, 0))


@cache
def _zeroed(make: Implementation) -> Any:
    """Three steps of Adam on two devices, compiled. Its ε is large, so that the size of gradients is seen."""
    optimizer = make(optax.adam(0.1, eps=0.5), 2)

    def run(start: jax.Array, gradients: jax.Array) -> Any:
        def once(carry: Any, gradient: jax.Array) -> Any:
            w, state = carry
            step, state = optimizer.update(gradient, state, w)
            return (w + step, state), w + step

        return lax.scan(once, (start, optimizer.init(start)), gradients)[1]

    return jax.jit(run)


def _as_on_one(make: Implementation, case: Case) -> float:
    """The weights are those that Adam finds by the mean of the devices' gradients."""
    start, gradients = case.normal(4), case.normal(3, 2, 4, seed=1)
    return apart(_zeroed(make)(start, gradients), walked(optax.adam(0.1, eps=0.5), start, gradients.mean(1)))


def _half_a_state(make: Implementation, case: Case) -> float:
    """Each of four devices keeps a quarter of both averages."""
    start, _ = drawn(case, 8)
    state = jax.eval_shape(make(optax.adam(0.1), 4).init, jax.ShapeDtypeStruct((8,), jnp.float64))
    return wrong(sorted(leaf.shape for leaf in jax.tree.leaves(state)) == [(4,), (4, 2), (4, 2)] and start.size == 8)


def _own_gradients(optimizer: Any, devices: int) -> Any:
    """Each device steps its part by what it alone has seen."""
    right = scaling.zero(optimizer, devices)

    def update(gradients: jax.Array, state: Any, w: jax.Array) -> Any:
        parts = gradients.reshape(devices, devices, -1)
        own = jnp.concatenate([parts[place, place] for place in range(devices)])
        return right.update(jnp.tile(own, (devices, 1)), state, w)

    return optax.GradientTransformation(right.init, update)


def _sum_of_all(optimizer: Any, devices: int) -> Any:
    right = scaling.zero(optimizer, devices)
    return optax.GradientTransformation(right.init, lambda g, state, w: right.update(devices * g, state, w))


def _replicated(optimizer: Any, devices: int) -> Any:
    """Every device keeps the whole state."""

    def init(w: jax.Array) -> Any:
        return jax.vmap(optimizer.init)(jnp.tile(w, (devices, 1)))

    def update(gradients: jax.Array, state: Any, w: jax.Array) -> Any:
        copies = jnp.tile(gradients.mean(0), (devices, 1)), state, jnp.tile(w, (devices, 1))
        steps, state = jax.vmap(optimizer.update)(*copies)
        return steps[0], state

    return optax.GradientTransformation(init, update)


TERMS = (
    Term(
        "data-parallelism",
        scaling.data_parallel,
        (
            Property(
                "Each of two or three devices has the gradient of the whole batch.",
                _whole_batch,
                1e-12,
                (
                    Mistake("the sum of the devices'", _on_parts(lambda g: lax.psum(g, DEVICES))),
                    Mistake("no exchange", _on_parts(lambda g: g)),
                ),
            ),
        ),
    ),
    Term(
        "tensor-parallelism",
        scaling.tensor_parallel,
        (
            Property(
                "On two and on four devices it is the same MLP.",
                _one_mlp,
                1e-12,
                (
                    Mistake("rows first, and gelu of parts of a sum", _sum_before),
                    Mistake("no exchange", _not_summed),
                ),
            ),
            Property(
                "Its devices talk once.",
                _one_exchange,
                0.0,
                (Mistake("what is between exchanged as well", _twice), Mistake("no exchange", _not_summed)),
            ),
        ),
    ),
    Term(
        "pipeline-parallelism",
        scaling.pipeline_parallel,
        (
            Property(
                "Five micro-batches come out of three stages as if each went through alone.",
                _one_after_the_other,
                1e-12,
                (Mistake("collected a tick early", _too_early),),
            ),
            Property(
                "Stages idle (P − 1)/(M + P − 1) of the time.",
                _bubble,
                1e-12,
                (Mistake("the next one enters when one is out", _alone),),
            ),
        ),
    ),
    Term(
        "zero",
        scaling.zero,
        (
            Property(
                "Three steps are Adam's by the mean of the devices' gradients.",
                _as_on_one,
                1e-12,
                (
                    Mistake("each device by what it has seen", _own_gradients),
                    Mistake("the sum of the gradients", _sum_of_all),
                ),
            ),
            Property(
                "Each of four devices keeps a quarter of the state.",
                _half_a_state,
                0.0,
                (Mistake("the whole state on every device", _replicated),),
            ),
        ),
    ),
)
