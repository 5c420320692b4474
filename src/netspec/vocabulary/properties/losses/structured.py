"""What must hold of losses on strings, on regions and on another network's chances."""

from __future__ import annotations

from itertools import groupby, product

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from scipy.special import softmax

from netspec.vocabulary import losses
from netspec.vocabulary.cases import Case, apart, few
from netspec.vocabulary.programs import gradient, program
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

FRAMES, SYMBOLS = 3, 3  # a blank and two letters

#: All texts of at most as many letters as there are frames.
TEXTS = tuple(text for length in range(FRAMES + 1) for text in product((1, 2), repeat=length))

#: All ways to name a symbol in each frame.
ALIGNMENTS = tuple(product(range(SYMBOLS), repeat=FRAMES))


def _collapsed(alignment: tuple[int, ...]) -> tuple[int, ...]:
    """An alignment without repetitions, and then without blanks."""
    return tuple(symbol for symbol, _ in groupby(alignment) if symbol)


def _texts(loss: Implementation, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Logits of three frames, and the loss of every text."""
    logits = case.normal(FRAMES, SYMBOLS)
    labels, paddings = np.zeros((len(TEXTS), FRAMES), int), np.ones((len(TEXTS), FRAMES))
    for row, text in enumerate(TEXTS):
        labels[row, : len(text)], paddings[row, : len(text)] = text, 0
    repeated = np.broadcast_to(logits, (len(TEXTS), *logits.shape))
    return logits, np.asarray(program(loss)(repeated, np.zeros(repeated.shape[:2]), labels, paddings))


def _alignments(loss: Implementation, case: Case) -> float:
    """For each text that fits, the sum over the 27 alignments that collapse to it."""
    logits, found = _texts(loss, case)
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    sums = dict.fromkeys(TEXTS, 0.0)
    for alignment in ALIGNMENTS:
        sums[_collapsed(alignment)] += np.prod(chances[np.arange(FRAMES), alignment])
    expected = np.array([sums[text] for text in TEXTS])
    return apart(np.exp(-found), expected)


def _everything(loss: Implementation, case: Case) -> float:
    """The chances of all texts sum to one."""
    return apart(np.exp(-_texts(loss, case)[1]).sum(), 1.0)


def _best_alignment(logits: jax.Array, *_: jax.Array) -> jax.Array:
    """Of all alignments the likeliest alone."""
    return -jnp.where(_saying(_collapsed), _of_alignments(logits), -jnp.inf).max(-1)


def _no_merging(logits: jax.Array, *_: jax.Array) -> jax.Array:
    """Blanks are dropped and repetitions stay."""
    return -logsumexp(_of_alignments(logits), -1, where=_saying(lambda a: tuple(symbol for symbol in a if symbol)))


def _of_alignments(logits: jax.Array) -> jax.Array:
    """Logarithms of the chances of all alignments, ``(texts, alignments)``."""
    return jax.nn.log_softmax(logits)[:, np.arange(FRAMES), np.array(ALIGNMENTS)].sum(-1)


def _saying(collapse: Implementation) -> np.ndarray:
    """Which alignments say which text, ``(texts, alignments)``, by what is left of them."""
    return np.array([[collapse(alignment) == text for alignment in ALIGNMENTS] for text in TEXTS])


def _last_blank(logits: jax.Array, paddings: jax.Array, labels: jax.Array, label_paddings: jax.Array) -> jax.Array:
    return losses.ctc_loss(logits, paddings, labels, label_paddings, blank=SYMBOLS - 1)


def _masks(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Two sharp masks that have something in common and something not."""
    batch, places = few(case)
    shape = (batch, places + 3)
    one, other = (case.uniform(*shape, seed=seed) < 0.5 for seed in (0, 1))
    one[:, :3], other[:, :3] = (True, True, False), (True, False, True)
    return one, other


def _chances(case: Case) -> tuple[np.ndarray, np.ndarray]:
    _, targets = _masks(case)
    return case.normal(*targets.shape, seed=2), targets.astype(float)


def _f1(loss: Implementation, case: Case) -> float:
    """On sharp masks it is one minus the F1 score: 2 TP / (2 TP + FP + FN)."""
    one, other = _masks(case)
    true, false = (one & other).sum(-1), (one ^ other).sum(-1)
    return apart(program(loss)(np.where(one, 99.0, -99.0), other.astype(float), 0.0), 1 - 2 * true / (2 * true + false))


def _perfect(loss: Implementation, case: Case) -> float:
    """Of the target itself it is 0, and of its opposite 1 without smoothing."""
    _, other = _masks(case)
    sure = np.where(other, 99.0, -99.0)
    found = np.concatenate([program(loss)(side * sure, other.astype(float), 0.0) for side in (1, -1)])
    return float(np.abs(found - np.repeat([0.0, 1.0], len(sure))).max())


def _dice_gradient(loss: Implementation, case: Case) -> float:
    """Of chances with smoothing: the quotient rule by hand."""
    logits, targets = _chances(case)
    p, smooth = 1 / (1 + np.exp(-logits)), 0.7
    above = 2 * (p * targets).sum(-1, keepdims=True) + 2 * smooth
    below = p.sum(-1, keepdims=True) + targets.sum(-1, keepdims=True) + 2 * smooth
    slope = -(2 * targets * below - above) / below**2 * p * (1 - p)
    return apart(gradient(loss)(logits, targets, smooth), slope)


def _jaccard(logits: jax.Array, targets: jax.Array, smooth: float) -> jax.Array:
    p = jax.nn.sigmoid(logits)
    both = (p * targets).sum(-1)
    return 1 - (both + smooth) / (p.sum(-1) + targets.sum(-1) - both + smooth)


def _cells(loss: Implementation, case: Case) -> float:
    """On sharp masks it is one minus the number of common cells over that of all."""
    one, other = _masks(case)
    return apart(
        program(loss)(one.astype(float), other.astype(float)), 1 - (one & other).sum(-1) / (one | other).sum(-1)
    )


def _dice_of_iou(loss: Implementation, case: Case) -> float:
    """Of chances too, D = 2 J / (1 + J) with the Dice coefficient D."""
    logits, targets = _chances(case)
    overlap = 1 - np.asarray(program(loss)(1 / (1 + np.exp(-logits)), targets))
    return apart(1 - 2 * overlap / (1 + overlap), program(losses.dice_loss)(logits, targets, 0.0))


def _counted_twice(chances: jax.Array, targets: jax.Array) -> jax.Array:
    return 1 - (chances * targets).sum(-1) / (chances.sum(-1) + targets.sum(-1))


def _classes(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    student, teacher = (2 * case.normal(3, 4, seed=seed) for seed in (0, 1))
    return student, teacher, np.eye(4)[case.rng(2).integers(0, 4, 3)]


def _student_gradient(loss: Implementation, case: Case) -> float:
    """α (softmax(s) − y) + (1 − α) T (softmax(s/T) − softmax(t/T)), over the batch."""
    student, teacher, targets = _classes(case)
    soft = 0.7 * 4 * (softmax(student / 4, -1) - softmax(teacher / 4, -1))
    expected = (0.3 * (softmax(student, -1) - targets) + soft) / len(targets)
    return apart(gradient(loss)(student, teacher, targets, 4.0, 0.3), expected)


def _hot(loss: Implementation, case: Case) -> float:
    """At a high temperature it matches centred scores: the gradient tends to (s − t − their means)/K, as 1/T."""
    student, teacher, targets = _classes(case)
    difference = student - teacher
    expected = (difference - difference.mean(-1, keepdims=True)) / difference.size
    return apart(gradient(loss)(student, teacher, targets, 1e5, 0.0), expected)


def _same_teacher(loss: Implementation, case: Case) -> float:
    """A student that is its teacher has the cross-entropy of the labels left, with weight α."""
    student, _, targets = _classes(case)
    return apart(
        program(loss)(student, student, targets, 4.0, 0.3),
        0.3 * np.mean(program(losses.cross_entropy)(student, targets)),
    )


def _without_square(s: jax.Array, t: jax.Array, y: jax.Array, temperature: float, alpha: float) -> jax.Array:
    hard = losses.cross_entropy(s, y).mean()
    soft = losses.kl_divergence(jax.nn.log_softmax(s / temperature), jax.nn.softmax(t / temperature)).mean()
    return alpha * hard + (1 - alpha) * soft


def _printed(s: jax.Array, t: jax.Array, y: jax.Array, temperature: float, alpha: float) -> jax.Array:
    """KL(student, teacher), at temperature one."""
    soft = losses.kl_divergence(jax.nn.log_softmax(t), jax.nn.softmax(s)).mean()
    return alpha * losses.cross_entropy(s, y).mean() + (1 - alpha) * soft


def _labels_softened(s: jax.Array, t: jax.Array, y: jax.Array, temperature: float, alpha: float) -> jax.Array:
    return losses.knowledge_distillation(s, t, y, temperature, 0.0) * (1 - alpha) + alpha * (
        losses.cross_entropy(s / temperature, y).mean()
    )


TERMS = (
    Term(
        "ctc-loss",
        losses.ctc_loss,
        (
            Property(
                "The chance of each of 15 texts is the sum over the 27 alignments that collapse to it.",
                _alignments,
                1e-12,
                (
                    Mistake("the likeliest alignment alone", _best_alignment),
                    Mistake("repetitions not merged", _no_merging),
                    Mistake("the last symbol as the blank", _last_blank),
                ),
            ),
            Property(
                "The chances of all texts sum to one.",
                _everything,
                1e-12,
                (Mistake("the likeliest alignment alone", _best_alignment),),
            ),
        ),
    ),
    Term(
        "dice-loss",
        losses.dice_loss,
        (
            Property(
                "On sharp masks it is one minus the F1 score.",
                _f1,
                1e-12,
                (
                    Mistake("the coefficient itself", lambda z, t, s: 1 - losses.dice_loss(z, t, s), line=3784),
                    Mistake("intersection over union", _jaccard),
                ),
            ),
            Property(
                "It is 0 for the target and 1 for its opposite.",
                _perfect,
                1e-12,
                (Mistake("the coefficient itself", lambda z, t, s: 1 - losses.dice_loss(z, t, s), line=3784),),
            ),
            Property(
                "Its gradient on chances is that of the formula, with twice the smoothing above and below.",
                _dice_gradient,
                1e-12,
                (
                    Mistake("the smoothing once", lambda z, t, s: losses.dice_loss(z, t, s / 2)),
                    Mistake("intersection over union", _jaccard),
                ),
            ),
        ),
    ),
    Term(
        "iou-loss",
        losses.iou_loss,
        (
            Property(
                "On sharp masks it is one minus the number of common cells over that of all.",
                _cells,
                1e-12,
                (
                    Mistake("the figure itself", lambda p, t: 1 - losses.iou_loss(p, t)),
                    Mistake("the common cells counted twice", _counted_twice),
                ),
            ),
            Property(
                "With J = 1 − L the Dice coefficient is 2 J / (1 + J), of chances too.",
                _dice_of_iou,
                1e-12,
                (Mistake("the common cells counted twice", _counted_twice),),
            ),
        ),
    ),
    Term(
        "knowledge-distillation",
        losses.knowledge_distillation,
        (
            Property(
                "Its gradient is α (softmax(s) − y) + (1 − α) T (softmax(s/T) − softmax(t/T)).",
                _student_gradient,
                1e-12,
                (
                    Mistake("no T²", _without_square),
                    Mistake("KL(student, teacher), no temperature and no T²", _printed, line=4701),
                    Mistake("labels at temperature T too", _labels_softened),
                ),
            ),
            Property(
                "At T = 10⁵ it matches centred scores, to 1 in 10⁴.",
                _hot,
                1e-4,
                (Mistake("no T²", _without_square), Mistake("no temperature", _printed)),
            ),
            Property(
                "A student that is its teacher has α times the cross-entropy of the labels.",
                _same_teacher,
                1e-12,
                (Mistake("labels at temperature T too", _labels_softened),),
            ),
        ),
    ),
)
