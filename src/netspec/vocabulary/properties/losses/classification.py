"""What must hold of losses on classes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import expit, log_softmax, softmax

from netspec.vocabulary import losses
from netspec.vocabulary.cases import Case, apart, few
from netspec.vocabulary.programs import gradient, program
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: Rounding of targets in float32, which is what the trainer makes.
FLOAT32 = 1e-6


def _drawn(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Logits and the chances that are wanted."""
    batch, channels = few(case)
    chances = case.uniform(batch, channels + 1, low=0.1, seed=1)
    return case.normal(batch, channels + 1), chances / chances.sum(-1, keepdims=True)


def _gradient(loss: Implementation, case: Case) -> float:
    logits, targets = _drawn(case)
    return apart(gradient(loss)(logits, targets), softmax(logits, -1) - targets)


def _ignorance(loss: Implementation, case: Case) -> float:
    """Equal scores cost log C, whatever the targets."""
    logits, targets = _drawn(case)
    batch, classes = logits.shape
    return apart(program(loss)(np.full_like(logits, 3.0), targets), np.full(batch, np.log(classes)))


def _answers(case: Case) -> tuple[np.ndarray, np.ndarray]:
    shape = few(case)
    return 3 * case.normal(*shape), (case.uniform(*shape, seed=1) < 0.5).astype(float)


def _two_classes(loss: Implementation, case: Case) -> float:
    """It is the cross-entropy of two classes with scores z and 0, of uncertain labels too."""
    logits, labels = _answers(case)
    labels = 0.2 + 0.7 * labels
    surprise = -log_softmax(np.stack([logits, 0 * logits]), 0)
    return apart(program(loss)(logits, labels), labels * surprise[0] + (1 - labels) * surprise[1])


def _extremes(loss: Implementation, case: Case) -> float:
    """At ±1000 loss and slope are what they tend to."""
    logits, labels = np.array([1000.0, -1000.0, 1000.0, -1000.0]), np.array([1.0, 1.0, 0.0, 0.0])
    found, slope = program(loss)(logits, labels), gradient(loss)(logits, labels)
    return max(apart(found, [0.0, 1000.0, 1000.0, 0.0]), apart(slope, [0.0, -1.0, 1.0, 0.0]))


def _naive(logits: jax.Array, labels: jax.Array) -> jax.Array:
    chance = jax.nn.sigmoid(logits)
    return -labels * jnp.log(chance) - (1 - labels) * jnp.log(1 - chance)


def _focal_formula(loss: Implementation, case: Case) -> float:
    logits, labels = _answers(case)
    right = expit(np.where(labels == 1, logits, -logits))
    expected = -np.where(labels == 1, 0.3, 0.7) * (1 - right) ** 1.5 * np.log(right)
    return apart(program(loss)(logits, labels, 0.3, 1.5), expected)


def _focal_mirrored(loss: Implementation, case: Case) -> float:
    """Objects and background change places: z, y, α become −z, 1 − y, 1 − α, and nothing changes."""
    logits, labels = _answers(case)
    return apart(program(loss)(logits, labels, 0.25, 2.0), program(loss)(-logits, 1 - labels, 0.75, 2.0))


def _focal_plain(loss: Implementation, case: Case) -> float:
    """Without focus and with equal weights it is half of the binary cross-entropy."""
    logits, labels = _answers(case)
    return apart(program(loss)(logits, labels, 0.5, 0.0), program(losses.bce)(logits, labels) / 2)


def _alpha_on_objects_only(logits: jax.Array, labels: jax.Array, alpha: float, gamma: float) -> jax.Array:
    weight = jnp.where(labels == 1, alpha, 1.0)
    return weight * losses.focal_loss(logits, labels, 0.5, gamma) * 2


def _of_the_object(logits: jax.Array, labels: jax.Array, alpha: float, gamma: float) -> jax.Array:
    """α_t is right, and p stands where p_t should."""
    chance = jax.nn.sigmoid(logits)
    weight = jnp.where(labels == 1, alpha, 1 - alpha)
    return -weight * (1 - chance) ** gamma * jnp.log(chance)


def _as_printed(logits: jax.Array, labels: jax.Array, alpha: float, gamma: float) -> jax.Array:
    chance = jax.nn.sigmoid(logits)
    return -((1 - chance) ** gamma) * jnp.log(chance)


def _labels(case: Case) -> tuple[np.ndarray, int]:
    batch, channels = few(case)
    return case.rng(1).integers(0, channels + 1, batch), channels + 1


