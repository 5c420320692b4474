"""Detectors of wrong steps: what the document has, mended or as it comes, and what is simpler; what they catch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.run.counted import multiply_adds
from netspec.vocabulary.reasoning.chains import backward_anomaly_score, mistake_loss
from netspec.vocabulary.reasoning.looking_back import (
    Parent,
    ParentLayer,
    parent,
    parent_layer,
    parents_attention,
    parents_attention_layer,
)
from netspec.vocabulary.reasoning.weights import Linear
from train.trials.base import Metric, Series, fit, less, percent, some
from train.trials.examples.steps import HEADS, Layout, Model, by_step, logits, states, surprises

#: Shares of right steps taken for wrong, in percent, along which curves are drawn.
ALARMS = (0.0, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100)
#: The document's threshold, and the share of right steps that a detector may stop when it is used.
THRESHOLD, ALLOWED = 0.5, 5.0

#: Scores [batch, steps] of written solutions [batch, length], given a model and the states that it has of them; the
#: higher, the less a step seems to fit.
Score = Callable[[Model, jax.Array, jax.Array], jax.Array]


def _each(layout: Layout, found: jax.Array, score: Callable[[jax.Array, jax.Array], jax.Array]) -> jax.Array:
    """``score`` [batch] of the states of each step and of all before, stacked to [batch, steps]."""
    at = [layout.place(step) for step in range(layout.steps)]
    return jnp.stack([score(found[:, place : place + layout.width], found[:, :place]) for place in at], -1)


def norms(layout: Layout, values: jax.Array) -> jax.Array:
    """Mean length [batch, steps] of the vectors of each step."""
    return _each(layout, values, lambda own, _: jnp.linalg.norm(own, axis=-1).mean(-1))


def _cosine(own: jax.Array, before: jax.Array) -> jax.Array:
    """Of the mean states."""
    one, other = own.mean(1), before.mean(1)
    size = jnp.linalg.norm(one, axis=-1) * jnp.linalg.norm(other, axis=-1)
    return jnp.clip((one * other).sum(-1) / size, -1, 1)


def _agreement(own: jax.Array, before: jax.Array) -> jax.Array:
    """What the document's tree takes for consistency."""
    return jnp.abs(_cosine(own, before))


