"""Losses on what is more than one answer: strings, regions, and another network's chances."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary import expect


def ctc_loss(
    logits: jax.Array, logit_paddings: jax.Array, labels: jax.Array, label_paddings: jax.Array, blank: int = 0
) -> jax.Array:
    """Learn to write down what is said without knowing when: all ways in which the text fits the sound count together.

    Formula: L = −log Σ_{a: B(a)=y} Π_t softmax(z_t)[a_t], B merges repetitions and then drops blanks
    Shapes: logits z (batch, frames, symbols); labels y (batch, letters), whole numbers; the paddings, of the same
        leading shapes, are 1 behind the end of an example; losses (batch,) in nats.
    Parameters: none; one symbol is the blank.
    Cost: frames · letters steps, by the forward algorithm.
    Training: the mean is taken. In use the likeliest text is sought, which is not the text of the likeliest alignment.
    Caveats: frames are taken as independent given the sound. A text that does not fit into its frames has a loss near
        10⁵ instead of infinity (optax).
    Raises: VocabularyError where shapes disagree or the blank is no symbol.
    Source: Graves et al. 2006, eq. 8; vocabulary line 3774.

    >>> even = jnp.zeros((1, 2, 2))  # two frames, a blank and one letter: aa, a-, -a of four alignments say "a"
    >>> loss = ctc_loss(even, jnp.zeros((1, 2)), jnp.array([[1]]), jnp.zeros((1, 1)))
    >>> round(float(jnp.exp(-loss)[0]), 4)
    0.75
    """
    sizes = expect.axes(logits=(logits, "batch frames symbols"), logit_paddings=(logit_paddings, "batch frames"))
    expect.axes(sizes, labels=(labels, "batch letters"), label_paddings=(label_paddings, "batch letters"))
    expect.within("labels", labels, 0, sizes["symbols"] - 1)
    expect.within("blank", blank, 0, sizes["symbols"] - 1)
    return optax.losses.ctc_loss(logits, logit_paddings, labels, label_paddings, blank_id=blank)


def dice_loss(logits: jax.Array, targets: jax.Array, smooth: float = 1.0) -> jax.Array:
    """Outline something small in a large picture: count the overlap, in which the background has no part.

    Formula: L = 1 − (2 Σ p t + 2 s) / (Σ p + Σ t + 2 s), p = σ(z)
    Shapes: logits z and targets t from 0 to 1, (batch, …), with one place or more; losses (batch,).
    Parameters: none; s smooths, and keeps the loss defined where neither side has anything.
    Cost: three sums.
    Training: on chances, so that it has a gradient. On sharp masks without smoothing it is one minus the F1 score.
    Caveats: without the "1 −" it is the Dice coefficient, which is to be made large. optax's s is half of that in
        2 Σ p t + s.
    Raises: VocabularyError where shapes disagree, targets are outside [0, 1], or s is negative.
    Source: Milletari et al. 2016 (arXiv:1606.04797), sec. 3; vocabulary line 3781.

    >>> sure = jnp.array([[99.0, 99.0, -99.0, -99.0]])
    >>> dice_loss(sure, jnp.array([[1.0, 0.0, 1.0, 0.0]]), smooth=0.0).tolist()
    [0.5]
    """
    _masks(logits, targets, "logits")
    expect.not_negative("smooth", smooth)
    flat = (jnp.reshape(array, (len(array), -1, 1)) for array in (logits, targets))
    return optax.losses.binary_dice_loss(*flat, smooth=smooth)


def iou_loss(chances: jax.Array, targets: jax.Array) -> jax.Array:
    """Train on the figure that regions are judged by: the part of all that either has which both have.

    Formula: L = 1 − Σ p t / (Σ p + Σ t − Σ p t)
    Shapes: chances p and targets t from 0 to 1, (batch, …), with one place or more; losses (batch,).
    Parameters: none.
    Cost: three sums.
    Training: on chances, so that it has a gradient; on sharp masks it is one minus intersection over union.
    Caveats: it is 1 with no slope to follow where both are apart. Between boxes that is usual at first, so detectors
        take the generalised form (`train.tasks.detection.boxes.giou`). It orders masks as the Dice coefficient does,
        D = 2 J / (1 + J). Where both are empty it is 0.
    Raises: VocabularyError where shapes disagree or anything is outside [0, 1].
    Source: Rahman and Wang 2016; Rezatofighi et al. 2019 (arXiv:1902.09630); vocabulary line 3788.

    >>> loss = iou_loss(jnp.array([[1.0, 1.0, 0.0, 0.0]]), jnp.array([[1.0, 0.0, 1.0, 0.0]]))
    >>> round(float(loss[0]), 4)
    0.6667
    """
    _masks(chances, targets, "chances")
    expect.probability("chances", chances)
    places = tuple(range(1, jnp.ndim(chances)))
    both = (chances * targets).sum(places)
    either = chances.sum(places) + targets.sum(places) - both
    return 1 - jnp.where(either > 0, both / jnp.where(either > 0, either, 1.0), 1.0)


def knowledge_distillation(
    student: jax.Array, teacher: jax.Array, targets: jax.Array, temperature: float = 4.0, alpha: float = 0.5
) -> jax.Array:
    """Train a small network on a large one's chances, which also say what each example nearly is.

    Formula: L = mean( α CE(y, softmax(s)) + (1 − α) T² KL(softmax(t/T) ‖ softmax(s/T)) )
    Shapes: the scores of student s and teacher t and the targets y (chances, or one-hot) (batch, classes); one number.
    Parameters: none; the temperature T evens the chances out so that the small ones count, α weighs the labels.
    Cost: two softmaxes, and a pass through the teacher.
    Training: the teacher is held still; in use the student is alone, at T = 1.
    Caveats: gradients at temperature T are smaller by T², for which the factor makes up: else α would mean something
        else at every T. The teacher comes first in KL: it is what is to be matched. As T grows the gradient tends to
        that of matching centred scores.
    Raises: VocabularyError where shapes disagree, T is not above zero, or α or a target is outside [0, 1].
    Source: Hinton et al. 2015 (arXiv:1503.02531), sec. 2; vocabulary line 4696.

    >>> teacher, labels = jnp.array([[6.0, 3.0, 0.0]]), jnp.array([[1.0, 0.0, 0.0]])
    >>> alike, unlike = (knowledge_distillation(s, teacher, labels, alpha=0.0) for s in (teacher, teacher[:, ::-1]))
    >>> round(alike.item(), 4), round(unlike.item(), 4)
    (0.0, 10.9967)
    """
    sizes = expect.axes(student=(student, "batch classes"), teacher=(teacher, "batch classes"))
    expect.axes(sizes, targets=(targets, "batch classes"))
    expect.positive("temperature", temperature)
    expect.probability("alpha", alpha)
    expect.probability("targets", targets)
    wanted = jax.nn.softmax(jax.lax.stop_gradient(teacher) / temperature)
    found = jax.nn.log_softmax(student / temperature)
    hard = optax.losses.softmax_cross_entropy(student, targets)
    soft = optax.losses.kl_divergence(found, wanted)
    return (alpha * hard + (1 - alpha) * temperature**2 * soft).mean()


def _masks(one: jax.Array, targets: jax.Array, name: str) -> None:
    shape = jnp.shape(one)
    expect.axes(**{name: (one, "batch ..." if len(shape) < 2 else " ".join(["batch", *map(str, shape[1:])]))})
    expect.axes(targets=(targets, " ".join(map(str, shape))))
    expect.probability("targets", targets)
