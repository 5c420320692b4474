"""Losses on classes. Smoothed labels are the trainer's: :func:`train.data.augment.smoothed_one_hot`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary import expect


def cross_entropy(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Judge chances by the logarithm of that which the right class got: the surprise at the truth.

    Formula: L = −Σ_c y_c log softmax(z)_c
    Shapes: logits z and targets y (…, classes), y chances that sum to one (one-hot for a label); losses (…) in nats.
    Parameters: none.
    Cost: one softmax.
    Training: the mean over the batch; its gradient with respect to the logits is softmax(z) − y.
    Caveats: it takes scores, not chances. After a softmax of one's own it applies a second one and still trains, badly.
        Without information it is log C.
    Raises: VocabularyError where shapes disagree or a target is no chance.
    Source: Bridle 1990, sec. 3; vocabulary line 3662.

    >>> round(float(cross_entropy(jnp.zeros(10), jax.nn.one_hot(3, 10))), 4)  # log 10
    2.3026
    """
    expect.axes(logits=(logits, "... classes"))
    expect.axes(targets=(targets, " ".join(map(str, jnp.shape(logits)))))
    expect.probability("targets", targets)
    return optax.softmax_cross_entropy(logits, targets)


def bce(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Judge independent yes-or-no answers, of which several may be right at once.

    Formula: L = max(z, 0) − z y + log(1 + e^{−|z|}), equal to −y log σ(z) − (1 − y) log(1 − σ(z))
    Shapes: logits z and labels y from 0 to 1, of the same shape, which the losses have as well.
    Parameters: none.
    Cost: one exponential and one logarithm an element.
    Training: the mean is taken; its gradient by a logit is σ(z) − y.
    Caveats: written with σ it is infinite where σ rounds to 0 or 1; this form is finite for every finite logit.
    Raises: VocabularyError where shapes disagree or a label is outside [0, 1].
    Source: Bishop 1995, sec. 6.7; vocabulary line 3669.

    >>> [round(float(loss), 4) for loss in bce(jnp.array([0.0, 1000.0, -1000.0]), jnp.ones(3))]
    [0.6931, 0.0, 1000.0]
    """
    _same(logits, labels)
    return optax.sigmoid_binary_cross_entropy(logits, labels)


def focal_loss(logits: jax.Array, labels: jax.Array, alpha: float = 0.25, gamma: float = 2.0) -> jax.Array:
    """Find rare things: where nearly everything is background, what is easy must not outweigh what is hard.

    Formula: L = −α_t (1 − p_t)^γ log p_t, p_t = σ(z) and α_t = α where y = 1, else 1 − σ(z) and 1 − α
    Shapes: logits z and labels y from 0 to 1, of the same shape, which the losses have as well.
    Parameters: none; α 0.25 and γ 2 are the paper's.
    Cost: as binary cross-entropy, and a power.
    Training: summed over all places and divided by the number of objects.
    Caveats: p_t is the chance given to the truth, not to the object: with p in its place what is easy background gets
        the largest weight. α goes with objects, so background has 1 − α, not 1. γ = 0 and α = ½ is half of BCE.
    Raises: VocabularyError where shapes disagree, labels or α are outside [0, 1], or γ is negative.
    Source: Lin et al. 2017 (arXiv:1708.02002), eq. 5; vocabulary line 3676.

    >>> scores, objects = jnp.array([4.0, -4.0]), jnp.ones(2)  # one that is found with ease, one that is missed
    >>> for loss in (bce, focal_loss):
    ...     found, missed = loss(scores, objects)
    ...     print(f"{missed / found:.0e}")
    2e+02
    7e+05
    """
    _same(logits, labels)
    expect.probability("alpha", alpha)
    expect.not_negative("gamma", gamma)
    return optax.losses.sigmoid_focal_loss(logits, labels, alpha=alpha, gamma=gamma)


def _same(logits: jax.Array, labels: jax.Array) -> None:
    expect.axes(logits=(logits, "..."))
    expect.axes(labels=(labels, " ".join(map(str, jnp.shape(logits))) or "..."))
    expect.probability("labels", labels)
