"""Matrix products and 1×1 convolutions, written so that XLA on CPU reads what it has without copying it first."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from netspec.modules.cpu.switch import instead_of


@instead_of(lax.dot_general)
def rows_dot(x: jnp.ndarray, kernel: jnp.ndarray, dimension_numbers, **options) -> jnp.ndarray:
    """``(…, in)`` by ``(in, out)`` to ``(…, out)`` as one product of matrices; takes the place of ``dot_general``.

    With all leading axes in one, the kernel's gradient contracts a single axis, which XLA reads in place. Contracting
    two, it writes the transposed cotangent out first, which on CPU costs as much as the product itself.
    """
    (contracting, _), _ = dimension_numbers
    if x.ndim < 3 or tuple(contracting) != (x.ndim - 1,):
        return lax.dot_general(x, kernel, dimension_numbers, **options)
    rows = lax.dot_general(x.reshape(-1, x.shape[-1]), kernel, (((1,), (0,)), ((), ())), **options)
    return rows.reshape(*x.shape[:-1], kernel.shape[-1])


@instead_of(lax.conv_general_dilated)
def pointwise_conv(x: jnp.ndarray, kernel: jnp.ndarray, strides: tuple[int, int], *_, precision=None, **_rest):
    """A 1×1 convolution of one group, ``(B, H, W, in)`` by ``(1, 1, in, out)``, as one product of matrices.

    The same sums; takes the place of ``conv_general_dilated``. XLA on CPU rewrites the forward pass in this way by
    itself, but takes the kernel's gradient as a convolution with windows as large as the picture, for which it first
    transposes what both sides kept.
    """
    down, across = strides
    return rows_dot(x[:, ::down, ::across], kernel[0, 0], (((x.ndim - 1,), (0,)), ((), ())), precision=precision)
