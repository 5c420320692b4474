"""What is wrong with the document's convolutions."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary.convolutions import dilated_conv_4d
from netspec.vocabulary.evidence import Evidence


def transposed_size() -> Evidence:
    """The size that a transposed convolution of kernel 3, stride 2 and padding 1 makes of 4, by its adjoint."""
    side, kernel, stride, padding = 4, 3, 2, 1

    def strided(x: jax.Array) -> jax.Array:
        taps = jnp.ones((1, 1, kernel))
        return jax.lax.conv_general_dilated(x, taps, (stride,), [(padding, padding)])

    # The smallest input of which the convolution leaves 4: the adjoint has that size, without output padding.
    right = next(n for n in range(1, 20) if jax.eval_shape(strided, jnp.zeros((1, 1, n))).shape[-1] == side)
    return Evidence(f"{side * stride}", f"{right} = (4 − 1)·2 − 2·1 + 3", right != side * stride)


def three_axes() -> Evidence:
    """A batch of videos, (batch, channels, time, height, width), has three axes to convolve."""
    try:
        dilated_conv_4d(jnp.zeros((1, 5, 5, 5, 1)), jnp.zeros((3, 3, 3, 3, 1, 1)))
        fits = True
    except VocabularyError:
        fits = False
    return Evidence("four axes for a 3×3×3×3 kernel", "three axes, for a 3×3×3 kernel", not fits)
