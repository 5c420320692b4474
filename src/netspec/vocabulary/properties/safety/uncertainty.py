"""What must hold of measures of confidence."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.safety import uncertainty
from netspec.vocabulary.safety.uncertainty import Uncertainty
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

_EXAMPLES = 60


def _answers(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Confidences in steps of a tenth, so that many are equal, and answers that are right about as often."""
    confidence = case.rng().integers(1, 11, _EXAMPLES) / 10
    return confidence, case.uniform(_EXAMPLES, seed=1) < confidence


def _counted(curve: Implementation, case: Case) -> float:
    """Coverage and risk, counted anew at the confidence of each example as threshold."""
    confidence, correct = _answers(case)
    answered = [confidence >= threshold for threshold in confidence]
    coverage, risk = compiled(curve)(confidence, correct)
    return max(
        apart(coverage, [mask.mean() for mask in answered]),
        apart(risk, [1 - correct[mask].mean() for mask in answered]),
    )


def _ends(curve: Implementation, case: Case) -> float:
    """Answering all has the error rate; a confidence that knows what is right has no risk among that."""
    confidence, correct = _answers(case)
    run = compiled(curve)
    coverage, risk = (np.asarray(each) for each in run(confidence, correct))
    whole = risk[coverage.argmax()] - (1 - correct.mean())
    knowing = np.asarray(run(correct + 0.0, correct)[1])[correct]
    return max(abs(float(whole)), float(np.abs(knowing).max()), wrong(coverage.max() == 1))


def _least_first(confidence: Any, correct: Any) -> Any:
    return compiled(uncertainty.risk_coverage)(-confidence, correct)


def _ties_in_order(confidence: Any, correct: Any) -> Any:
    """Examples of equal confidence one after the other."""
    order = np.argsort(-confidence, kind="stable")
    place = np.argsort(order)
    counts = np.arange(1, len(order) + 1)
    return (counts / len(order))[place], (np.cumsum(~correct[order]) / counts)[place]


def _accuracy(confidence: Any, correct: Any) -> Any:
    coverage, risk = compiled(uncertainty.risk_coverage)(confidence, correct)
    return coverage, 1 - risk


def _by_hand(error: Implementation, case: Case) -> float:
    """Bins gone through one by one, each open below and closed above; many confidences lie on their ends."""
    confidence, correct = case.rng().integers(0, 17, _EXAMPLES) / 16, case.uniform(_EXAMPLES, seed=1) < 0.5
    total = 0.0
    for low in range(8):
        inside = (confidence > low / 8 - (low == 0)) & (confidence <= (low + 1) / 8)
        if inside.any():
            total += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    return apart(compiled(error, "bins")(confidence, correct, bins=8), total)


def _calibrated(error: Implementation, case: Case) -> float:
    """Right as often as it says: 0. Always a twentieth too sure: a twentieth. Sure and right, at 1 exactly: 0."""
    right = np.arange(200) % 20
    share = (np.arange(200) // 20) / 10 + 0.05
    correct = right < np.round(share * 20)
    order = case.rng().permutation(200)
    run = compiled(error, "bins")
    zero = run(share[order], correct[order], bins=10)
    shifted = run(share[order] + 0.03, correct[order], bins=10)
    sure = run(np.ones(200), np.ones(200, bool), bins=10)
    return max(float(abs(zero)), apart(shifted, 0.03), float(abs(sure)))


def _bins(confidence: Any, bins: int) -> Any:
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)


def _unweighted(confidence: Any, correct: Any, *, bins: int) -> Any:
    own = _bins(confidence, bins)
    gaps = [abs((correct[own == b] - confidence[own == b]).mean()) for b in range(bins) if (own == b).any()]
    return np.mean(gaps)


def _signed(confidence: Any, correct: Any, *, bins: int) -> Any:
    """Bins that are too sure and bins that are not sure enough set off against each other."""
    return abs((correct - confidence).mean())


