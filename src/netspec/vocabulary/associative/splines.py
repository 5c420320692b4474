"""Networks whose edges are learned curves."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def b_splines(x: jax.Array, knots: jax.Array, order: int = 3) -> jax.Array:
    """Basis splines of degree ``order`` at x ``(...)`` by knots ``(knots,)`` in increasing order.

    Gives ``(..., knots − order − 1)``; they sum to 1 from ``knots[order]`` to before ``knots[−order−1]``.
    Source: de Boor 1978, ch. X, eq. 5 (Cox-de Boor recursion).
    """
    at = x[..., None]
    basis = ((at >= knots[:-1]) & (at < knots[1:])).astype(jnp.result_type(x, knots))
    for degree in range(1, order + 1):
        rising = (at - knots[: -degree - 1]) / (knots[degree:-1] - knots[: -degree - 1])
        falling = (knots[degree + 1 :] - at) / (knots[degree + 1 :] - knots[1:-degree])
        basis = rising * basis[..., :-1] + falling * basis[..., 1:]
    return basis


def kan_layer(x: jax.Array, coefficients: jax.Array, base: jax.Array, knots: jax.Array, order: int = 3) -> jax.Array:
    """Learn a curve on every edge, and only add at the nodes; the curves can be looked at.

    A dense layer has a number on each edge and a fixed bend at each node. A Kolmogorov-Arnold layer has a spline on
    each edge, beside a fixed smooth function that keeps gradients alive outside the spline's grid.

    Formula: y_j = Σ_i (w_ij silu(x_i) + Σ_k c_ijk B_k(x_i))
    Shapes: x (..., in); coefficients (in, out, splines); base (in, out); knots (knots,) in increasing order, evenly
        spaced as a rule, with knots = splines + order + 1; result (..., out).
    Parameters: in · out · (splines + 1), where splines = grid + order: 9 times a dense layer's for grid 5 and order 3.
    Cost: in · out · (splines + 1) multiply-adds an example, and the splines of each input.
    Training: as in evaluation; the grid may be refined on the way, by fitting the finer splines to the coarser.
    Caveats: outside the grid all splines are 0. Whether it needs fewer parameters than a dense network depends on the
        task; at equal size dense networks were found better except on formulas.
    Raises: VocabularyError for shapes that do not fit and knots that do not increase.
    Source: Liu et al. 2024 [arXiv:2404.19756], eqs. 2.10 to 2.12; vocabulary line 4894.

    >>> knots = jax.numpy.arange(-3.0, 5.0)  # one interval, 0 to 1, with three more on either side
    >>> straight = jax.numpy.array([-1.0, 0.0, 1.0, 2.0])[None, None]  # c_k = k gives the identity
    >>> kan_layer(jax.numpy.array([[0.25]]), straight, jax.numpy.zeros((1, 1)), knots).round(6).tolist()
    [[0.25]]
    """
    order = expect.whole("order", order, 0)
    sizes = expect.axes(x=(x, "... in"), coefficients=(coefficients, "in out splines"), base=(base, "in out"))
    expect.axes(knots=(knots, "knots"))
    if jnp.shape(knots)[0] != sizes["splines"] + order + 1:
        raise VocabularyError(
            f"knots: arrived {jnp.shape(knots)[0]}, expected {sizes['splines']} splines + order {order} + 1"
        )
    expect.positive("differences of knots", jnp.diff(knots))
    curves = jnp.einsum("...is,ios->...o", b_splines(x, knots, order), coefficients)
    return jax.nn.silu(x) @ base + curves
