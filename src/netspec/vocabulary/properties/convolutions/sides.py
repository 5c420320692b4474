"""Convolutions over one, three and four axes."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from netspec.vocabulary import convolutions
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.convolutions.shared import flipped, picture
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _slices(conv: Implementation, case: Case) -> float:
    x, kernel = case.normal(1, 5, 5, 6, 5, 1), case.normal(3, 3, 3, 3, 1, 1, seed=1)
    each = [
        sum(plain.correlate(x[:, o + 2 * i], kernel[i], dilation=2, padding=(0, 0)) for i in range(3)) for o in range(1)
    ]
    return apart(conv(x, kernel), np.stack(each, 1))


def _taps(conv: Implementation, case: Case) -> float:
    impulse = np.zeros((1, 9, 9, 9, 9, 1))
    impulse[0, 4, 4, 4, 4] = 1
    return apart(np.count_nonzero(conv(impulse, np.ones((3, 3, 3, 3, 1, 1)))), 81)


def _three_axes(x: Any, kernel: Any) -> Any:
    """Only three axes convolved, with the middle of the fourth."""
    three = jax.vmap(lambda each: convolutions.dilated_conv_4d(each[:, None], kernel[1:2]), 1, 1)(x)
    return three[:, 2:-2, 0]


FOUR_AXES = Term(
    "dilated-conv-4d",
    convolutions.dilated_conv_4d,
    (
        Property(
            "It is the sum, over the taps of its first axis, of dilated convolutions over the other three.",
            _slices,
            ROUNDING,
            (
                Mistake("no gaps", lambda x, k: convolutions.dilated_conv_4d(x, k, dilation=1)),
                Mistake("the kernel turned over", flipped(convolutions.dilated_conv_4d)),
            ),
        ),
        Property(
            "A kernel of side three reads 3⁴ = 81 positions.",
            _taps,
            0.0,
            (Mistake("27 positions: three of the axes convolved", _three_axes, line=1232),),
        ),
    ),
)


def _sequence(case: Case, taps: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    channels = case.channels
    return (
        case.normal(case.batch, case.tokens, channels),
        case.normal(taps, channels, 2, seed=1),
        case.normal(2, seed=2),
    )


def _loop(conv: Implementation, case: Case) -> float:
    x, kernel, bias = _sequence(case)
    return apart(conv(x, kernel, bias), plain.correlate(x, kernel) + bias)


def _strided(conv: Implementation, case: Case) -> float:
    x, kernel, _ = _sequence(case)
    x = np.concatenate([x, x, x], axis=1)
    found = conv(x, kernel, stride=2, padding="VALID", dilation=1)
    return apart(found, plain.correlate(x, kernel, stride=2, padding=(0, 0)))


ONE_AXIS = Term(
    "conv1d",
    convolutions.conv1d,
    (
        Property(
            "It is the sum of its taps' matrix products with the shifted sequence.",
            _loop,
            ROUNDING,
            (
                Mistake("the kernel turned over", flipped(convolutions.conv1d)),
                Mistake("no bias", lambda x, k, b: convolutions.conv1d(x, k)),
                Mistake("a look at the past only", convolutions.causal_conv1d),
            ),
        ),
        Property(
            "With a stride of two it has every other position of the dense one.",
            _strided,
            ROUNDING,
            (
                Mistake(
                    "the stride as dilation",
                    lambda x, k, stride, padding, dilation: convolutions.conv1d(x, k, padding=padding, dilation=stride),
                ),
                Mistake(
                    "padded all the same",
                    lambda x, k, stride, padding, dilation: convolutions.conv1d(x, k, stride=stride),
                ),
            ),
        ),
    ),
)


def _no_future(conv: Implementation, case: Case) -> float:
    x, kernel, _ = _sequence(case)
    tokens = case.tokens
    seen = plain.reaches(lambda each: conv(each, kernel, dilation=2), x)
    wanted = [[t - s in (0, 2, 4) for s in range(tokens)] for t in range(tokens)]
    return wrong(seen.shape == (tokens, tokens) and np.array_equal(seen, wanted))


def _padded(conv: Implementation, case: Case) -> float:
    x, kernel, bias = _sequence(case)
    return apart(conv(x, kernel, bias, dilation=2), plain.correlate(x, kernel, dilation=2, padding=(4, 0)) + bias)


def _centred(x: Any, kernel: Any, bias: Any = None, *, dilation: int = 1) -> Any:
    return convolutions.conv1d(x, kernel, bias, dilation=dilation)


CAUSAL = Term(
    "causal-conv1d",
    convolutions.causal_conv1d,
    (
        Property(
            "Output t depends on inputs t, t − r and t − 2r and on nothing later.",
            _no_future,
            0.0,
            (
                Mistake("padded on both sides", _centred),
                Mistake(
                    "run backwards",
                    lambda x, k, dilation: convolutions.causal_conv1d(x[:, ::-1], k, dilation=dilation)[:, ::-1],
                ),
            ),
        ),
        Property(
            "It is the dense loop over the sequence with r(k − 1) zeros before it.",
            _padded,
            ROUNDING,
            (
                Mistake("the taps numbered into the past", flipped(convolutions.causal_conv1d)),
                Mistake("padded on both sides", _centred),
            ),
        ),
    ),
)


def _per_slice(conv: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, kernel, bias = picture(case, 2), case.normal(1, 3, 3, 2, 2, seed=1), case.normal(2, seed=2)
    each = [plain.correlate(x[:, depth], kernel[0]) + bias for depth in range(2)]
    return apart(conv(x, kernel, bias), np.stack(each, 1))


def _volume(conv: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, kernel, bias = picture(case, 3), case.normal(3, 3, 3, 2, 2, seed=1), case.normal(2, seed=2)
    return apart(conv(x, kernel, bias), plain.correlate(x, kernel) + bias)


THREE_AXES = Term(
    "conv3d",
    convolutions.conv3d,
    (
        Property(
            "With a kernel one deep it is the same two-dimensional convolution of every slice.",
            _per_slice,
            ROUNDING,
            (
                Mistake("the kernel turned over", flipped(convolutions.conv3d)),
                Mistake(
                    "depth taken for width",
                    lambda x, k, b: convolutions.conv3d(x.swapaxes(1, 3), k, b).swapaxes(1, 3),
                ),
            ),
        ),
        Property(
            "It is the sum of its taps over all three axes.",
            _volume,
            ROUNDING,
            (
                Mistake("no bias", lambda x, k, b: convolutions.conv3d(x, k)),
                Mistake("only the middle of its depth", lambda x, k, b: convolutions.conv3d(x, k[1:2], b)),
            ),
        ),
    ),
)
