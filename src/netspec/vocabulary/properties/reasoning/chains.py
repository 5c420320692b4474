"""What must hold of chains of thought, of checks on them and of what is learned from mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled, gradient
from netspec.vocabulary.reasoning import chains
from netspec.vocabulary.reasoning.chains import Checked
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _sums(case: Case) -> tuple[int, list[tuple[str, int]]]:
    """A number, and what is done with it: plus, times and minus in turn."""
    numbers = [int(n) for n in case.rng().integers(2, 50, case.tokens + 1)]
    return numbers[0], [("+*-"[n % 3], number) for n, number in enumerate(numbers[1:])]


def _done(state: int, sign: str, number: int) -> int:
    return {"+": state + number, "*": state * number, "-": state - number}[sign]


def _evaluated(case: Case) -> tuple[int, ...]:
    """The intermediate results, from the text of the whole sum, evaluated anew for each."""
    start, sums = _sums(case)
    texts = [str(start)]
    for sign, number in sums:
        texts.append(f"({texts[-1]}) {sign} {number}")
    return tuple(eval(text) for text in texts[1:])


def _answers(chain: Implementation, case: Case) -> float:
    start, sums = _sums(case)
    return wrong(chain(lambda state, number: _done(state, *sums[number]), start, len(sums)) == _evaluated(case))


def _goes_on(chain: Implementation, case: Case) -> float:
    """A chain taken up in its middle ends as the whole does."""
    start, sums = _sums(case)
    middle = len(sums) // 2
    whole = chain(lambda state, number: _done(state, *sums[number]), start, len(sums))
    begun = whole[middle - 1] if middle else start
    rest = chain(lambda state, number: _done(state, *sums[middle + number]), begun, len(sums) - middle)
    return wrong(rest == whole[middle:])


def _from_the_question(step: Callable[[Any, int], Any], start: Any, steps: int) -> tuple[Any, ...]:
    return tuple(step(start, number) for number in range(steps))


def _without_the_last(step: Callable[[Any, int], Any], start: Any, steps: int) -> tuple[Any, ...]:
    return (start, *chains.chain_of_thought(step, start, steps))[:steps]


def _checked_sums(case: Case, wrong_at: int | None) -> tuple[int, int, Any, Any]:
    """A sum whose step ``wrong_at`` is two too small at the first attempt, and an exact check."""
    start, sums = _sums(case)

    def step(state: int, number: int, attempt: int) -> int:
        return _done(state, *sums[number]) - 2 * (number == wrong_at and attempt == 0)

    return start, len(sums), step, lambda before, after, number: after == _done(before, *sums[number])


def _corrected(chain: Implementation, case: Case) -> float:
    """With one wrong step the result is that without it, and the log has that step and nothing else."""
    for wrong_at in {0, case.tokens - 1}:
        start, steps, step, fits = _checked_sums(case, wrong_at)
        found = chain(step, fits, start, steps)
        right = _evaluated(case)
        if found != Checked(right, ((wrong_at, right[wrong_at] - 2),)):
            return 1.0
    return 0.0


def _as_unchecked(chain: Implementation, case: Case) -> float:
    """Where no step is wrong it is the chain without checks, with nothing logged and no step made twice."""
    start, steps, step, fits = _checked_sums(case, None)
    made = []

    def counted(*args: Any) -> Any:
        made.append(args)
        return step(*args)

    found = chain(counted, fits, start, steps)
    plain = chains.chain_of_thought(lambda state, number: step(state, number, 0), start, steps)
    return wrong(found == Checked(plain, ()) and len(made) == steps)


def _same_again(step: Any, fits: Any, start: Any, steps: int) -> Checked:
    return chains.checked_chain(lambda state, number, attempt: step(state, number, 0), fits, start, steps)


def _each_from_the_question(step: Any, fits: Any, start: Any, steps: int) -> Checked:
    def again(state: Any, number: int, attempt: int) -> Any:
        return step(start, number, attempt)

    return chains.checked_chain(again, lambda before, after, number: fits(start, after, number), start, steps)


def _always_odd(step: Any, fits: Any, start: Any, steps: int) -> Checked:
    return chains.checked_chain(step, lambda *args: False, start, steps)


#: Draws of a path of ten steps: of that many, the mean number of verified steps is known to ± 5 σ = 0.08 of 3.
_DRAWS = 4000


def _binomial(verify: Implementation, case: Case) -> float:
    """Mean and variance of the number of checks over many paths, in units of five standard errors."""
    steps, probability = 10, 0.3
    verified, _ = compiled(verify)(case.key, np.ones((_DRAWS, steps)), probability=probability)
    counts = np.asarray(verified).sum(axis=1)
    mean, variance = steps * probability, steps * probability * (1 - probability)
    fourth = variance * (1 + 3 * (steps - 2) * probability * (1 - probability))
    errors = np.sqrt([variance / _DRAWS, (fourth - variance**2) / _DRAWS])
    return float((np.abs([counts.mean() - mean, counts.var() - variance]) / (5 * errors)).max())


def _confidence(verify: Implementation, case: Case) -> float:
    """The confidence falls by its factor for each step that was checked and invalid; with p = 0 nothing is checked."""
    run, validity = compiled(verify), case.uniform(_DRAWS, 10)
    verified, confidence = run(case.key, validity, probability=0.5)
    seen = np.asarray(verified)
    expected = np.prod(np.where(seen & (validity < 0.5), 0.8, 1.0), axis=1)
    nothing, whole = run(case.key, validity, probability=0.0)
    everything, least = run(case.key, validity, probability=1.0)
    ends = wrong(not np.any(nothing) and np.all(np.asarray(whole) == 1) and np.all(everything))
    return max(ends, apart(confidence, expected), apart(least, 0.8 ** (validity < 0.5).sum(axis=1)))


def _one_draw(key: Any, validity: Any, *, probability: float) -> Any:
    verified, confidence = compiled(chains.random_verification)(key, validity, probability=probability)
    return np.repeat(np.asarray(verified)[:, :1], validity.shape[1], axis=1), confidence


def _as_due(key: Any, validity: Any, *, probability: float) -> Any:
    """As many steps as are due on average, no more and no fewer."""
    steps = validity.shape[1]
    return np.broadcast_to(np.arange(steps) < round(probability * steps), validity.shape), np.ones(len(validity))


def _swapped(key: Any, validity: Any, *, probability: float) -> Any:
    return compiled(chains.random_verification)(key, validity, probability=1 - probability)


def _unseen_too(key: Any, validity: Any, *, probability: float) -> Any:
    verified, _ = compiled(chains.random_verification)(key, validity, probability=probability)
    return verified, 0.8 ** (validity < 0.5).sum(axis=-1)


def _usual(score: Implementation, case: Case) -> float:
    """A step like all before it that follows from them scores 0; one that does not follow scores half of that."""
    norm, consistency = case.uniform(3, low=0.5), case.uniform(3, seed=1)
    past = np.repeat(norm[:, None], 4, axis=1)
    return apart(1 + np.asarray(compiled(score)(norm, past, consistency)), 1 + (1 - consistency) / 2)


def _bounded(score: Implementation, case: Case) -> float:
    """From 0 to 1, and the same for norms in other units; three times the usual norm is as odd as can be."""
    past, norm, consistency = case.uniform(3, 4, low=0.5), case.uniform(3, high=0.9, seed=1), case.uniform(3, seed=2)
    run = compiled(score)
    found = np.asarray(run(norm, past, consistency))
    same = apart(run(norm * 7, past * 7, consistency), found)
    most = apart(run(3 * past.mean(axis=1), past, consistency), 1 - consistency / 2)
    return max(same, most, wrong((found >= 0) & (found <= 1)))


def _hundred_places(norm: Any, past: Any, consistency: Any) -> Any:
    """The mean over a buffer of a hundred places, of which all but the last few are still zero."""
    usual = past.sum(axis=-1) / 100
    return (np.minimum(np.abs(norm - usual) / usual, 1.0) + 1 - consistency) / 2


def _unbounded(norm: Any, past: Any, consistency: Any) -> Any:
    usual = past.mean(axis=-1)
    return (np.abs(norm - usual) / usual + 1 - consistency) / 2


def _absolute(norm: Any, past: Any, consistency: Any) -> Any:
    return (np.minimum(np.abs(norm - past.mean(axis=-1)), 1.0) + 1 - consistency) / 2


def _upside_down(norm: Any, past: Any, consistency: Any) -> Any:
    return compiled(chains.backward_anomaly_score)(norm, past, 1 - consistency)


#: Five steps, of which every other one is a mistake.
_MISTAKEN = np.arange(5) % 2 == 0


def _slope(loss: Implementation, case: Case) -> float:
    """The gradient by a logit is w (σ(a) − m) / n: down for mistakes, up for the others; w is 0.1 unless given."""
    logits = case.normal(5)
    found = gradient(loss, 1)(np.float64(2.0), logits, _MISTAKEN)
    return apart(found, 0.1 * (1 / (1 + np.exp(-logits)) - _MISTAKEN) / 5)


def _blind_is_worse(loss: Implementation, case: Case) -> float:
    """A detector that sees the mistakes has less loss than one that sees none, and a perfect one adds nothing."""
    run = compiled(loss)
    seeing = run(np.float64(1.5), np.where(_MISTAKEN, 40.0, -40.0), _MISTAKEN)
    return max(wrong(seeing < run(np.float64(1.5), np.full(5, -40.0), _MISTAKEN)), apart(seeing, 1.5))


def _as_printed(task: Any, logits: Any, mistaken: Any) -> Any:
    return task + 0.1 * (mistaken / (1 + jnp.exp(-logits))).sum()


def _as_floats(task: Any, logits: Any, mistaken: Any) -> Any:
    return _as_printed(task, jax.lax.stop_gradient(logits), mistaken)


VERIFIED = (
    Term(
        "random-backward-verification",
        chains.random_verification,
        (
            Property(
                "How many steps are checked is binomial: mean and variance within five standard errors.",
                _binomial,
                1.0,
                (
                    Mistake("one draw for the whole path", _one_draw),
                    Mistake("always as many as are due on average", _as_due),
                    Mistake("the probability of not checking", _swapped),
                ),
            ),
            Property(
                "The confidence falls by its factor for each step that was checked and is invalid, and for no other.",
                _confidence,
                1e-12,
                (Mistake("invalid steps that count unseen", _unseen_too),),
            ),
        ),
    ),
    Term(
        "backward-anomaly-score",
        chains.backward_anomaly_score,
        (
            Property(
                "A step as large as those before it scores only for what it lacks in consistency.",
                _usual,
                1e-12,
                (
                    Mistake("a mean over a buffer that is still empty", _hundred_places, 316),
                    Mistake("consistency for its lack", _upside_down),
                ),
            ),
            Property(
                "It lies from 0 to 1 and does not depend on the unit of the norms.",
                _bounded,
                1e-12,
                (
                    Mistake("a deviation without bound", _unbounded, 239),
                    Mistake("a deviation that is not relative", _absolute),
                ),
            ),
        ),
    ),
    Term(
        "mistake-contrastive-training",
        chains.mistake_loss,
        (
            Property(
                "Its gradient raises the detector's logit on mistakes and lowers it on the other steps.",
                _slope,
                1e-12,
                (
                    Mistake("the anomalies of the mistakes added to the loss", _as_printed, 529),
                    Mistake("anomalies without gradient", _as_floats, 471),
                ),
            ),
            Property(
                "A detector that sees no mistake has more loss than one that sees them.",
                _blind_is_worse,
                1e-12,
                (Mistake("the anomalies of the mistakes added to the loss", _as_printed, 529),),
            ),
        ),
    ),
)

CHECKED = Term(
    "cot-parents-attention",
    chains.checked_chain,
    (
        Property(
            "A wrong step is made again once, and the rest is as if it had been right.",
            _corrected,
            0.0,
            (
                Mistake("a retry that repeats the step", _same_again, 1012),
                Mistake("steps that start from the question each", _each_from_the_question, 1019),
            ),
        ),
        Property(
            "Where no step is wrong it is the chain without checks.",
            _as_unchecked,
            0.0,
            (
                Mistake("steps that start from the question each", _each_from_the_question, 1019),
                Mistake("a check that nothing passes", _always_odd),
            ),
        ),
    ),
)

PLAIN = Term(
    "chain-of-thought",
    chains.chain_of_thought,
    (
        Property(
            "Its states are what the whole sum gives when evaluated up to each.",
            _answers,
            0.0,
            (
                Mistake("steps that start from the question each", _from_the_question),
                Mistake("the question for the first state, and no last one", _without_the_last),
            ),
        ),
        Property(
            "Taken up in its middle it ends as the whole does.",
            _goes_on,
            0.0,
            (
                Mistake("the question for the first state, and no last one", _without_the_last),
                Mistake("steps that start from the question each", _from_the_question),
            ),
        ),
    ),
)
