"""The parts of a transformer block besides its attention: norms, where they stand, and the MLP."""

from __future__ import annotations

from typing import Literal

from netspec.errors import LayerError
from netspec.layers.attention import Attention
from netspec.layers.base import Shape
from netspec.names import tap_wrong

#: LayerNorm (Ba et al. 2016, arXiv:1607.06450), or RMSNorm, without mean and shift (Zhang & Sennrich 2019,
#: arXiv:1910.07467).
Norm = Literal["layer", "rms"]

#: ``pre``: ``x + f(N(x))`` and a final norm. ``post``: ``N(x + f(x))`` (Vaswani et al. 2017). ``sandwich``:
#: ``x + N'(f(N(x)))`` and a final norm (Ding et al. 2021, arXiv:2105.13290, sec. 2.4).
Placement = Literal["pre", "post", "sandwich"]

#: The function between both maps, or the gate of a gated MLP (Shazeer 2020, arXiv:2002.05202).
Mlp = Literal["gelu", "relu", "silu", "swiglu", "geglu", "reglu"]
GATED = ("swiglu", "geglu", "reglu")

#: GELU by its tanh form, as in the book, or by the normal distribution.
Gelu = Literal["tanh", "exact"]


def norm_params(norm: Norm, width: int) -> int:
    """Gain, and of LayerNorm a shift."""
    return 2 * width if norm == "layer" else width


def mlp_params(width: int, mlp_width: int, mlp: Mlp, bias: bool) -> int:
    """Two maps, or three with a gate, with or without biases."""
    up = 2 * mlp_width if mlp in GATED else mlp_width
    return width * up + mlp_width * width + (up + width if bias else 0)


def mlp_macs(width: int, mlp_width: int, mlp: Mlp) -> int:
    """Those maps, for one token."""
    return (3 if mlp in GATED else 2) * width * mlp_width


def norms_per_branch(placement: Placement) -> int:
    """Norms of one residual branch."""
    return 2 if placement == "sandwich" else 1


def expect_epsilon(epsilon: float) -> None:
    """Raise :class:`LayerError` unless what a norm adds to its variance is small and positive."""
    if not 0 < epsilon < 1:
        raise LayerError("norm_epsilon must be small", arrived=epsilon, expected="above 0 and below 1, such as 1e-5")


def expect_mask(name: str, attention: Attention) -> None:
    """Raise :class:`LayerError` for the name of a mask that is none, or a mask over windows, which come in blocks."""
    if name and (wrong := tap_wrong(name)):
        raise LayerError("a mask needs a name", arrived=repr(name), expected=wrong)
    if name and attention.window is not None:
        arrived = f"mask={name!r} and window={attention.window}"
        raise LayerError("windows take no mask", arrived=arrived, expected="one of them")


def expect_masked(tokens: int, *masks: Shape) -> None:
    """Raise :class:`LayerError` unless each mask has a number for each of as many tokens."""
    for mask in masks:
        if mask != (tokens,):
            raise LayerError("a mask has a number for each token", arrived=mask, expected=f"({tokens},)")
