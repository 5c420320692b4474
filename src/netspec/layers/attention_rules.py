"""Which parts of an attention cannot be together, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.errors import LayerError
from netspec.layers.patterns import FULL

if TYPE_CHECKING:
    from netspec.layers.attention import Attention


def check_combination(parts: Attention, width: int, heads: int, causal: bool) -> None:
    """Raise :class:`LayerError` for the first rule that ``parts`` break, for ``heads`` heads in ``width``."""
    if parts.window is not None and parts.pattern != FULL:
        arrived = f"window={parts.window}, pattern={parts.pattern!r}"
        raise LayerError("a window is a pattern itself", arrived=arrived, expected="one of them")
    _check_landmarks(parts, causal)
    if parts.kernel != "softmax":
        _check_state(parts, causal)
    if parts.latent is not None:
        _check_latent(parts, width, heads)
    if (parts.positions == "learned") != (parts.max_tokens is not None):
        arrived = f"positions={parts.positions!r}, max_tokens={parts.max_tokens}"
        raise LayerError("a learned table has a length", arrived=arrived, expected="both or neither")
    if parts.positions == "sinusoidal" and width % 2:
        raise LayerError("sines and cosines come in pairs", arrived=f"width {width}", expected="an even width")


def _check_state(parts: Attention, causal: bool) -> None:
    """What a kernel without scores, which carries a state from token to token, cannot have."""
    kernel = f"kernel={parts.kernel!r}"
    if parts.positions in ("alibi", "t5"):
        raise LayerError(
            "positions of scores need scores, which only a softmax has",
            arrived=f"positions={parts.positions!r} with {kernel}",
            expected="kernel='softmax'",
        )
    if parts.sees != FULL:
        raise LayerError(
            "a state is of all tokens so far, none of which can be left out",
            arrived=f"{parts.sees!r} with {kernel}",
            expected="pattern=Full()",
        )
    if parts.latent is not None:
        raise LayerError(
            "a latent is kept in place of keys, which a state does not keep",
            arrived=f"latent={parts.latent} with {kernel}",
            expected="kernel='softmax'",
        )
    if parts.kernel in ("retention", "wkv") and not causal:
        raise LayerError("what decays with time sees no later tokens", arrived=kernel, expected="causal=True")
    if parts.kernel == "wkv" and parts.positions == "rope":
        raise LayerError("wkv has no products of queries and keys to turn", arrived="rope", expected="positions='none'")
    if parts.kernel == "wkv" and parts.kv_heads is not None:
        arrived = f"kv_heads={parts.kv_heads}"
        raise LayerError("wkv has a key for each feature of its gate", arrived=arrived, expected="kv_heads=None")


def _check_landmarks(parts: Attention, causal: bool) -> None:
    """Landmarks belong to one kernel, which mixes tokens before and behind."""
    if (parts.kernel == "nystrom") != (parts.landmarks is not None):
        arrived = f"kernel={parts.kernel!r}, landmarks={parts.landmarks}"
        raise LayerError("landmarks are of one kernel", arrived=arrived, expected="both kernel='nystrom' and landmarks")
    if parts.value_conv is not None and (parts.kernel != "nystrom" or parts.value_conv % 2 == 0):
        arrived = f"kernel={parts.kernel!r}, value_conv={parts.value_conv}"
        raise LayerError("values of neighbours are added", arrived=arrived, expected="kernel='nystrom', an odd number")
    if parts.kernel == "nystrom" and causal:
        raise LayerError("landmarks are of later tokens, too", arrived="causal=True", expected="causal=False")
    if parts.kernel == "nystrom" and parts.kv_heads is not None:
        arrived = f"kv_heads={parts.kv_heads}"
        raise LayerError("each head has landmarks of its own keys", arrived=arrived, expected="kv_heads=None")


def _check_latent(parts: Attention, width: int, heads: int) -> None:
    """What keys and values that are maps of a latent cannot have."""
    if parts.kv_heads is not None:
        arrived = f"kv_heads={parts.kv_heads}, latent={parts.latent}"
        raise LayerError("all heads have keys of the latent", arrived=arrived, expected="one of them")
    if not parts.key_bias:
        raise LayerError("keys of a latent have no bias", arrived="key_bias=False", expected="the default")
    if parts.positions == "rope" and parts.width_of(width, heads) % 4:
        arrived = f"heads of width {parts.width_of(width, heads)}"
        raise LayerError("half of a head is turned in pairs", arrived=arrived, expected="a multiple of 4")
