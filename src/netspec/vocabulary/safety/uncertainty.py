"""How sure a model is, how far that can be trusted, and what answering only where it is sure is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import entr

from netspec.vocabulary import expect


class Uncertainty(NamedTuple):
    """In nats: ``total`` = ``data`` (what no model could tell) + ``model`` (on which the members disagree)."""

    total: jax.Array
    data: jax.Array
    model: jax.Array


def risk_coverage(confidence: jax.Array, correct: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Show what it is worth to answer only where the confidence is high: the error among those against their share.

    Formula: with S_i = {j: c_j ≥ c_i}: coverage_i = |S_i| / n, risk_i = share of wrong answers in S_i
    Shapes: confidence c [examples], correct [examples]; both results [examples], in the order of the examples.
    Parameters: none.
    Cost: two sorts of the examples.
    Training: used in evaluation.
    Caveats: examples of equal confidence are answered together, since no threshold parts them. The area under the
    curve mixes how good the model is with how good its confidence is.
    Raises: VocabularyError for shapes that differ.
    Source: Geifman and El-Yaniv 2017 [arXiv:1705.08500]; vocabulary line 5529.

    >>> coverage, risk = risk_coverage(jnp.array([0.9, 0.6, 0.8]), jnp.array([True, False, True]))
    >>> [[round(float(each), 2) for each in curve] for curve in (coverage, risk)]
    [[0.33, 1.0, 0.67], [0.0, 0.33, 0.0]]
    """
    sizes = expect.axes(confidence=(confidence, "examples"), correct=(correct, "examples"))
    confidence = jnp.asarray(confidence, float)
    order = jnp.argsort(-confidence)
    wrong = jnp.cumsum(~jnp.asarray(correct, bool)[order])
    answered = jnp.searchsorted(-confidence[order], -confidence, side="right")
    counted = answered.astype(confidence.dtype)
    return counted / sizes["examples"], wrong[answered - 1] / counted


def calibration_error(confidence: jax.Array, correct: jax.Array, *, bins: int = 15) -> jax.Array:
    """Measure whether 80 % sure means right in 80 of 100: the gap between confidence and accuracy, bin by bin.

    Formula: ECE = Σ_b |B_b| / n · |acc(B_b) − conf(B_b)|
    Shapes: confidence from 0 to 1 and correct [examples]; the result is a number from 0 to 1.
    Parameters: the number of bins of equal width, of which each has its upper end and the first 0 too.
    Cost: one pass over the examples.
    Training: used in evaluation.
    Caveats: it depends on the bins, few examples make it too large, and a model that always says the base rate has 0.
    Raises: VocabularyError for shapes that differ, confidence outside 0…1, no bins.
    Source: Naeini et al. 2015; Guo et al. 2017 [arXiv:1706.04599], eq. 3; vocabulary line 5961.

    >>> confidence = jnp.array([0.75, 0.75, 0.75, 0.75])
    >>> [float(calibration_error(confidence, jnp.arange(4) < right)) for right in (4, 3)]
    [0.25, 0.0]
    """
    expect.axes(confidence=(confidence, "examples"), correct=(correct, "examples"))
    expect.probability("confidence", confidence)
    expect.whole("bins", bins)
    confidence = jnp.asarray(confidence)
    own = jnp.clip(jnp.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = jax.ops.segment_sum(jnp.asarray(correct, confidence.dtype) - confidence, own, bins)
    return jnp.abs(gaps).sum() / len(confidence)


def uncertainty(probabilities: jax.Array) -> Uncertainty:
    """Tell what nobody could know from what this model does not know, by how far several models disagree.

    Formula: H(mean_m p_m) = mean_m H(p_m) + I, with I the mutual information of answer and member
    Shapes: probabilities [members, ..., classes] that sum to 1 over the last axis; each result [...].
    Parameters: none.
    Cost: one logarithm a probability.
    Training: used in evaluation, with the passes of :func:`mc_dropout` or the members of :func:`deep_ensemble`.
    Caveats: members that make the same mistake agree. The document puts a sigmoid on one more output, which has no
    target to learn from; its ``should_defer`` fails for a batch.
    Raises: VocabularyError for too few axes or probabilities outside 0…1.
    Source: Houlsby et al. 2011 [arXiv:1112.5745]; Gal and Ghahramani 2016 [arXiv:1506.02142]; vocabulary line 5939.

    >>> split, unsure = jnp.array([[1.0, 0.0], [0.0, 1.0]]), jnp.array([[0.5, 0.5], [0.5, 0.5]])
    >>> [[round(float(each), 4) for each in uncertainty(p)] for p in (split, unsure)]
    [[0.6931, 0.0, 0.6931], [0.6931, 0.6931, 0.0]]
    """
    expect.axes(probabilities=(probabilities, "... classes"))
    expect.within("probabilities, axes", jnp.ndim(probabilities), 2)
    expect.probability("probabilities", probabilities)
    probabilities = jnp.asarray(probabilities)
    total = entr(probabilities.mean(axis=0)).sum(axis=-1)
    data = entr(probabilities).sum(axis=-1).mean(axis=0)
    return Uncertainty(total, data, total - data)


def mc_dropout(
    forward: Callable[[jax.Array], jax.Array], key: jax.Array, *, passes: int
) -> tuple[jax.Array, jax.Array]:
    """Ask a network with dropout several times, each with other units dropped: how far answers lie apart is its doubt.

    Formula: mean = 1/S Σ_s f(x; mask_s), variance = 1/S Σ_s f(x; mask_s)² − mean²
    Shapes: ``forward`` makes of a key the outputs [...], with dropout on; both results [...].
    Parameters: none of its own.
    Cost: ``passes`` forward passes.
    Training: as usual with dropout; what differs is that evaluation keeps it on.
    Caveats: with rate 0 the variance is 0. It depends on the rate, which nothing fits to the data, and does not vanish
    as data grow.
    Raises: VocabularyError for fewer than 1 pass.
    Source: Gal and Ghahramani 2016 [arXiv:1506.02142]; vocabulary line 5961.

    >>> def forward(key):
    ...     return jnp.where(jax.random.bernoulli(key, 0.5), 2.0, 0.0)
    >>> mean, variance = mc_dropout(forward, jax.random.key(0), passes=1000)
    >>> abs(float(mean) - 1) < 0.1, abs(float(variance) - 1) < 0.1
    (True, True)
    """
    expect.whole("passes", passes)
    found = jax.vmap(forward)(jax.random.split(key, passes))
    return found.mean(axis=0), found.var(axis=0)


def deep_ensemble(logits: jax.Array) -> jax.Array:
    """Train the same network from several seeds and let all vote: better and better calibrated than one.

    Formula: p = 1/M Σ_m softmax(z_m)
    Shapes: logits z [members, ..., classes]; the result [..., classes] sums to 1.
    Parameters: M times those of a member.
    Cost: M forward passes; a softmax a member.
    Training: each member by itself, with its own seed for weights and order.
    Caveats: probabilities are averaged, not logits; the logits of a member are known up to a constant only.
    Raises: VocabularyError for too few axes.
    Source: Lakshminarayanan, Pritzel and Blundell 2017 [arXiv:1612.01474]; vocabulary line 5961.

    >>> deep_ensemble(jnp.array([[100.0, 0.0], [0.0, 0.0]])).tolist()
    [0.75, 0.25]
    """
    expect.axes(logits=(logits, "... classes"))
    expect.within("logits, axes", jnp.ndim(logits), 2)
    return jax.nn.softmax(logits).mean(axis=0)