def _one_dropped(confidence: Any, correct: Any, *, bins: int) -> Any:
    """Bins closed below and open above, so that a confidence of 1 has a bin of its own that is left out."""
    own = np.floor(confidence * bins).astype(int)
    gaps = [abs((correct - confidence)[own == b].sum()) for b in range(bins)]
    return np.sum(gaps) / len(confidence) + (own == bins).mean()


def _members(case: Case) -> np.ndarray:
    drawn = case.uniform(3, 4, 5, low=0.01)
    return drawn / drawn.sum(axis=-1, keepdims=True)


def _divergence(parts: Implementation, case: Case) -> float:
    """What is the model's is the mean divergence of its members from their mean; the parts sum to the whole."""
    p = _members(case)
    mean = p.mean(axis=0)
    found = Uncertainty(*(np.asarray(each) for each in compiled(parts)(p)))
    divergence = (p * np.log(p / mean)).sum(axis=-1).mean(axis=0)
    total = -(mean * np.log(mean)).sum(axis=-1)
    return max(apart(found.model, divergence), apart(found.total, total), apart(found.data + found.model, total))


def _agreed(parts: Implementation, case: Case) -> float:
    """Members that agree leave nothing to the model; members that are sure of different classes leave all to it."""
    p = np.repeat(_members(case)[:1], 3, axis=0)
    same = compiled(parts)(p)
    split = compiled(parts)(np.repeat(np.eye(5)[:3, None], 4, axis=1))
    agreed = max(float(np.abs(same[2]).max()), apart(same[1], same[0]))
    return max(agreed, float(np.abs(split[1]).max()), apart(split[2], np.full(4, np.log(3))))


def _reversed(p: Any) -> Any:
    """The divergence of the mean from the members."""
    mean = p.mean(axis=0)
    found = compiled(uncertainty.uncertainty)(p)
    model = (mean * np.log(mean / np.maximum(p, 1e-300))).sum(axis=-1).mean(axis=0)
    return Uncertainty(found.total, found.total - model, model)


def _swapped(p: Any) -> Any:
    found = compiled(uncertainty.uncertainty)(p)
    return Uncertainty(found.total, found.model, found.data)


_PASSES = 4000


@cache
def _dropped(implementation: Implementation) -> Any:
    """Dropout before a linear map of six inputs, through ``implementation``."""

    def run(key: Any, terms: Any, rate: Any) -> Any:
        def forward(key: Any) -> Any:
            return (terms * jax.random.bernoulli(key, 1 - rate, (6,))).sum() / (1 - rate)

        return implementation(forward, key, passes=_PASSES)

    return jax.jit(run)


def _closed_form(dropout: Implementation, case: Case) -> float:
    """Of a linear map mean and variance are known; in units of five standard errors over four thousand passes."""
    terms, rate = case.normal(6), 0.3
    mean, variance = _dropped(dropout)(case.key, terms, rate)
    scaled = (terms / (1 - rate)) ** 2
    spread = rate * (1 - rate)
    expected = scaled.sum() * spread
    fourth = (scaled**2).sum() * spread * (1 - 6 * spread)
    errors = np.sqrt([expected / _PASSES, (fourth + 2 * expected**2) / _PASSES])
    return float((np.abs([mean - terms.sum(), variance - expected]) / (5 * errors)).max())


def _nothing_dropped(dropout: Implementation, case: Case) -> float:
    """With rate 0 all passes are one, to rounding."""
    terms = case.normal(6) + 3
    mean, variance = _dropped(dropout)(case.key, terms, 0.0)
    return max(apart(mean, terms.sum()), float(abs(variance)))


def _one_mask(forward: Any, key: Any, *, passes: int) -> Any:
    """The same mask in every pass."""
    found = forward(key)
    return found, jnp.zeros_like(found)


def _deviation(forward: Any, key: Any, *, passes: int) -> Any:
    mean, variance = uncertainty.mc_dropout(forward, key, passes=passes)
    return mean, variance**0.5


def _mean_square(forward: Any, key: Any, *, passes: int) -> Any:
    mean, variance = uncertainty.mc_dropout(forward, key, passes=passes)
    return mean, variance + mean**2


def _votes(case: Case) -> np.ndarray:
    return 2 * case.normal(3, 40, 4)


