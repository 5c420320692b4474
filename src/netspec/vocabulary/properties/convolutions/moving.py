"""Taps that move, two resolutions, and filters as long as the sequence."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import convolutions
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.convolutions.shared import flipped, picture
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _no_offsets(conv: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, kernel = picture(case), case.normal(1, 3, 2, 2, seed=1)
    return apart(program(conv)(x, kernel, np.zeros((*x.shape[:3], 3, 2))), plain.correlate(x, kernel))


def _moved(conv: Implementation, case: Case) -> float:
    """An offset of (1, −2) everywhere is the convolution of the image moved by as much."""
    case = plain.few(case)
    x, kernel = picture(case), case.normal(1, 3, 2, 2, seed=1)
    still = np.pad(x, ((0, 0), (4, 4), (4, 4), (0, 0)))
    there = plain.correlate(still, kernel)[:, 5 : 5 + case.height, 2 : 2 + case.width]
    return apart(program(conv)(x, kernel, np.broadcast_to([1.0, -2.0], (*x.shape[:3], 3, 2))), there)


def _between(conv: Implementation, case: Case) -> float:
    """Between pixels the output is linear in each part of the offset: its slope is the difference of the ends."""
    case = plain.ordinary(case)
    x, kernel = picture(case), case.normal(1, 3, 2, 2, seed=1)
    still, offsets = np.zeros((*x.shape[:3], 3, 2)), case.uniform(*x.shape[:3], 3, 2, low=0.1, high=0.4, seed=2)
    run, down = program(_total, 0), still + np.array([0.5, 0.0])
    values = [run(conv, x, kernel, offsets, scale * down) for scale in (0.0, 0.3, 1.0)]
    return apart(np.vdot(values[1][1], down), values[2][0] - values[0][0])


def _total(conv: Implementation, x: Any, kernel: Any, offsets: Any, more: Any) -> Any:
    """The sum of the output and its gradient in the offsets."""
    return jax.value_and_grad(lambda moved: jnp.sum(conv(x, kernel, offsets + moved)))(more)


def _nearest(x: Any, kernel: Any, offsets: Any) -> Any:
    return convolutions.deformable_conv(x, kernel, jnp.round(offsets))


def _transposed_offsets(x: Any, kernel: Any, offsets: Any) -> Any:
    return convolutions.deformable_conv(x, kernel, offsets[..., ::-1])


DEFORMABLE = Term(
    "deformable-conv",
    convolutions.deformable_conv,
    (
        Property(
            "Without offsets it is the convolution.",
            _no_offsets,
            ROUNDING,
            (
                Mistake("the kernel turned over", flipped(convolutions.deformable_conv)),
                Mistake("taps counted from the corner", lambda x, k, o: convolutions.deformable_conv(x, k, o + 1)),
            ),
        ),
        Property(
            "Whole offsets, the same everywhere, move the image.",
            _moved,
            ROUNDING,
            (
                Mistake("right and down exchanged", _transposed_offsets),
                Mistake("offsets against their direction", lambda x, k, o: convolutions.deformable_conv(x, k, -o)),
            ),
        ),
        Property(
            "Between two pixels its slope in the offset is the difference of what they give.",
            _between,
            1e-10,
            (Mistake("the nearest pixel", _nearest),),
        ),
    ),
)


def _only_high(conv: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, kernel = case.normal(case.batch, 2 * case.height, 2 * case.width, 3), case.normal(3, 3, 3, 4, seed=1)
    high, low = program(conv, "low_out")(x, None, kernel, low_out=0)
    return float("inf") if low is not None else apart(high, plain.correlate(x, kernel))


def _octaves(case: Case) -> tuple[np.ndarray, np.ndarray]:
    high = case.normal(case.batch, 2 * case.height, 2 * case.width, 3)
    return high, case.normal(case.batch, case.height, case.width, 2, seed=1)


def _exchange(conv: Implementation, case: Case) -> float:
    case = plain.few(case)
    high, low = _octaves(case)
    kernel = case.normal(1, 1, 5, 4, seed=2)
    found_high, found_low = program(conv, "low_out")(high, low, kernel, low_out=1)
    found = np.concatenate([_halved(found_high), found_low], -1)
    return apart(found, np.concatenate([_halved(high), low], -1) @ kernel[0, 0])


def _halved(x: Any) -> np.ndarray:
    return np.asarray((x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4)


def _strided_octave(high: Any, low: Any, kernel: Any, *, low_out: int) -> Any:
    """What is low is read at every other pixel, without a mean."""
    found, down = convolutions.octave_conv(high, low, kernel, low_out=low_out)
    if down is None:
        return found, None
    picked = convolutions.octave_conv(high[:, ::2, ::2].repeat(2, 1).repeat(2, 2), low, kernel, low_out=low_out)
    return found, picked[1]


def _apart_octave(high: Any, low: Any, kernel: Any, *, low_out: int) -> Any:
    """Two convolutions that exchange nothing."""
    split, low_from = high.shape[-1], kernel.shape[-1] - low_out
    kernel = jnp.asarray(kernel).at[:, :, :split, low_from:].set(0).at[:, :, split:, :low_from].set(0)
    return convolutions.octave_conv(high, low, kernel, low_out=low_out)


def _swapped_octave(high: Any, low: Any, kernel: Any, *, low_out: int) -> Any:
    """The channels of the kernel taken in reverse."""
    return convolutions.octave_conv(high, low, kernel[:, :, ::-1], low_out=low_out)


OCTAVE = Term(
    "octave-conv",
    convolutions.octave_conv,
    (
        Property(
            "With nothing at half the resolution (α = 0) it is the convolution.",
            _only_high,
            ROUNDING,
            (
                Mistake(
                    "the kernel turned over",
                    lambda high, low, k, low_out: convolutions.octave_conv(high, low, k[::-1, ::-1], low_out=low_out),
                ),
                Mistake("the input's channels in reverse", _swapped_octave),
            ),
        ),
        Property(
            "With a 1×1 kernel, brought to half the resolution, it is the 1×1 convolution of both parts there.",
            _exchange,
            ROUNDING,
            (
                Mistake("every other pixel instead of a mean", _strided_octave),
                Mistake("no exchange between the resolutions", _apart_octave),
            ),
        ),
    ),
)


def _long(case: Case) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    shape = case.tokens, case.channels
    gates = [case.normal(case.batch, *shape, seed=i) for i in (1, 2)]
    return case.normal(case.batch, *shape), gates, [case.normal(*shape, seed=i) for i in (3, 4)]


def _direct(operator: Implementation, case: Case) -> float:
    """By matrices of the filters: token t gets Σ_s h_{t−s} z_s, then its gate."""
    case = plain.few(case)
    z, gates, filters = _long(case)
    value = z
    for gate, taps in zip(gates, filters, strict=True):
        past = [[taps[t - s] if s <= t else 0 * taps[0] for s in range(case.tokens)] for t in range(case.tokens)]
        z = gate * np.einsum("tsc,bsc->btc", np.array(past), z)
    return apart(program(operator)(value, gates, filters), z)


def _causal(operator: Implementation, case: Case) -> float:
    case = plain.few(case)
    value, gates, filters = _long(case)
    run = program(operator)
    seen = plain.reaches(lambda v: run(v, gates, filters), value)
    return wrong(np.array_equal(seen, np.tri(case.tokens, dtype=bool)))


def _circular(value: Any, gates: Any, filters: Any) -> Any:
    z = value
    for gate, taps in zip(gates, filters, strict=True):
        z = gate * jnp.fft.irfft(jnp.fft.rfft(z, axis=1) * jnp.fft.rfft(taps, axis=0), z.shape[1], axis=1)
    return z


def _gates_first(value: Any, gates: Any, filters: Any) -> Any:
    z = value
    for gate, taps in zip(gates, filters, strict=True):
        z = convolutions.long_conv(gate * z, taps)
    return z


HYENA = Term(
    "hyena",
    convolutions.hyena,
    (
        Property(
            "The Fourier form is the direct sum Σ_{s≤t} h_{t−s} z_s, gate by gate.",
            _direct,
            1e-11,
            (
                Mistake("transforms without padding", _circular),
                Mistake("each gate before its filter", _gates_first),
            ),
        ),
        Property(
            "No token depends on a later one.",
            _causal,
            0.0,
            (Mistake("transforms without padding", _circular),),
        ),
    ),
)
