"""What must hold of losses that place things."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import losses
from netspec.vocabulary.cases import Case, apart, few, wrong
from netspec.vocabulary.programs import gradient, program
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: What optax adds under the root of a distance.
UNDER_ROOT = 1e-6


def _triplets(case: Case) -> list[np.ndarray]:
    return [case.normal(*few(case), seed=seed) for seed in range(3)]


def _triplet_formula(loss: Implementation, case: Case) -> float:
    anchor, near, far = _triplets(case)
    to_near, to_far = (np.sqrt(((anchor - x) ** 2).sum(-1) + UNDER_ROOT) for x in (near, far))
    return apart(program(loss)(anchor, near, far, 0.4), np.maximum(0, to_near - to_far + 0.4))


def _satisfied(loss: Implementation, case: Case) -> float:
    """Once the margin is met it is zero and has no gradient."""
    anchor, near, _ = _triplets(case)
    far = anchor + np.sign(anchor - near) * (np.linalg.norm(anchor - near, axis=-1, keepdims=True) + 0.41)
    return wrong(
        not np.any(program(loss)(anchor, near, far, 0.4)) and not np.any(gradient(loss)(anchor, near, far, 0.4))
    )


def _distance(x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.square(x - y).sum(-1) + UNDER_ROOT)


def _pairs(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    channels = few(case)[1]
    one, step = case.normal(4, channels), case.normal(4, channels, seed=1)
    step *= np.array([[0.5], [0.5], [1.5], [0.9]]) / np.linalg.norm(step, axis=-1, keepdims=True)
    return one, one + step, np.array([1.0, 0.0, 0.0, 1.0])


def _contrastive_formula(loss: Implementation, case: Case) -> float:
    """At distances 0.5, 0.5, 1.5 and 0.9, alike, different, different and alike, with a margin of 1.2."""
    return apart(program(loss)(*_pairs(case), 1.2), [0.125, 0.245, 0.0, 0.405])


def _gradients_end(loss: Implementation, case: Case) -> float:
    """Different ones beyond the margin, and those in the same place, have a gradient of zero."""
    one, _, _ = _pairs(case)
    other = one + np.array([[0.0], [0.0], [2.0], [3.0]])
    slope = gradient(loss)(one, other, np.zeros(4), 1.2)
    return wrong(np.isfinite(slope).all() and not np.any(slope))


def _rooted(one: jax.Array, other: jax.Array, same: jax.Array, margin: float) -> jax.Array:
    distance = jnp.linalg.norm(one - other, axis=-1)
    return (same * distance**2 + (1 - same) * jnp.maximum(0.0, margin - distance) ** 2) / 2


def _on_squares(one: jax.Array, other: jax.Array, same: jax.Array, margin: float) -> jax.Array:
    squared = jnp.square(one - other).sum(-1)
    return (same * squared + (1 - same) * jnp.maximum(0.0, margin - squared)) / 2


def _faces(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    batch, width = few(case)
    return case.normal(batch, width + 1), case.normal(5, width + 1, seed=1), case.rng(2).integers(0, 5, batch)


def _cosines(case: Case) -> tuple[np.ndarray, np.ndarray]:
    features, centres, labels = _faces(case)
    unit = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (features, centres)]
    return unit[0] @ unit[1].T, np.eye(5, dtype=bool)[labels]


def _angles(scores: Implementation, case: Case) -> float:
    """The score of the label is that of an angle wider by m; the others are as they were."""
    cosine, own = _cosines(case)
    expected = 30 * np.where(own, np.cos(np.arccos(np.clip(cosine, -1, 1)) + 0.3), cosine)
    return apart(program(scores)(*_faces(case), 30.0, 0.3), expected)


def _lengths(scores: Implementation, case: Case) -> float:
    """How long features and centres are has no part in it."""
    features, centres, labels = _faces(case)
    return apart(
        program(scores)(7.0 * features, 0.2 * centres, labels, 30.0, 0.3),
        program(scores)(features, centres, labels, 30.0, 0.3),
    )


def _lowered(scores: Implementation, case: Case) -> float:
    """The score of the label falls by s m; without margin it is ArcFace without margin."""
    faces, (_, own) = _faces(case), _cosines(case)
    return apart(program(scores)(*faces, 30.0, 0.2), program(losses.arcface)(*faces, 30.0, 0.0) - 30 * 0.2 * own)


def _narrower(features: jax.Array, centres: jax.Array, labels: jax.Array, scale: float, margin: float) -> jax.Array:
    cosine = losses.arcface(features, centres, labels, 1.0, 0.0)
    own = jax.nn.one_hot(labels, len(centres), dtype=bool)
    return scale * jnp.where(own, jnp.cos(jnp.arccos(jnp.clip(cosine, -1, 1)) - margin), cosine)


def _on_all(features: jax.Array, centres: jax.Array, labels: jax.Array, scale: float, margin: float) -> jax.Array:
    return losses.arcface(features, centres, labels, scale, 0.0) - scale * margin


def _unscaled(features: jax.Array, centres: jax.Array, labels: jax.Array, scale: float, margin: float) -> jax.Array:
    return losses.cosface(features, centres, labels, 1.0, 0.0) * scale - margin * jax.nn.one_hot(labels, len(centres))


def _raw(features: jax.Array, centres: jax.Array, labels: jax.Array, scale: float, margin: float) -> jax.Array:
    """Products of features of any length."""
    return scale * (features @ centres.T - margin * jax.nn.one_hot(labels, len(centres)))


def _views(case: Case) -> tuple[np.ndarray, np.ndarray]:
    n, width = few(case)
    return case.normal(2 * n, width + 1), np.arange(2 * n) % n


def _choice(loss: Implementation, case: Case) -> float:
    """It is the cross-entropy of the other view among the 2N − 1 others."""
    views, labels = _views(case)
    unit = views / np.linalg.norm(views, axis=-1, keepdims=True)
    count = len(views)
    total = 0.0
    for i in range(count):
        others = [k for k in range(count) if k != i]
        scores = unit[others] @ unit[i] / 0.3
        (right,) = (place for place, k in enumerate(others) if labels[k] == labels[i])
        total += np.log(np.exp(scores).sum()) - scores[right]
    return apart(program(loss)(views, labels, 0.3), total / count)


def _scale(loss: Implementation, case: Case) -> float:
    """It does not see how long a vector is."""
    views, labels = _views(case)
    lengths = case.uniform(len(views), 1, low=0.5, high=3.0, seed=1)
    return apart(program(loss)(lengths * views, labels, 0.3), program(loss)(views, labels, 0.3))


def _among_all(views: jax.Array, labels: jax.Array, temperature: float, *, unit: bool = True) -> jax.Array:
    """Each one is its own rival too."""
    if unit:
        views = views / jnp.linalg.norm(views, axis=-1, keepdims=True)
    scores, n = views @ views.T / temperature, len(views) // 2
    partner = jnp.roll(jnp.arange(2 * n), n)
    return (jax.nn.logsumexp(scores, -1) - scores[jnp.arange(2 * n), partner]).mean()


TERMS = (
    Term(
        "triplet-loss",
        losses.triplet_loss,
        (
            Property(
                "It is max(0, d(a, p) − d(a, n) + m).",
                _triplet_formula,
                1e-12,
                (
                    Mistake("near and far exchanged", lambda a, p, n, m: losses.triplet_loss(a, n, p, m)),
                    Mistake(
                        "squared distances",
                        lambda a, p, n, m: jnp.maximum(0, _distance(a, p) ** 2 - _distance(a, n) ** 2 + m),
                    ),
                    Mistake("no margin", lambda a, p, n, m: losses.triplet_loss(a, p, n, 0.0)),
                ),
            ),
            Property(
                "Once the margin is met it is zero, without gradient.",
                _satisfied,
                0.0,
                (Mistake("not cut off at zero", lambda a, p, n, m: _distance(a, p) - _distance(a, n) + m),),
            ),
        ),
    ),
    Term(
        "contrastive-loss",
        losses.contrastive_loss,
        (
            Property(
                "Distances of 0.5 and 0.9 (alike), 0.5 and 1.5 (different) cost 0.125, 0.405, 0.245 and 0 at m = 1.2.",
                _contrastive_formula,
                1e-12,
                (
                    Mistake(
                        "alike and different exchanged", lambda a, b, y, m: losses.contrastive_loss(a, b, 1 - y, m)
                    ),
                    Mistake("the margin on the squared distance", _on_squares),
                ),
            ),
            Property(
                "Different ones beyond the margin, and those in the same place, have no gradient.",
                _gradients_end,
                0.0,
                (Mistake("the slope of a root at zero", _rooted),),
            ),
        ),
    ),
    Term(
        "arcface",
        losses.arcface,
        (
            Property(
                "The label's score is s times the cosine of its angle and m, the others are s times their cosines.",
                _angles,
                1e-12,
                (
                    Mistake("the margin on the cosine", losses.cosface),
                    Mistake("the margin taken from the angle", _narrower),
                ),
            ),
            Property(
                "How long features and centres are has no part in it.",
                _lengths,
                1e-12,
                (Mistake("products instead of cosines", _raw),),
            ),
        ),
    ),
    Term(
        "cosface",
        losses.cosface,
        (
            Property(
                "It is ArcFace without margin, with the label's score lower by s m.",
                _lowered,
                1e-12,
                (
                    Mistake("the margin on every class", _on_all),
                    Mistake("the margin not scaled", _unscaled),
                    Mistake("the margin on the angle", losses.arcface),
                ),
            ),
        ),
    ),
    Term(
        "nt-xent",
        losses.nt_xent,
        (
            Property(
                "It is the cross-entropy of finding the other view among the 2N − 1 others.",
                _choice,
                1e-12,
                (
                    Mistake("each one among its own rivals", _among_all),
                    Mistake("multiplied by the temperature", lambda x, y, t: losses.nt_xent(x, y, 1 / t)),
                ),
            ),
            Property(
                "It does not see how long a vector is.",
                _scale,
                1e-12,
                (Mistake("products instead of cosines", lambda x, y, t: _among_all(x, y, t, unit=False)),),
            ),
        ),
    ),
)
