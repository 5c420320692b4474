"""A convolution that XLA on CPU differentiates inside of loops as fast as outside."""

from __future__ import annotations

import jax
from jax import lax

from netspec.modules.cpu.switch import instead_of


@instead_of(lax.conv_general_dilated)
def loopable_conv(x, kernel, *_, **_rest):
    """A convolution of stride 1 with an odd window, ``(B, H, W, in)`` by ``(k, k, in, out)`` to ``(B, H, W, out)``.

    Both gradients are written as convolutions of images in the same layout. XLA on CPU brings those that jax derives
    into this form outside of loops only, and inside computes them a number at a time.
    """
    return _convolution(x, kernel)


@jax.custom_vjp
def _convolution(x, kernel):
    return _slid(x, kernel, kernel.shape[0] // 2)


def _slid(x, kernel, padding: int):
    return lax.conv_general_dilated(
        x, kernel, (1, 1), ((padding, padding),) * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _gradients(kept, cotangent):
    x, kernel = kept
    padding = kernel.shape[0] // 2
    of_x = _slid(cotangent, kernel[::-1, ::-1].swapaxes(2, 3), padding)
    of_kernel = _slid(x.transpose(3, 1, 2, 0), cotangent.transpose(1, 2, 0, 3), padding)
    return of_x, of_kernel.transpose(1, 2, 0, 3)


_convolution.defvjp(lambda x, kernel: (_convolution(x, kernel), (x, kernel)), _gradients)
