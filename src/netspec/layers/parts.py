"""The parts of a transformer block besides its attention: norms, where they stand, and the MLP."""

from __future__ import annotations

from typing import Literal

from netspec.errors import LayerError
from netspec.layers.attention import Attention
from netspec.layers.base import Shape
from netspec.layers.patterns import FULL
from netspec.names import tap_wrong

#: LayerNorm (Ba et al. 2016, arXiv:1607.06450), RMSNorm, without mean and shift (Zhang & Sennrich 2019,
#: arXiv:1910.07467), or none anywhere.
Norm = Literal["layer", "rms", "none"]

#: ``pre``: ``x + f(N(x))`` and a final norm. ``post``: ``N(x + f(x))`` (Vaswani et al. 2017). ``sandwich``:
#: ``x + N'(f(N(x)))`` and a final norm (Ding et al. 2021, arXiv:2105.13290, sec. 2.4).
Placement = Literal["pre", "post", "sandwich"]

#: How a branch is added. ``plain``: as it is. ``rezero``: times a number that starts at zero (Bachlechner et al. 2020,
#: arXiv:2003.04887, eq. 2). ``deepnorm``: to ``x`` times ``α``, with norms behind the sums (Wang et al. 2022,
#: arXiv:2203.00555, fig. 2). ``none``: to nothing, a plain network. A factor per feature is ``layer_scale``.
ResidualScale = Literal["plain", "rezero", "deepnorm", "none"]

#: The function between both maps, or the gate of a gated MLP (Shazeer 2020, arXiv:2002.05202).
Mlp = Literal["gelu", "relu", "silu", "swiglu", "geglu", "reglu"]
GATED = ("swiglu", "geglu", "reglu")

#: GELU by its tanh form, as in the book, or by the normal distribution.
Gelu = Literal["tanh", "exact"]


def norm_params(norm: Norm, width: int) -> int:
    """Gain, and of LayerNorm a shift."""
    return {"layer": 2, "rms": 1, "none": 0}[norm] * width


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
    if name and attention.kernel != "softmax":
        arrived = f"mask={name!r} and kernel={attention.kernel!r}"
        raise LayerError("a state has all tokens", arrived=arrived, expected="one of them")
    if name and attention.pattern != FULL:
        arrived = f"mask={name!r} and pattern={attention.pattern!r}"
        raise LayerError("patterns take no mask", arrived=arrived, expected="one of them")
    if name and attention.window is not None:
        arrived = f"mask={name!r} and window={attention.window}"
        raise LayerError("windows take no mask", arrived=arrived, expected="one of them")


def expect_masked(tokens: int, *masks: Shape) -> None:
    """Raise :class:`LayerError` unless each mask has a number for each of as many tokens."""
    for mask in masks:
        if mask != (tokens,):
            raise LayerError("a mask has a number for each token", arrived=mask, expected=f"({tokens},)")


def expect_residual(
    residual: ResidualScale, placement: Placement, layer_scale: float | None, norm: Norm, final_norm: bool | None
) -> None:
    """Raise :class:`LayerError` for a scale of branches that does not go with norms or another scale.

    Without norms there is no place for one, and without residuals nothing to scale a branch beside.
    """
    if norm == "none" and (placement != "pre" or final_norm):
        arrived = f"norm='none' with {'final_norm' if final_norm else f'placement={placement!r}'}"
        raise LayerError("there is no norm to place", arrived=arrived, expected="norm='layer' or 'rms'")
    if residual == "none" and (placement != "pre" or layer_scale is not None):
        arrived = f"residual='none' with {f'placement={placement!r}' if placement != 'pre' else 'layer_scale'}"
        raise LayerError("there is no sum to normalise or scale", arrived=arrived, expected="residual='plain'")
    if residual == "deepnorm" and placement != "post":
        arrived = f"deepnorm with placement={placement!r}"
        raise LayerError("DeepNorm scales what a norm behind the sum reads", arrived=arrived, expected="post")
    if residual == "rezero" and layer_scale is not None:
        arrived = f"rezero with layer_scale={layer_scale}"
        raise LayerError("both scale the branch", arrived=arrived, expected="one of them")


def skip_factor(residual: ResidualScale, branches: int) -> float:
    """What ``x`` is multiplied by beside its branch: ``α = branches^(1/4)`` of DeepNorm, all blocks' branches counted.

    With two branches in each of N blocks it is the paper's ``(2N)^(1/4)``, with three ``(3N)^(1/4)``. Zero without
    residuals.
    """
    if residual == "none":
        return 0.0
    return branches**0.25 if residual == "deepnorm" else 1.0


def scale_params(residual: ResidualScale, layer_scale: float | None, width: int) -> int:
    """Of one branch: a factor per feature, or one."""
    return (width if layer_scale is not None else 0) + (1 if residual == "rezero" else 0)
