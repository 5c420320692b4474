"""What must hold of Parent's Attention."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.properties.reasoning.drawn import drawn
from netspec.vocabulary.reasoning import looking_back
from netspec.vocabulary.reasoning.looking_back import Parent, ParentLayer, Watched
from netspec.vocabulary.reasoning.weights import Linear
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: One size for all cases, since each other one is compiled anew: tokens, examples, channels, steps before, heads.
_TOKENS, _BATCH, _CHANNELS, _STEPS, _HEADS = 4, 3, 6, 2, 2


def _run(layer: Implementation, x: Any, history: Any, weights: Any) -> Watched:
    """One of the two layers, or a mistake in it, with self-attention; the history may be None."""
    given = [x, x, history, weights] if isinstance(weights, Parent) else [x, history, weights]
    output, anomaly, stop = (np.asarray(each) for each in compiled(layer, "heads")(*given, heads=_HEADS))
    return Watched(output, anomaly, stop)


def _inputs(case: Case, kind: Any) -> tuple[Any, Any, Any]:
    x = case.normal(_TOKENS, _BATCH, _CHANNELS)
    return x, case.normal(_STEPS, _BATCH, _CHANNELS, seed=1), drawn(case, kind, _CHANNELS)


def _side_channel(kind: Any, layer: Implementation, case: Case) -> float:
    """The output with a history is that without; without one nothing is odd."""
    x, history, weights = _inputs(case, kind)
    alone, watched = (_run(layer, x, each, weights) for each in (None, history))
    nothing = not alone.stop.any() and not alone.anomaly.any()
    return max(apart(watched.output, alone.output), wrong(nothing and alone.anomaly.shape == (_BATCH,)))


def _each_alone(kind: Any, layer: Implementation, case: Case) -> float:
    """Each example alone, repeated to a full batch, has the anomaly and the stop that it has among others."""
    x, history, weights = _inputs(case, kind)
    x[:, 0] *= 9
    together = _run(layer, x, history, weights)
    if together.anomaly.shape != (_BATCH,):
        return float("inf")
    alone = []
    for example in range(_BATCH):
        repeated = [np.repeat(each[:, example : example + 1], _BATCH, axis=1) for each in (x, history)]
        alone.append(_run(layer, repeated[0], repeated[1], weights))
    same = apart(together.anomaly, [each.anomaly[0] for each in alone])
    return max(same, wrong(together.stop == [each.stop[0] for each in alone]))


def _learns(layer: Implementation, case: Case) -> float:
    """The gradient of the mean anomaly by the detector's last bias is its central difference, and not zero."""
    x, history, weights = _inputs(case, looking_back.parent)
    step = 1e-5

    def moved(shift: float) -> Parent:
        outer = weights.detector.outer._replace(bias=weights.detector.outer.bias + shift)
        return weights._replace(detector=weights.detector._replace(outer=outer))

    found = _bias_slope(layer)(moved(0.0), x, history)
    up, down = (_run(layer, x, history, moved(shift)).anomaly.mean() for shift in (step, -step))
    return max(apart(found, (up - down) / (2 * step)), wrong(abs(found) > 1e-9))


@cache
def _bias_slope(layer: Implementation) -> Any:
    def mean(bias: Any, weights: Parent, x: Any, history: Any) -> Any:
        outer = weights.detector.outer._replace(bias=bias)
        weights = weights._replace(detector=weights.detector._replace(outer=outer))
        return layer(x, x, history, weights, heads=_HEADS).anomaly.mean()

    return jax.jit(lambda weights, x, history: jax.grad(mean)(weights.detector.outer.bias, weights, x, history)[0])


@partial(jax.jit, static_argnames="heads")
def _detached(query: Any, key: Any, history: Any, weights: Parent, *, heads: int) -> Watched:
    found = looking_back.parents_attention(query, key, history, weights, heads=heads)
    return found._replace(anomaly=jax.lax.stop_gradient(found.anomaly))


def _mean_over_examples(query: Any, key: Any, history: Any, weights: Parent, *, heads: int) -> Watched:
    found = compiled(looking_back.parents_attention, "heads")(query, key, history, weights, heads=heads)
    return found._replace(anomaly=np.full(len(found.anomaly), np.mean(found.anomaly)))


