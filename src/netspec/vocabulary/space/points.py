"""Sets of points in space."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def pointnet(
    points: jax.Array,
    weight: jax.Array,
    bias: jax.Array,
    head: jax.Array,
    head_bias: jax.Array,
    alignment: jax.Array | None = None,
) -> jax.Array:
    """Describe a cloud of points, which come in no order and may be any number.

    Each point goes through the same layers, and each feature keeps its largest value over all points, which does not
    depend on their order. A second network reads those. A matrix that a small network of the same kind proposes for
    each cloud (T-Net) may turn it into a standard pose first.

    Formula: f({x_1, …, x_n}) = γ(max_i h(A x_i)), h(x) = relu(x W + b), γ(z) = z V + c
    Shapes: points (batch, points, axes); weight (axes, features), bias (features,); head (features, out), head_bias
        (out,); alignment (batch, axes, axes), for rows of points; result (batch, out).
    Parameters: axes · features + features + features · out + out; the published network has several layers of each.
    Cost: axes · features multiply-adds a point.
    Training: as in evaluation; a penalty keeps alignments near rotations.
    Caveats: at most as many points as features decide; the rest could be left out. Neighbourhoods are not seen, which
        is what PointNet++ adds.
    Raises: VocabularyError for shapes that do not fit.
    Source: Qi et al. 2017 [arXiv:1612.00593], eq. 1; vocabulary line 4747.

    >>> cloud, eye, none = jax.numpy.array([[[1.0, 0.0], [0.0, 2.0]]]), jax.numpy.eye(2), jax.numpy.zeros(2)
    >>> pointnet(cloud, eye, none, eye, none).tolist(), pointnet(cloud[:, ::-1], eye, none, eye, none).tolist()
    ([[1.0, 2.0]], [[1.0, 2.0]])
    """
    sizes = expect.axes(points=(points, "batch points axes"), weight=(weight, "axes features"), bias=(bias, "features"))
    expect.axes(sizes, head=(head, "features out"), head_bias=(head_bias, "out"))
    sizes.pop("out", None)
    if alignment is not None:
        expect.axes(sizes, alignment=(alignment, "batch axes axes"))
        points = points @ alignment
    return jnp.max(jax.nn.relu(points @ weight + bias), axis=1) @ head + head_bias
