"""What must hold of BERT's heads and of a temperature."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import log_softmax, softmax

from netspec.vocabulary import losses
from netspec.vocabulary.cases import Case, apart, few, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _language(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, tokens and which are masked: the first of each row, and some others."""
    (batch, vocabulary), tokens = few(case), 4
    masked = case.rng(2).random((batch, tokens)) < 0.3
    masked[:, 0], masked[:, -1] = True, False
    vocabulary += 1
    return case.normal(batch, tokens, vocabulary), case.rng(1).integers(0, vocabulary, (batch, tokens)), masked


def _mean_of_masked(loss: Implementation, case: Case) -> float:
    scores, tokens, masked = _language(case)
    surprise = -log_softmax(scores, -1)
    expected = np.mean([surprise[row, place, tokens[row, place]] for row, place in np.argwhere(masked)])
    return apart(program(loss)(scores, tokens, masked), expected)


def _others_do_not_count(loss: Implementation, case: Case) -> float:
    scores, tokens, masked = _language(case)
    changed = np.where(masked, tokens, (tokens + 1) % scores.shape[-1])
    return apart(program(loss)(scores, changed, masked), program(loss)(scores, tokens, masked))


def _over_all(scores: jax.Array, tokens: jax.Array, masked: jax.Array) -> jax.Array:
    """The sum over masked positions, divided by the number of all."""
    return losses.masked_language_loss(scores, tokens, masked) * jnp.mean(masked)


def _first_token(head: Implementation, case: Case) -> float:
    """The formula on the first token, whatever the others are."""
    batch, width = few(case)
    hidden, kernel, bias = case.normal(batch, 3, width), case.normal(width, 2, seed=1), case.normal(2, seed=2)
    odds = hidden[:, 0] @ (kernel[:, 1] - kernel[:, 0]) + bias[1] - bias[0]
    second = 1 / (1 + np.exp(-odds))
    return apart(program(head)(hidden, kernel, bias), np.stack([1 - second, second], -1))


def _counts(head: Implementation, case: Case) -> float:
    """For width 768, a kernel of 768 · 2 and a bias of 2 are what it takes: 1,538 numbers."""
    shapes = (jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((1, 2, 768), (768, 2), (2,)))
    hidden, *parameters = shapes
    found = jax.eval_shape(head, hidden, *parameters)
    return wrong(sum(leaf.size for leaf in parameters) == 1538 and found.shape == (1, 2))


def _logits(case: Case) -> np.ndarray:
    batch, channels = few(case)
    return case.normal(batch, channels + 1)


def _power(scaling: Implementation, case: Case) -> float:
    """With temperature T the chances are those without, to the power 1/T, made to sum to one."""
    logits = _logits(case)
    powers = softmax(logits, -1) ** (1 / 2.5)
    return apart(program(scaling)(logits, 2.5), powers / powers.sum(-1, keepdims=True))


def _order_and_entropy(scaling: Implementation, case: Case) -> float:
    """The likeliest class stays, and entropy rises with the temperature."""
    logits = _logits(case)
    chances = [np.asarray(program(scaling)(logits, t)) for t in (0.5, 1.0, 2.0, 4.0)]
    entropies = [-(p * np.log(np.maximum(p, 1e-300))).sum(-1) for p in chances]
    rises = all((hot > cold).all() for cold, hot in pairwise(entropies))
    return wrong(rises and all((p.argmax(-1) == logits.argmax(-1)).all() for p in chances))


def _fit(scaling: Implementation, case: Case) -> float:
    """At the fitted temperature the mean score of the labels is the one expected: the likelihood has no slope there."""
    logits = case.normal(12, 3) + 2 * np.eye(3)[case.rng(1).integers(0, 3, 12)]
    labels = (logits + case.normal(12, 3, seed=2)).argmax(-1)
    chances = program(scaling)(logits, program(losses.fitted_temperature)(logits, labels))
    return abs(float((logits[np.arange(12), labels] - (chances * logits).sum(-1)).mean()))


def _of_chances(logits: jax.Array, temperature: float) -> jax.Array:
    """Chances divided by the temperature and shared out again by a softmax."""
    return jax.nn.softmax(jax.nn.softmax(logits) / temperature)


TERMS = (
    Term(
        "mlm-head",
        losses.masked_language_loss,
        (
            Property(
                "It is the mean surprise at the tokens of the masked positions.",
                _mean_of_masked,
                1e-12,
                (
                    Mistake("divided by the number of all positions", _over_all),
                    Mistake(
                        "a softmax over the positions instead of the vocabulary",
                        lambda scores, tokens, masked: (
                            -jnp.mean(
                                jnp.take_along_axis(jax.nn.log_softmax(scores, 1), tokens[..., None], -1)[..., 0],
                                where=masked,
                            )
                        ),
                    ),
                ),
            ),
            Property(
                "What stands where nothing is masked has no part in it.",
                _others_do_not_count,
                0.0,
                (
                    Mistake(
                        "over all positions",
                        lambda scores, tokens, masked: losses.masked_language_loss(scores, tokens, masked | True),
                    ),
                ),
            ),
        ),
    ),
    Term(
        "nsp-head",
        losses.nsp_head,
        (
            Property(
                "It is a logistic function of the first token alone.",
                _first_token,
                1e-12,
                (
                    Mistake("the mean of all tokens", lambda h, w, b: jax.nn.softmax(h.mean(1) @ w + b)),
                    Mistake("two sigmoids, which need not sum to one", lambda h, w, b: jax.nn.sigmoid(h[:, 0] @ w + b)),
                ),
            ),
            Property(
                "In BERT-base it has 1,538 parameters and gives two chances a pair.",
                _counts,
                0.0,
                (Mistake("one answer a token", lambda h, w, b: jax.nn.softmax(h @ w + b)),),
            ),
        ),
    ),
    Term(
        "temperature-scaling",
        losses.temperature_scaling,
        (
            Property(
                "Its chances are those without temperature to the power 1/T, made to sum to one.",
                _power,
                1e-12,
                (
                    Mistake("multiplied by T", lambda z, t: jax.nn.softmax(z * t)),
                    Mistake("chances divided by T", _of_chances),
                ),
            ),
            Property(
                "The likeliest class stays the likeliest, and entropy rises with T.",
                _order_and_entropy,
                0.0,
                (Mistake("multiplied by T", lambda z, t: jax.nn.softmax(z * t)),),
            ),
            Property(
                "At the fitted T the score of the label is on average the expected one.",
                _fit,
                1e-10,
                (Mistake("applied to chances", _of_chances),),
            ),
        ),
    ),
)
