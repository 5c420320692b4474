"""What must hold of learning by timing and by firing together, of codes by spikes and of attention by spikes."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from scipy.special import softmax

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import compiled, pullback
from netspec.vocabulary.spiking import learning
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

RULE = {"dt": 0.5, "a_plus": 0.03, "a_minus": 0.02, "tau_plus": 5.0, "tau_minus": 8.0}


def _trains(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return (case.uniform(20, 3) < 0.3).astype(float), (case.uniform(20, 2, seed=1) < 0.3).astype(float)


def _pairs(pre: Any, post: Any, *, dt: float, a_plus: float, a_minus: float, tau_plus: float, tau_minus: float) -> Any:
    """All pairs of spikes, each by the window of their times."""
    change = np.zeros((pre.shape[1], post.shape[1]))
    for sender, receiver in np.ndindex(*change.shape):
        for sent in np.flatnonzero(pre[:, sender]):
            for fired in np.flatnonzero(post[:, receiver]):
                after = dt * (fired - sent)
                if after > 0:
                    change[sender, receiver] += a_plus * np.exp(-after / tau_plus)
                elif after < 0:
                    change[sender, receiver] -= a_minus * np.exp(after / tau_minus)
    return change


def _all_pairs(stdp: Implementation, case: Case) -> float:
    return apart(stdp(*_trains(case), **RULE), _pairs(*_trains(case), **RULE))


def _turned(stdp: Implementation, case: Case) -> float:
    """With the same amplitude and time for both branches, what sends and what receives swapped."""
    even = RULE | {"a_minus": RULE["a_plus"], "tau_minus": RULE["tau_plus"]}
    pre, post = _trains(case)
    return apart(stdp(post, pre, **even), -np.asarray(stdp(pre, post, **even)).T)


def _no_depression(pre: Any, post: Any, **rule: float) -> Any:
    return _pairs(pre, post, **rule | {"a_minus": 0.0})


def _times_swapped(pre: Any, post: Any, **rule: float) -> Any:
    return _pairs(pre, post, **rule | {"tau_plus": rule["tau_minus"], "tau_minus": rule["tau_plus"]})


def _depression_grows(pre: Any, post: Any, **rule: float) -> Any:
    return _pairs(pre, post, **rule | {"a_minus": -rule["a_minus"]})


TIMING = Term(
    "stdp",
    learning.stdp,
    (
        Property(
            "Traces give the sum over all pairs of spikes, by both branches of the window.",
            _all_pairs,
            1e-12,
            (
                Mistake("no depression", _no_depression, line=4184),
                Mistake("times of the branches swapped", _times_swapped),
                Mistake("growth on both sides", _depression_grows),
            ),
        ),
        Property(
            "Where both branches are alike, turning the order of spikes around turns the sign.",
            _turned,
            1e-12,
            (Mistake("no depression", _no_depression), Mistake("growth on both sides", _depression_grows)),
        ),
    ),
)


def _by_sorting(code: Implementation, case: Case) -> float:
    x, weights = case.normal(case.batch, case.channels), case.normal(case.channels, 3, seed=1)
    expected = np.zeros((case.batch, 3))
    for example, row in enumerate(x):
        for rank, place in enumerate(sorted(range(len(row)), key=lambda index: -row[index])):
            expected[example] += 0.8**rank * weights[place]
    return apart(compiled(code)(x, weights, 0.8), expected)


def _only_order(code: Implementation, case: Case) -> float:
    """A growing function of all inputs."""
    x, weights = case.normal(case.batch, case.channels), case.normal(case.channels, 3, seed=1)
    return apart(compiled(code)(np.exp(2 * x), weights, 0.8), compiled(code)(x, weights, 0.8))


def _smallest_first(x: Any, weights: Any, modulation: float) -> Any:
    return modulation ** np.argsort(np.argsort(x, axis=-1), axis=-1) @ weights


def _order_for_rank(x: Any, weights: Any, modulation: float) -> Any:
    return modulation ** np.argsort(-x, axis=-1) @ weights


def _intensities(x: Any, weights: Any, modulation: float) -> Any:
    return (x * modulation ** np.argsort(np.argsort(-x, axis=-1), axis=-1)) @ weights


RANKS = Term(
    "rank-order-coding",
    learning.rank_order,
    (
        Property(
            "It adds the weights in the order of the inputs, the largest first, each times m less.",
            _by_sorting,
            1e-12,
            (
                Mistake("the smallest first", _smallest_first),
                Mistake("the order taken for the ranks", _order_for_rank),
            ),
        ),
        Property(
            "A growing function of all inputs changes nothing.",
            _only_order,
            0.0,
            (Mistake("ranks that weigh intensities", _intensities),),
        ),
    ),
)

KINDS = ("sigmoid", "arctan")
SLOPE, THRESHOLD = 4.0, 0.3


def _forward(spike: Implementation, case: Case) -> float:
    v = case.normal(12)
    v[0] = THRESHOLD
    return max(apart(compiled(spike, 3)(v, THRESHOLD, SLOPE, kind), (v >= THRESHOLD).astype(float)) for kind in KINDS)


def _smooth(x: Any, kind: str) -> Any:
    """The step that is meant on the way back: from 0 to 1, and 1/2 at 0."""
    return 1 / (1 + np.exp(-SLOPE * x)) if kind == "sigmoid" else np.arctan(np.pi * SLOPE * x) / np.pi + 0.5


def _backward(spike: Implementation, case: Case) -> float:
    """The slope of the smooth step, by a step into the complex plane, which has no rounding."""
    v, cotangent = case.normal(12), case.normal(12, seed=1)
    worst = 0.0
    for kind in KINDS:
        slope = np.imag(_smooth(v - THRESHOLD + 1e-30j, kind)) / 1e-30
        worst = max(worst, apart(pullback(spike, 0, 1, 2, 3)(cotangent, v, THRESHOLD, SLOPE, kind), cotangent * slope))
    return worst


def _straight_through(v: Any, threshold: float, slope: float, kind: str) -> Any:
    return v + jax.lax.stop_gradient((v >= threshold) - v)


def _no_slope(v: Any, threshold: float, slope: float, kind: str) -> Any:
    return (v >= threshold) + 0 * v


def _always_sigmoid(v: Any, threshold: float, slope: float, kind: str) -> Any:
    return learning.surrogate_spike(v, threshold, slope)


def _smooth_forward(v: Any, threshold: float, slope: float, kind: str) -> Any:
    return 1 / (1 + np.exp(-slope * (v - threshold)))


SURROGATE = Term(
    "surrogate-gradient",
    learning.surrogate_spike,
    (
        Property(
            "Forward it is zero or one.",
            _forward,
            0.0,
            (Mistake("the smooth step on the way forward, too", _smooth_forward),),
        ),
        Property(
            "Backward it is the slope of a smooth step from zero to one.",
            _backward,
            1e-12,
            (
                Mistake("a slope of one", _straight_through),
                Mistake("no slope", _no_slope),
                Mistake("the sigmoid for the arctangent", _always_sigmoid),
            ),
        ),
    ),
)


def _centred(case: Case) -> np.ndarray:
    return case.normal(12, 3, seed=1) * np.array([1.0, 2.0, 0.5])


def _example_by_example(rule: Implementation, case: Case) -> float:
    weights, x = case.normal(3, 2), _centred(case)
    expected = {True: weights.copy(), False: weights.copy()}
    for example in x:
        for unit in range(2):
            y = example @ weights[:, unit]
            expected[False][:, unit] += 0.1 / len(x) * y * example
            expected[True][:, unit] += 0.1 / len(x) * y * (example - y * weights[:, unit])
    run = jax.jit(rule, static_argnames="oja") if rule is learning.hebbian else rule
    return max(apart(run(weights, x, 0.1, oja=oja), expected[oja]) for oja in (True, False))


def _components(rule: Implementation, case: Case) -> float:
    """Eigenvectors of the second moments, of length one: Oja's rule rests there."""
    x = _centred(case)
    axes = np.linalg.eigh(x.T @ x / len(x))[1]
    run = jax.jit(rule, static_argnames="oja") if rule is learning.hebbian else rule
    return apart(run(axes, x, 0.1, oja=True), axes)


