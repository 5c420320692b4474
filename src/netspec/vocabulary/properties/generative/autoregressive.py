"""What must hold of models that see only what came before."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.signal
import scipy.special

from netspec.layers import Conv2d, WaveNetBlock
from netspec.layers.base import Layer
from netspec.spec import NetSpec
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.generative.autoregressive import made_log_prob, masked_conv
from netspec.vocabulary.programs import traced
from netspec.vocabulary.properties.networks import network
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

BITS, HIDDEN = 4, 5
STRINGS = np.array([[number >> place & 1 for place in range(BITS)] for number in range(2**BITS)], dtype=float)


@traced
def _log_prob(log_prob: Implementation, bits: Any, *weights: Any) -> Any:
    return log_prob(bits, *weights)


def _made(case: Case) -> tuple[np.ndarray, ...]:
    shapes = ((BITS, HIDDEN), (HIDDEN,), (HIDDEN, BITS), (BITS,))
    return tuple(case.normal(*shape, seed=seed) for seed, shape in enumerate(shapes))


def _sums_to_one(log_prob: Implementation, case: Case) -> float:
    return apart(np.exp(np.sum(_log_prob(log_prob, STRINGS, *_made(case)), -1)).sum(), 1.0)


def _conditionals(log_prob: Implementation, case: Case) -> float:
    """Entry i is the share of the strings with its first bits among those with one bit fewer, counted in the table."""
    found = _log_prob(log_prob, STRINGS, *_made(case))
    table, worst = np.exp(found.sum(-1)), 0.0
    for length in range(1, BITS + 1):
        alike = [(STRINGS[:, None, :size] == STRINGS[None, :, :size]).all(-1) for size in (length - 1, length)]
        share = (alike[1] * table).sum(-1) / (alike[0] * table).sum(-1)
        worst = max(worst, apart(np.exp(found[:, length - 1]), share))
    return worst


def _with_masks(into: Any, out: Any) -> Any:
    """MADE with other masks: of inputs i and what hidden units see, and of these and outputs i."""

    def log_prob(bits: Any, weight_in: Any, bias_in: Any, weight_out: Any, bias_out: Any) -> Any:
        order, sees = np.arange(BITS), np.arange(HIDDEN) % (BITS - 1)
        hidden = jnp.tanh(bits @ (weight_in * into(sees, order[:, None])) + bias_in)
        logits = hidden @ (weight_out * out(order, sees[:, None])) + bias_out
        return jax.nn.log_sigmoid((2 * bits - 1) * logits)

    return log_prob


_MADE = (
    Mistake("an output sees its own bit", _with_masks(np.greater_equal, np.greater_equal)),
    Mistake("no masks", _with_masks(lambda a, b: 1.0, lambda a, b: 1.0)),
)


@traced
def _convolved(conv: Implementation, x: Any, kernel: Any, second: Any) -> tuple[Any, Any, Any]:
    """With mask A, with mask B, and with A and then B."""
    first = conv(x, kernel, "A")
    return first, conv(x, kernel, "B"), conv(first, second, "B")


def _past_only(conv: Implementation, case: Case) -> float:
    """Each pixel in turn is changed, in a batch: which outputs change? After mask A and B, only later ones."""
    kernels = case.normal(3, 3, 1, 2, seed=1), case.normal(3, 3, 2, 1, seed=2)
    images = (case.normal(12) + np.concatenate([np.eye(12), np.zeros((1, 12))])).reshape(13, 4, 3, 1)
    _, direct, both = (np.asarray(y).reshape(13, 12, -1) for y in _convolved(conv, images, *kernels))
    changed, own = ((y[:12] != y[12]).any(-1) for y in (both, direct))  # (pixel changed, pixel seen)
    return wrong([not np.tril(changed).any(), not np.tril(own, -1).any(), np.diagonal(own).all()])


def _ordinary(conv: Implementation, case: Case) -> float:
    """With a kernel that is 0 from the centre on, the mask changes nothing: it is scipy's correlation."""
    images, kernel = case.normal(13, 4, 3, 1), case.normal(3, 3, 1, 2, seed=1)
    kernel.reshape(9, 2)[4:] = 0
    expected = scipy.signal.correlate2d(images[0, :, :, 0], kernel[:, :, 0, 0], mode="same")
    found = _convolved(conv, images, kernel, case.normal(3, 3, 2, 1, seed=2))
    return max(apart(y[0, :, :, 0], expected) for y in found[:2])


