"""Computations that show errors of the document about gated layers."""

from __future__ import annotations

from typing import Any

from netspec.catalogue import gpt
from netspec.vocabulary.evidence import Evidence

#: Parameters of the smallest GPT-2 as published, and its number of learned positions.
PUBLISHED, POSITIONS = 124_439_808, 1024


def gpt_2_is_not_gated() -> Evidence:
    """The published GPT-2 against its count with a plain feed-forward and with a gated one of the same width."""
    (spec,) = (one for one in gpt.SPECS if one.name == "GPT-2 small")
    layers: tuple[Any, ...] = spec.layers
    table, encoder = layers
    gates = encoder.n_blocks * (encoder.width * encoder.mlp_width + encoder.mlp_width)
    plain = (table.vocabulary + POSITIONS) * encoder.width + encoder.params()
    return Evidence(
        f"GPT-2 has gated feed-forwards, which make {plain + gates:,} parameters",
        f"it has {PUBLISHED:,}, as plain ones make: {plain:,}",
        plain == PUBLISHED != plain + gates,
    )
