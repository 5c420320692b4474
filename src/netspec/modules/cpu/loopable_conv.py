"""A convolution that XLA on CPU differentiates inside of loops as fast as outside."""

from __future__ import annotations

from typing import Any

import jax
from jax import lax

from netspec.modules.cpu.strip_conv import Sides, slid
from netspec.modules.cpu.switch import instead_of


@instead_of(lax.conv_general_dilated)
def loopable_conv(x: jax.Array, kernel: jax.Array, *_: Any, **_rest: Any) -> jax.Array:
    """A convolution of stride 1 with an odd window, ``(B, H, W, in)`` by ``(k, k, in, out)`` to ``(B, H, W, out)``.

    Both gradients are written as convolutions of images in the same layout. XLA on CPU brings those that jax derives
    into this form outside of loops only, and inside computes them a number at a time.
    """
    return _convolution(x, kernel)


@jax.custom_vjp
def _convolution(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return slid(x, kernel, _sides(kernel))


def _sides(kernel: jax.Array) -> Sides:
    return ((kernel.shape[0] // 2,) * 2,) * 2


def _gradients(kept: tuple[jax.Array, jax.Array], cotangent: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, kernel = kept
    of_x = slid(cotangent, kernel[::-1, ::-1].swapaxes(2, 3), _sides(kernel))
    of_kernel = slid(x.transpose(3, 1, 2, 0), cotangent.transpose(1, 2, 0, 3), _sides(kernel))
    return of_x, of_kernel.transpose(1, 2, 0, 3)


_convolution.defvjp(lambda x, kernel: (_convolution(x, kernel), (x, kernel)), _gradients)
