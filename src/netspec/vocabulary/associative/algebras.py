"""Layers over complex numbers and quaternions: fewer parameters, and phases or rotations kept whole."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import expect

#: Left multiplication of quaternions: of each component of w, where its products with x go and with which sign.
_PRODUCT = np.zeros((4, 4, 4))
for _left, _row in enumerate(((0, 1, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1), (3, 2, 1, 0))):
    for _right, _out in enumerate(_row):
        _PRODUCT[_left, _right, _out] = 1
for _left, _right in ((1, 1), (2, 2), (3, 3), (1, 3), (2, 1), (3, 2)):
    _PRODUCT[_left, _right] *= -1


def complex_layer(z: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
    """Keep phases of waves whole, where two real numbers would be mixed as if they had nothing to do with each other.

    The product with a complex matrix turns and scales. The activation modReLU acts on the absolute value only, and
    leaves the phase as it was.

    Formula: z ↦ modReLU(z W), (x + i y)(A + i B) = (x A − y B) + i (x B + y A); modReLU(u) = max(|u| + b, 0) u / |u|
    Shapes: z complex (..., in); weight complex (in, out); bias real (out,); result complex (..., out).
    Parameters: 2 · in · out + out real numbers.
    Cost: 4 · in · out real multiply-adds an example.
    Training: as in evaluation. The gradient of a real loss that JAX gives is the conjugate of the direction of ascent.
    Caveats: modReLU(0) is 0. With a positive bias small values are made large, and jump with their phase.
    Raises: VocabularyError for shapes that do not fit.
    Source: Arjovsky et al. 2016 [arXiv:1511.06464], eq. 8; Trabelsi et al. 2018 [arXiv:1705.09792], sec. 3;
        vocabulary line 4881.

    >>> z, weight = jax.numpy.array([[3 + 4j]]), jax.numpy.array([[1j]])
    >>> complex_layer(z, weight, jax.numpy.array([-2.5])).tolist()  # turned by a quarter, 5 cut to 2.5
    [[(-2+1.5j)]]
    """
    expect.axes(z=(z, "... in"), weight=(weight, "in out"), bias=(bias, "out"))
    mixed = z @ weight
    size = jnp.abs(mixed)
    return jnp.where(size > 0, jax.nn.relu(size + bias) / jnp.where(size > 0, size, 1), 0) * mixed


def quaternion_product(left: jax.Array, right: jax.Array) -> jax.Array:
    """Hamilton's product ``left ⊗ right`` of quaternions (w, x, y, z), ``(..., 4)`` each.

    Source: Parcollet et al. 2019 [arXiv:1806.04418], eq. 2.
    """
    expect.axes(left=(left, "... 4"), right=(right, "... 4"))
    return jnp.einsum("...a,...b,abc->...c", left, right, jnp.asarray(_PRODUCT, jnp.result_type(left)))


def quaternion_dense(x: jax.Array, weight: jax.Array) -> jax.Array:
    """Treat four numbers that belong together as one, with a quarter of the parameters of a dense layer.

    A weight is a quaternion, and its product with an input mixes all four parts of it by only four numbers. A unit
    quaternion on the left and its conjugate on the right turn the vector (0, x, y, z) in space.

    Formula: y_j = Σ_i w_ij ⊗ x_i, i² = j² = k² = ijk = −1
    Shapes: x (..., in, 4) in the order (1, i, j, k); weight (in, out, 4); result (..., out, 4).
    Parameters: 4 · in · out, where a dense layer of the same size has 16.
    Cost: 16 · in · out multiply-adds an example.
    Training: as in evaluation.
    Caveats: the product does not commute: the weight stands on the left.
    Raises: VocabularyError for shapes that do not fit.
    Source: Parcollet et al. 2019 [arXiv:1806.04418], eqs. 2 and 9; Gaudet and Maida 2018 [arXiv:1712.04604];
        vocabulary line 4890.

    >>> i, j = jax.numpy.eye(4)[1], jax.numpy.eye(4)[2]
    >>> quaternion_dense(j[None], i[None, None]).tolist()  # i ⊗ j = k
    [[0.0, 0.0, 0.0, 1.0]]
    """
    expect.axes(x=(x, "... in 4"), weight=(weight, "in out 4"))
    return jnp.einsum("ioa,...ib,abc->...oc", weight, x, jnp.asarray(_PRODUCT, jnp.result_type(x)))