def _mixture(smoothed: Implementation, case: Case) -> float:
    """Cross-entropy with smoothed labels is that with sharp ones, and the mean over all K classes with weight s."""
    labels, classes = _labels(case)
    targets = smoothed(labels, classes, 0.1)
    surprise = -log_softmax(case.normal(len(labels), classes), -1)
    expected = 0.9 * surprise[np.arange(len(labels)), labels] + 0.1 * surprise.mean(-1)
    return apart((np.asarray(targets, float) * surprise).sum(-1), expected)


def _sums_to_one(smoothed: Implementation, case: Case) -> float:
    """Targets sum to one, and so the loss is least at a finite margin of log(1 + K (1 − s)/s) between the scores."""
    labels, classes = _labels(case)
    targets = np.asarray(smoothed(labels, classes, 0.2), float)
    margin = np.log(targets.max(-1)) - np.log(targets.min(-1))
    return max(apart(targets.sum(-1), np.ones(len(labels))), apart(margin, np.full(len(labels), np.log1p(classes * 4))))


def _over_the_others(labels: np.ndarray, classes: int, smoothing: float) -> jax.Array:
    return jnp.where(jax.nn.one_hot(labels, classes) == 1, 1 - smoothing, smoothing / (classes - 1))


def _not_taken_away(labels: np.ndarray, classes: int, smoothing: float) -> jax.Array:
    return jax.nn.one_hot(labels, classes) + smoothing / classes


TERMS = (
    Term(
        "cross-entropy",
        losses.cross_entropy,
        (
            Property(
                "Its gradient by the logits is softmax(z) − y.",
                _gradient,
                1e-12,
                (
                    Mistake(
                        "a softmax of a softmax", lambda z, y: -(y * jax.nn.log_softmax(jax.nn.softmax(z))).sum(-1)
                    ),
                    Mistake("as many binary answers", lambda z, y: losses.bce(z, y).sum(-1)),
                ),
            ),
            Property(
                "Equal logits cost log C.",
                _ignorance,
                1e-12,
                (
                    Mistake("in bits", lambda z, y: -(y * jax.nn.log_softmax(z)).sum(-1) / jnp.log(2)),
                    Mistake("the mean over the classes", lambda z, y: -(y * jax.nn.log_softmax(z)).mean(-1)),
                ),
            ),
        ),
    ),
    Term(
        "bce",
        losses.bce,
        (
            Property(
                "It is the cross-entropy of two classes with logits z and 0.",
                _two_classes,
                1e-12,
                (Mistake("background forgotten", lambda z, y: -y * jax.nn.log_sigmoid(z)),),
            ),
            Property(
                "At logits of ±1000 it and its slope are what they tend to.",
                _extremes,
                1e-12,
                (
                    Mistake("the logarithm of a rounded σ", _naive),
                    Mistake("chances taken for logits", lambda z, y: losses.bce(jax.nn.sigmoid(z), y)),
                ),
            ),
        ),
    ),
    Term(
        "focal-loss",
        losses.focal_loss,
        (
            Property(
                "It is −α_t (1 − p_t)^γ log p_t.",
                _focal_formula,
                1e-12,
                (
                    Mistake("p, the chance of an object, for p_t, that of the truth", _of_the_object),
                    Mistake("p for p_t, and no α", _as_printed, line=3680),
                    Mistake("α on objects and 1 on background", _alpha_on_objects_only),
                ),
            ),
            Property(
                "Objects and background may change places: (z, y, α) and (−z, 1 − y, 1 − α) cost the same.",
                _focal_mirrored,
                1e-12,
                (
                    Mistake("α on objects and 1 on background", _alpha_on_objects_only),
                    Mistake("p for p_t", _of_the_object),
                ),
            ),
            Property(
                "With γ = 0 and α = ½ it is half of the binary cross-entropy.",
                _focal_plain,
                1e-12,
                (Mistake("p for p_t", _of_the_object),),
            ),
        ),
    ),
    Term(
        "label-smoothing",
        None,
        (
            Property(
                "Cross-entropy with it is 1 − s times that with sharp labels and s times the mean over all K classes.",
                _mixture,
                FLOAT32,
                (
                    Mistake("s spread over the K − 1 other classes", _over_the_others),
                    Mistake("sharp labels", lambda y, k, s: jax.nn.one_hot(y, k)),
                ),
            ),
            Property(
                "Targets sum to one, and the best scores are apart by log(1 + K (1 − s)/s).",
                _sums_to_one,
                FLOAT32,
                (
                    Mistake("what is spread is not taken from the label", _not_taken_away),
                    Mistake("s spread over the K − 1 other classes", _over_the_others),
                ),
            ),
        ),
    ),
)