def _any_stops(query: Any, key: Any, history: Any, weights: Parent, *, heads: int) -> Watched:
    found = compiled(looking_back.parents_attention, "heads")(query, key, history, weights, heads=heads)
    return found._replace(stop=np.full(len(found.stop), np.any(found.stop)))


def _mixed_in(layer: Implementation, *args: Any, heads: int) -> Watched:
    found = compiled(layer, "heads")(*args, heads=heads)
    return found._replace(output=found.output + np.asarray(found.anomaly)[:, None])


def _mean_layer(x: Any, history: Any, weights: ParentLayer, *, heads: int) -> Watched:
    found = compiled(looking_back.parents_attention_layer, "heads")(x, history, weights, heads=heads)
    return found._replace(anomaly=np.full(len(found.anomaly), np.mean(found.anomaly)))


@partial(jax.jit, static_argnames="heads")
def _distance(x: Any, history: Any, weights: ParentLayer, *, heads: int) -> Watched:
    """The distance itself as anomaly."""
    own = jnp.swapaxes(x, 0, 1)
    own = weights.norms[0](own + weights.forward(own, own, heads))
    distance = jnp.linalg.norm(weights.backward(own, jnp.swapaxes(history, 0, 1), heads) - own, axis=-1)
    return Watched(x, distance.mean(axis=1), distance.mean(axis=1) > 0.5)


def _near_and_far(layer: Implementation, case: Case) -> float:
    """What the history leads to is made the step itself, then its opposite: anomaly 0, then 1."""
    x, _, weights = _inputs(case, looking_back.parent_layer)
    x = np.repeat(x[:1], _TOKENS, axis=0)
    alike = Linear(np.eye(_CHANNELS), np.zeros(_CHANNELS))
    zero = jax.tree.map(np.zeros_like, weights.forward)
    centred = x - x.mean(axis=-1, keepdims=True)
    first = weights.norms[0]
    step = centred / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5) * first.scale + first.bias
    found = []
    for sign in (1.0, -1.0):
        backward = weights.backward._replace(value=alike, output=alike._replace(weight=sign * np.eye(_CHANNELS)))
        moved = weights._replace(forward=zero, backward=backward)
        found.append(_run(layer, x, step[:_STEPS], moved))
    near, far = found
    stops = wrong(far.stop & ~near.stop)
    return max(stops, apart(near.anomaly + 1, np.ones(_BATCH)), apart(far.anomaly, np.ones(_BATCH)))


ATTENTION = Term(
    "parents-attention",
    looking_back.parents_attention,
    (
        Property(
            "Watching changes nothing: the output is that of attention alone, and without a history nothing is odd.",
            partial(_side_channel, looking_back.parent),
            1e-13,
            (Mistake("the anomaly added to the output", partial(_mixed_in, looking_back.parents_attention)),),
        ),
        Property(
            "What is said of one example is what is said of it alone.",
            partial(_each_alone, looking_back.parent),
            1e-13,
            (
                Mistake("the mean over the batch", _mean_over_examples, 336),
                Mistake("a stop for all where any is odd", _any_stops, 334),
            ),
        ),
        Property(
            "The anomaly has a gradient, so that the detector can learn.",
            _learns,
            1e-7,
            (Mistake("a detached anomaly", _detached),),
        ),
    ),
)

LAYER = Term(
    "parents-attention-layer",
    looking_back.parents_attention_layer,
    (
        Property(
            "Watching changes nothing: with a history the output is that of the block alone.",
            partial(_side_channel, looking_back.parent_layer),
            1e-13,
            (Mistake("the anomaly added to the output", partial(_mixed_in, looking_back.parents_attention_layer)),),
        ),
        Property(
            "What is said of one example is what is said of it alone.",
            partial(_each_alone, looking_back.parent_layer),
            1e-13,
            (Mistake("the mean over the batch", _mean_layer, 1093),),
        ),
        Property(
            "The anomaly is 0 where the history leads to the step itself, and 1 where it leads to the opposite.",
            _near_and_far,
            1e-12,
            (Mistake("the distance itself, compared with a half", _distance, 1095),),
        ),
    ),
)