def norm(layout: Layout, usual: jax.Array, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """Only how far the size of a step's states is from the usual one [steps], as a part of it."""
    return jnp.abs(norms(layout, found) - usual) / usual


def backward(layout: Layout, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """The document's score as it computes it, of activations: their size against the steps before, and the cosine."""

    def score(own: jax.Array, before: jax.Array) -> jax.Array:
        size = jnp.linalg.norm(own, axis=-1).mean(-1)
        return backward_anomaly_score(size, jnp.linalg.norm(before, axis=-1), _agreement(own, before))

    return _each(layout, found, score)


def slopes(layout: Layout, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """Mean size [batch, steps] of the gradients of −log p of a step's symbols, where each is foretold."""
    slope = jax.grad(lambda found: surprises(model, tokens, found).sum())(found)
    return norms(layout, jnp.roll(slope, 1, axis=1))


def gradient(layout: Layout, usual: jax.Array, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """The document's score as it says it, of gradients: their size against the usual one [steps], and the cosine."""
    size = slopes(layout, model, tokens, found)
    agreement = _each(layout, found, _agreement)
    return backward_anomaly_score(size, jnp.broadcast_to(usual[..., None], (*size.shape, 1)), agreement)


def consistency(layout: Layout, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """One minus the cosine of a step's mean state and that of all before."""
    return _each(layout, found, lambda own, before: 1 - _cosine(own, before))


def _watched(
    function: Callable[..., Any], weights: Parent | ParentLayer, own: jax.Array, before: jax.Array
) -> jax.Array:
    own, before = jnp.swapaxes(own, 0, 1), jnp.swapaxes(before, 0, 1)
    given = (own, own, before) if function is parents_attention else (own, before)
    return function(*given, weights, heads=HEADS)


def output_norms(layout: Layout, weights: Parent, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """Mean size [batch, steps] of what Parent's Attention hands on."""

    def size(own: jax.Array, before: jax.Array) -> jax.Array:
        output = _watched(parents_attention, weights, own, before).output
        return jnp.linalg.norm(output, axis=-1).mean(0)

    return _each(layout, model.norm(found), size)


def deviation(
    layout: Layout, weights: Parent, usual: jax.Array, model: Model, tokens: jax.Array, found: jax.Array
) -> jax.Array:
    """How far the size of an untrained layer's output is from the usual one [steps], as a part of it."""
    return jnp.abs(output_norms(layout, weights, model, tokens, found) - usual) / usual


def layer(layout: Layout, weights: ParentLayer, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """The anomaly of an untrained Parent's Attention layer: how far what it sees behind it is from what it has."""

    def score(own: jax.Array, before: jax.Array) -> jax.Array:
        return _watched(parents_attention_layer, weights, own, before).anomaly

    return _each(layout, model.norm(found), score)


def trained(layout: Layout, weights: Parent, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """The anomaly of Parent's Attention, which has learned from :func:`learned`."""

    def score(own: jax.Array, before: jax.Array) -> jax.Array:
        return _watched(parents_attention, weights, own, before).anomaly

    return _each(layout, model.norm(found), score)


def probe(layout: Layout, weights: Linear, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """A logistic regression on the states of a step."""
    flat = _each(layout, model.norm(found), lambda own, _: weights(own.reshape(len(own), -1))[..., 0])
    return jax.nn.sigmoid(flat)


def surprisal(layout: Layout, model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """One minus the probability that the model itself gives to a step."""
    return -jnp.expm1(-by_step(layout, surprises(model, tokens, found)))


def learned(
    score: Callable[..., jax.Array],
    weights: Any,
    layout: Layout,
    model: Model,
    tokens: jax.Array,
    found: jax.Array,
    wrong: jax.Array,
    key: jax.Array,
    steps: int,
    rate: jax.Array,
) -> Any:
    """``weights`` of :func:`trained` or :func:`probe` after learning from solutions whose ``wrong`` steps are known.

    The model stays as it is, so that watching changes nothing of what it writes.
    """

    def loss(weights: Any, key: jax.Array) -> jax.Array:
        drawn, seen, mistaken = some(key, 64, tokens, found, wrong)
        anomaly = jnp.clip(score(layout, weights, model, drawn, seen), 1e-6, 1 - 1e-6)
        return mistake_loss(0.0, jax.scipy.special.logit(anomaly).ravel(), mistaken.ravel(), weight=1.0)

    return fit(loss, weights, key, steps, rate)


def start(name: str, key: jax.Array, layout: Layout, channels: int) -> Any:
    """Weights before training, of detectors that have some."""
    match name:
        case "trained" | "deviation":
            return parent(key, channels)
        case "layer":
            return parent_layer(key, channels)
        case "probe":
            return Linear(jnp.zeros((layout.width * channels, 1)), jnp.zeros(1))
    return None


def cost(layout: Layout, model: Model, score: Score) -> float:
    """Multiply-adds of judging one step, beyond those of writing it; read off the trace of a whole solution."""
    tokens, found = _abstract(layout, model)
    return multiply_adds(jax.make_jaxpr(score)(model, tokens, found).jaxpr) / layout.steps


def written(layout: Layout, model: Model) -> float:
    """Multiply-adds of one symbol, read off the trace of a whole solution, so that keys and values are kept."""
    tokens, _ = _abstract(layout, model)
    made = jax.make_jaxpr(lambda model, tokens: logits(model, states(model, tokens)))(model, tokens)
    return multiply_adds(made.jaxpr) / layout.length


def _abstract(layout: Layout, model: Model) -> tuple[jax.ShapeDtypeStruct, jax.ShapeDtypeStruct]:
    shape = (1, layout.length)
    return jax.ShapeDtypeStruct(shape, jnp.int32), jax.ShapeDtypeStruct((*shape, model.places.shape[1]), jnp.float32)


def caught(scores: np.ndarray, wrong: np.ndarray, alarms: Sequence[float] = ALARMS) -> np.ndarray:
    """Percent of wrong steps above the threshold that at most so many percent of the right ones exceed."""
    if not wrong.any() or wrong.all():
        return np.full(len(alarms), np.nan)
    bounds = np.quantile(scores[~wrong], 1 - np.asarray(alarms) / 100, method="higher")
    found = 100 * (scores[wrong][:, None] > bounds).mean(0)
    return np.where(np.asarray(alarms) >= 100, 100.0, found)


def area(scores: np.ndarray, wrong: np.ndarray) -> float:
    """The area under the curve: how often a wrong step scores above a right one, ties by half."""
    from scipy.stats import rankdata

    count, others = int(wrong.sum()), int((~wrong).sum())
    if not count or not others:
        return float("nan")
    return float((rankdata(scores)[wrong].sum() - count * (count + 1) / 2) / (count * others))


#: What chains and trees that are watched are judged by, and the curves of their detectors and of votes.
FIGURES = (
    Metric("planted", "planted errors, area under the curve", "", "up"),
    Metric("own", "own errors, area under the curve", "", "up"),
    percent("caught", "own errors above 0.5"),
    less("alarms", "right steps above 0.5", "%"),
    percent("caught_own", "own errors caught at 5 % false alarms"),
    percent("caught_planted", "planted errors caught at 5 % false alarms"),
    percent("accuracy", "solved"),
    Metric("beyond", "solved beyond the model alone at this cost", "points", "up"),
    less("ratio", "multiply-adds, of a plain chain’s"),
    less("overhead", "multiply-adds of a watched step, of a plain one’s"),
    less("steps", "steps written"),
)
CURVES = (
    Series("curve_planted", "planted errors caught (%)", "right steps stopped (%)", lambda sizes: ALARMS),
    Series("curve_own", "the model’s own errors caught (%)", "right steps stopped (%)", lambda sizes: ALARMS),
    Series("voted", "solved by vote (%)", "chains drawn", lambda sizes: range(1, int(sizes["samples"]) + 1)),
)