def _masked_by(mask: Any) -> Any:
    def conv(x: Any, kernel: Any, kind: str = "B") -> Any:
        kept = np.reshape(mask(kind), (3, 3, 1, 1)) * kernel
        return jax.lax.conv_general_dilated(x, kept, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    return conv


@traced
def _slopes(apply: Any, tensors: Any, x: Any) -> tuple[Any, Any]:
    """What a stack gives, and how its value at time 9 depends on the input."""
    return apply(tensors, x), jax.grad(lambda x: jnp.sum(apply(tensors, x)[0, 9]))(x)


def _receptive(block: Implementation, case: Case) -> float:
    """What reaches output t are the inputs t − 2^L + 1 to t, and no other."""
    apply, tensors = network(NetSpec("stack", (12, 1, 2), (block(2, 3, 3),)), case)
    reached = np.abs(_slopes(apply, tensors, case.normal(1, 12, 1, 2))[1]).max((0, 2, 3)) > 0
    return wrong(reached == ((np.arange(12) <= 9) & (np.arange(12) > 9 - 2**3)))


def _gated(block: Implementation, case: Case) -> float:
    """One layer is tanh times sigmoid of two convolutions of two taps, and a map to the skip."""
    apply, tensors = network(NetSpec("layer", (12, 1, 2), (block(2, 3, 1),)), case)
    x, layer = case.normal(1, 12, 1, 2), tensors["layers"][0]["layers"][0]
    kernel, bias = (layer["filter_gate"][part][...] for part in ("kernel", "bias"))
    skip, shift = (layer["skip"][part][...] for part in ("kernel", "bias"))
    before = np.concatenate([np.zeros((1, 2)), x[0, :-1, 0]])
    filtered, gate = np.split(before @ kernel[0, 0] + x[0, :, 0] @ kernel[1, 0] + bias, 2, -1)
    expected = np.tanh(filtered) * scipy.special.expit(gate) @ skip + shift
    return apart(_slopes(apply, tensors, x)[0][0, :, 0], expected)


def _deeper(residual: int, skip: int, layers: int) -> Layer:
    return WaveNetBlock(residual, skip, layers + 1)


def _centred(residual: int, skip: int, layers: int) -> Layer:
    return Conv2d(residual, skip, 3)


TERMS = (
    Term(
        "autoregressive-model",
        made_log_prob,
        (
            Property("The probabilities of all strings of four bits sum to 1.", _sums_to_one, 1e-12, _MADE),
            Property(
                "Each entry is the conditional probability that the table of all strings gives.",
                _conditionals,
                1e-12,
                (
                    *_MADE,
                    Mistake("bits from last to first", _with_masks(np.less_equal, np.less)),
                ),
            ),
        ),
    ),
    Term(
        "pixelcnn",
        masked_conv,
        (
            Property(
                "No pixel knows itself or one after it in reading order: the Jacobian is triangular.",
                _past_only,
                0.0,
                (
                    Mistake("mask B in the first layer", lambda x, k, kind="B": masked_conv(x, k, "B")),
                    Mistake("mask A in all", lambda x, k, kind="B": masked_conv(x, k, "A")),
                    Mistake("only rows below hidden", _masked_by(lambda kind: [1, 1, 1, 1, 1, 1, 0, 0, 0])),
                    Mistake("only columns to the right hidden", _masked_by(lambda kind: [1, 0, 0, 1, 0, 0, 1, 0, 0])),
                ),
            ),
            Property(
                "Where the kernel itself is 0 from the centre on, it is an ordinary convolution with zeros outside.",
                _ordinary,
                1e-12,
                (
                    Mistake("the kernel turned round", lambda x, k, kind="B": masked_conv(x, k[::-1, ::-1], kind)),
                    Mistake("the row above hidden too", _masked_by(lambda kind: [0, 0, 0, 1, kind == "B", 0, 0, 0, 0])),
                ),
            ),
        ),
    ),
    Term(
        "wavenet",
        WaveNetBlock,
        (
            Property(
                "An output sees the 2^L inputs up to its own, and none after.",
                _receptive,
                0.0,
                (
                    Mistake("a layer more", _deeper),
                    Mistake("a convolution around its own time", _centred),
                ),
            ),
            Property(
                "One layer is tanh times sigmoid of two-tap convolutions.",
                _gated,
                1e-12,
                (Mistake("a second layer", _deeper),),
            ),
        ),
    ),
)
