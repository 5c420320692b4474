"""One number after the other: probabilities that multiply, and masks that keep the future out."""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def made_log_prob(
    bits: jax.Array, weight_in: jax.Array, bias_in: jax.Array, weight_out: jax.Array, bias_out: jax.Array
) -> jax.Array:
    """Give every bit of a string its probability after those before it, all in one pass.

    Any distribution is a product of conditionals, and each is an easy problem. A network with one output a bit learns
    them all, if masks on its weights keep output i from inputs i and later (MADE, the smallest such network).

    Formula: log p(x) = Σ_i log p(x_i | x_1 … x_{i−1}); p(x_i = 1 | …) = σ(o_i),
        o = b' + (V ⊙ M_V) tanh(b + (W ⊙ M_W) x), M_W = [m(k) ≥ i], M_V = [i > m(k)],
        where hidden unit k may see the first m(k) inputs
    Shapes: bits (batch, bits) of 0 and 1; weight_in (bits, hidden), bias_in (hidden,), weight_out (hidden, bits),
        bias_out (bits,); result (batch, bits), whose sum over the last axis is log p(x), in nats.
    Parameters: 2 · bits · hidden + bits + hidden, of which the masks leave about half.
    Cost: 2 · bits · hidden multiply-adds an example; drawing takes a pass a bit.
    Training: the mean of log p is maximised; evaluation is the same.
    Caveats: the order of the bits is a choice, and drawing is slow.
    Raises: VocabularyError for shapes that do not fit and bits outside 0 to 1.
    Source: Germain et al. 2015 [arXiv:1502.03509], eqs. 4, 12 and 13; vocabulary line 4328.

    >>> fair = made_log_prob(jax.numpy.array([[0.0, 1.0, 1.0]]), *map(jax.numpy.zeros, ((3, 2), 2, (2, 3), 3)))
    >>> jax.numpy.exp(fair.sum(-1)).round(6).tolist()
    [0.125]
    """
    sizes = expect.axes(bits=(bits, "batch bits"), weight_in=(weight_in, "bits hidden"))
    expect.axes(sizes, bias_in=(bias_in, "hidden"), weight_out=(weight_out, "hidden bits"), bias_out=(bias_out, "bits"))
    expect.probability("bits", bits)
    order = np.arange(sizes["bits"])
    sees = np.arange(sizes["hidden"]) % max(sizes["bits"] - 1, 1)  # the last input that each hidden unit may see
    hidden = jnp.tanh(bits @ (weight_in * (sees >= order[:, None])) + bias_in)
    logits = hidden @ (weight_out * (order > sees[:, None])) + bias_out
    return jax.nn.log_sigmoid((2 * bits - 1) * logits)


def masked_conv(x: jax.Array, kernel: jax.Array, kind: Literal["A", "B"] = "B") -> jax.Array:
    """Let a pixel see only those above it and to its left, so that an image can be drawn pixel by pixel.

    The kernel's weights below the centre, and right of it in its row, are held at 0. The first layer of a PixelCNN also
    hides the pixel itself (mask A), or it would predict what it sees; later layers may look at what the first made of
    it (mask B).

    Formula: y_p = Σ_q x_q (K ⊙ M)_{q−p}; M = 1 above the centre and left of it, at the centre 0 (A) or 1 (B), else 0
    Shapes: x (batch, height, width, in); kernel (side, side, in, out) with an odd side; result (batch, height, width,
        out), with zeros around the image.
    Parameters: side² · in · out, of which (side² − 1) / 2 taps count, and in B the centre.
    Cost: side² · in · out multiply-adds a pixel as written.
    Training: as in evaluation; drawing takes a pass a pixel.
    Caveats: a stack never sees a wedge to the upper right of the pixel (the blind spot), which the gated form with two
        stacks removes. Colours of one pixel are not ordered here: with A they do not see each other.
    Raises: VocabularyError for shapes that do not fit, an even side and another kind.
    Source: van den Oord et al. 2016 [arXiv:1601.06759], fig. 2 and table 1; the blind spot: [arXiv:1606.05328], fig. 1;
        vocabulary line 4333.

    >>> x, kernel = jax.numpy.ones((1, 3, 3, 1)), jax.numpy.ones((3, 3, 1, 1))
    >>> masked_conv(x, kernel, "A")[0, :, :, 0].tolist()  # how many pixels each one sees
    [[0.0, 1.0, 1.0], [2.0, 4.0, 3.0], [2.0, 4.0, 3.0]]
    """
    sizes = expect.axes(x=(x, "batch height width in"), kernel=(kernel, "side side in out"))
    expect.one_of("kind", kind, ("A", "B"))
    if sizes["side"] % 2 == 0:
        raise VocabularyError(f"kernel: arrived with side {sizes['side']}, expected an odd one")
    taps = sizes["side"] ** 2
    seen = np.arange(taps) < taps // 2 + (kind == "B")
    return jax.lax.conv_general_dilated(
        x,
        kernel * seen.reshape(sizes["side"], sizes["side"], 1, 1),
        (1, 1),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