def _plain(weights: Any, x: Any, rate: float, *, oja: bool) -> Any:
    return weights + rate * x.T @ (x @ weights) / len(x)


def _decay_by_weight(weights: Any, x: Any, rate: float, *, oja: bool) -> Any:
    y = x @ weights
    return weights + rate * (x.T @ y / len(x) - (np.mean(y, 0) * weights if oja else 0))


HEBBIAN = Term(
    "hebbian",
    learning.hebbian,
    (
        Property(
            "Example by example a weight grows by what its ends do together, less y² of itself with Oja's term.",
            _example_by_example,
            1e-12,
            (
                Mistake("no term of Oja", _plain),
                Mistake("y in place of y²", _decay_by_weight),
            ),
        ),
        Property(
            "Oja's rule rests at principal components of length one.",
            _components,
            1e-12,
            (Mistake("no term of Oja", _plain),),
        ),
    ),
)


def _spikes(case: Case) -> list[np.ndarray]:
    shape = case.batch, case.tokens, case.channels
    return [(case.uniform(*shape, seed=index) < 0.5).astype(float) for index in range(3)]


def _counted(attention: Implementation, case: Case) -> float:
    """Common spikes counted with whole numbers and no product."""
    q, k, v = (each.astype(bool) for each in _spikes(case))
    counts = np.count_nonzero(q[:, :, None] & k[:, None], axis=-1)
    expected = 0.25 * np.sum(np.where(v[:, None], counts[..., None], 0), axis=2)
    return apart(compiled(attention)(*_spikes(case), 0.25), expected)


def _reordered(attention: Implementation, case: Case) -> float:
    """Keys and values first: exact, since all are whole numbers."""
    q, k, v = _spikes(case)
    return apart(compiled(attention)(q, k, v, 0.25), 0.25 * (q @ (np.swapaxes(k, 1, 2) @ v)))


def _with_softmax(q: Any, k: Any, v: Any, scale: float) -> Any:
    return softmax(scale * q @ np.swapaxes(k, 1, 2), axis=-1) @ v


def _normalised(q: Any, k: Any, v: Any, scale: float) -> Any:
    counts = q @ np.swapaxes(k, 1, 2)
    return scale * (counts / np.maximum(counts.sum(-1, keepdims=True), 1)) @ v


ATTENTION = Term(
    "spiking-attention",
    learning.spiking_attention,
    (
        Property(
            "It counts common spikes of queries and keys, and adds them where values fire.",
            _counted,
            0.0,
            (Mistake("a softmax", _with_softmax), Mistake("counts that sum to one", _normalised)),
        ),
        Property(
            "Keys and values may come first: s Q (Kᵀ V) is the same, exactly.",
            _reordered,
            0.0,
            (Mistake("a softmax", _with_softmax),),
        ),
    ),
)
