"""Losses that place things: what belongs together close to each other, what does not far apart."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary import expect


def triplet_loss(anchors: jax.Array, positives: jax.Array, negatives: jax.Array, margin: float = 1.0) -> jax.Array:
    """Recognise faces never seen in training: only require that the same face is nearer than another, by a margin.

    Formula: L = max(0, d(a, p) − d(a, n) + m), d(x, y) = √(Σ (x − y)² + 10⁻⁶)
    Shapes: anchors a, positives p and negatives n (batch, width); losses (batch,).
    Parameters: none; the margin m is a distance.
    Cost: two distances a triplet.
    Training: most triplets satisfy the margin soon and teach nothing, so hard ones have to be looked for.
    Caveats: FaceNet squares the distances and takes unit vectors. The 10⁻⁶ (of optax) keeps the slope finite at d = 0.
    Raises: VocabularyError where shapes disagree or the margin is negative.
    Source: Schroff et al. 2015 (arXiv:1503.03832), sec. 3.1; vocabulary line 3716.

    >>> anchor, near, far = jnp.array([[0.0]]), jnp.array([[1.0]]), jnp.array([[1.5], [5.0]])
    >>> [round(triplet_loss(anchor, near, other[None], margin=1.0)[0].item(), 4) for other in far]
    [0.5, 0.0]
    """
    sizes = expect.axes(anchors=(anchors, "batch width"), positives=(positives, "batch width"))
    expect.axes(sizes, negatives=(negatives, "batch width"))
    expect.not_negative("margin", margin)
    return optax.losses.triplet_margin_loss(anchors, positives, negatives, margin=margin)


def contrastive_loss(one: jax.Array, other: jax.Array, same: jax.Array, margin: float = 1.0) -> jax.Array:
    """Learn a distance from pairs of which one only knows whether they are alike.

    Formula: L = ½ y d² + ½ (1 − y) max(0, m − d)², d = ‖x₁ − x₂‖
    Shapes: one x₁ and other x₂ (batch, width); same y (batch,), 1 for alike and 0 for different; losses (batch,).
    Parameters: none; the margin m is the distance from which different ones are far enough apart.
    Cost: one distance a pair.
    Training: without the margin all vectors could fly apart, without the second term all would fall together.
    Caveats: at d = 0 a different pair has no direction in which to part; the gradient there is taken as 0.
    Raises: VocabularyError where shapes disagree, y is outside [0, 1], or the margin is not above zero.
    Source: Hadsell et al. 2006, eq. 4; vocabulary line 3723.

    >>> one, other = jnp.array([[0.0, 0.0]] * 3), jnp.array([[0.6, 0.8], [0.3, 0.4], [3.0, 4.0]])
    >>> [round(float(loss), 4) for loss in contrastive_loss(one, other, jnp.array([1, 0, 0]))]
    [0.5, 0.125, 0.0]
    """
    sizes = expect.axes(one=(one, "batch width"), other=(other, "batch width"))
    expect.axes(sizes, same=(same, "batch"))
    expect.probability("same", same)
    expect.positive("margin", margin)
    squared = jnp.square(one - other).sum(-1)
    # Of sqrt at 0 the slope is infinite, and 0 · ∞ is no number: so it is not asked there.
    apart = squared > 0
    distance = jnp.where(apart, jnp.sqrt(jnp.where(apart, squared, 1.0)), 0.0)
    return (same * squared + (1 - same) * jnp.maximum(0.0, margin - distance) ** 2) / 2


def arcface(
    features: jax.Array, centres: jax.Array, labels: jax.Array, scale: float = 64.0, margin: float = 0.5
) -> jax.Array:
    """Separate many identities by angle: the right class has to be nearer than it would need to be, by a fixed angle.

    Formula: z_y = s cos(θ_y + m), z_c = s cos θ_c for c ≠ y; θ_c the angle between feature and centre
    Shapes: features (batch, width), centres (classes, width), one a class; labels (batch,), whole numbers; the scores
        are (batch, classes), for cross-entropy.
    Parameters: classes · width, the centres; scale s and margin m (in radians) are chosen.
    Cost: one product with the centres.
    Training: with the margin; in use the angle between two features is compared and the centres are thrown away.
    Caveats: where θ_y + m is above π the cosine rises again, and the score with it.
    Raises: VocabularyError where shapes disagree, a label has no centre, or the scale or the margin is negative.
    Source: Deng et al. 2019 (arXiv:1801.07698), eq. 3; vocabulary line 3730.

    >>> centres, feature = jnp.eye(2), jnp.array([[3.0, 3.0]])  # 45° to both
    >>> scores = arcface(feature, centres, jnp.array([0]), scale=1.0, margin=jnp.pi / 2)
    >>> [round(float(score), 3) for score in scores[0]]
    [-0.707, 0.707]
    """
    cosine, own = _cosines(features, centres, labels, scale, margin)
    sine_squared = 1 - cosine**2
    turned = sine_squared > 0
    sine = jnp.where(turned, jnp.sqrt(jnp.where(turned, sine_squared, 1.0)), 0.0)
    return scale * jnp.where(own, cosine * jnp.cos(margin) - sine * jnp.sin(margin), cosine)


def cosface(
    features: jax.Array, centres: jax.Array, labels: jax.Array, scale: float = 64.0, margin: float = 0.35
) -> jax.Array:
    """Separate many identities by angle as ArcFace does, with the margin on the cosine instead.

    Formula: z_y = s (cos θ_y − m), z_c = s cos θ_c for c ≠ y
    Shapes: features (batch, width), centres (classes, width), labels (batch,); the scores are (batch, classes).
    Parameters: classes · width, the centres; scale s and margin m are chosen.
    Cost: one product with the centres.
    Training: with the margin; in use cosines of features are compared.
    Caveats: the same margin is a wide angle where vectors are nearly parallel and a narrow one where they are not.
    Raises: VocabularyError where shapes disagree, a label has no centre, or the scale or the margin is negative.
    Source: Wang et al. 2018 (arXiv:1801.09414), eq. 4; vocabulary line 3730.

    >>> cosface(jnp.array([[2.0, 0.0]]), jnp.eye(2), jnp.array([0]), scale=10.0).tolist()
    [[6.5, 0.0]]
    """
    cosine, own = _cosines(features, centres, labels, scale, margin)
    return scale * (cosine - margin * own)


def nt_xent(embeddings: jax.Array, labels: jax.Array, temperature: float = 0.5) -> jax.Array:
    """Learn from pictures without labels: two views of one picture have to find each other in a crowd of others.

    Formula: L = −mean_{(i,j)} log( e^{s_ij/T} / Σ_{k≠i} e^{s_ik/T} ), s the cosine similarity
    Shapes: embeddings (2N, width); labels (2N,), the same number for the two views of a picture; one number in nats.
    Parameters: none; T is the temperature.
    Cost: all (2N)² similarities.
    Training: on a small network behind the features, which is thrown away afterwards; large batches give more others.
    Caveats: of more than two views the other right ones do not stand in the denominator (optax). For embeddings without
        information it is about log(2N − 1).
    Raises: VocabularyError where shapes disagree or the temperature is not above zero.
    Source: Chen et al. 2020 (arXiv:2002.05709), eq. 1; vocabulary line 3737.

    >>> views = jnp.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]])
    >>> f"{nt_xent(views, jnp.array([0, 0, 1, 1]), temperature=0.1):.1e}"  # 2 others, at right angles: log(1 + 2 e^-10)
    '9.1e-05'
    """
    expect.axes(embeddings=(embeddings, "batch width"), labels=(labels, "batch"))
    expect.positive("temperature", temperature)
    return optax.losses.ntxent(embeddings, labels, temperature)


def _cosines(
    features: jax.Array, centres: jax.Array, labels: jax.Array, scale: float, margin: float
) -> tuple[jax.Array, jax.Array]:
    """Cosines ``(batch, classes)`` between features and centres, and which of them belong to the label."""
    sizes = expect.axes(features=(features, "batch width"), centres=(centres, "classes width"))
    expect.axes(sizes, labels=(labels, "batch"))
    expect.within("labels", labels, 0, sizes["classes"] - 1)
    expect.not_negative("scale", scale)
    expect.not_negative("margin", margin)
    unit = [x / jnp.linalg.norm(x, axis=-1, keepdims=True) for x in (features, centres)]
    return unit[0] @ unit[1].T, jax.nn.one_hot(labels, sizes["classes"], dtype=bool)