def _mixture(ensemble: Implementation, case: Case) -> float:
    """The mean of the members' probabilities, whatever constant each adds to its logits."""
    logits = _votes(case)
    powers = np.exp(logits)
    expected = (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)
    run = compiled(ensemble)
    return max(apart(run(logits), expected), apart(run(logits + case.normal(3, 40, 1, seed=1)), expected))


def _not_worse(ensemble: Implementation, case: Case) -> float:
    """Its loss is at most the members' mean on every example (by Jensen), whichever class is right."""
    logits = _votes(case)
    losses = np.log(np.exp(logits).sum(axis=-1, keepdims=True)) - logits
    found = -np.log(np.asarray(compiled(ensemble)(logits)))
    return wrong(found <= losses.mean(axis=0) + 1e-12)


def _mean_logits(logits: Any) -> Any:
    return jax.nn.softmax(logits.mean(axis=0))


def _summed_logits(logits: Any) -> Any:
    return jax.nn.softmax(logits.sum(axis=0))


def _most_votes(logits: Any) -> Any:
    return np.eye(4)[logits.argmax(axis=-1)].mean(axis=0) * 0.97 + 0.01 * 3 / 4


SELECTIVE = Term(
    "selective-prediction",
    uncertainty.risk_coverage,
    (
        Property(
            "At each confidence as threshold, coverage and risk are what counting gives.",
            _counted,
            1e-12,
            (
                Mistake("the least confident answered first", _least_first),
                Mistake("equal confidences one after the other", _ties_in_order),
            ),
        ),
        Property(
            "Answering all has the error rate, and a confidence that knows has no risk.",
            _ends,
            1e-12,
            (
                Mistake("accuracy for risk", _accuracy),
                Mistake("the least confident answered first", _least_first),
            ),
        ),
    ),
)

TERMS = (
    Term(
        "uncertainty-quantification",
        uncertainty.uncertainty,
        (
            Property(
                "The model's part is the mean divergence of its members from their mean.",
                _divergence,
                1e-11,
                (
                    Mistake("the divergence of the mean from the members", _reversed),
                    Mistake("the parts swapped", _swapped),
                ),
            ),
            Property(
                "Members that agree leave nothing to the model, members that are sure and differ leave all.",
                _agreed,
                1e-12,
                (Mistake("the parts swapped", _swapped),),
            ),
        ),
    ),
    Term(
        "mc-dropout",
        uncertainty.mc_dropout,
        (
            Property(
                "Of a linear map it finds the known mean and variance, within five standard errors.",
                _closed_form,
                1.0,
                (
                    Mistake("the same mask in every pass", _one_mask),
                    Mistake("the standard deviation for the variance", _deviation),
                ),
            ),
            Property(
                "With rate 0 the variance is 0.",
                _nothing_dropped,
                1e-12,
                (Mistake("the mean square for the variance", _mean_square),),
            ),
        ),
    ),
    Term(
        "deep-ensemble",
        uncertainty.deep_ensemble,
        (
            Property(
                "It is the mean of the members' probabilities, whatever constants are in their logits.",
                _mixture,
                1e-12,
                (
                    Mistake("the mean of the logits", _mean_logits),
                    Mistake("votes for the likeliest class", _most_votes),
                ),
            ),
            Property(
                "On no example is its loss above the mean of its members'.",
                _not_worse,
                0.0,
                (
                    Mistake("the sum of the logits", _summed_logits),
                    Mistake("votes for the likeliest class", _most_votes),
                ),
            ),
        ),
    ),
    Term(
        "calibration-error",
        uncertainty.calibration_error,
        (
            Property(
                "It is what going through the bins one by one gives.",
                _by_hand,
                1e-12,
                (
                    Mistake("bins that all count the same", _unweighted),
                    Mistake("gaps with their signs", _signed),
                ),
            ),
            Property(
                "Right as often as it says it has none, always too sure by as much it has that.",
                _calibrated,
                1e-12,
                (Mistake("a confidence of 1 in a bin beyond the last", _one_dropped),),
            ),
        ),
    ),
)
