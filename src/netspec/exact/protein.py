"""Pieces of AlphaFold 2 as OpenFold has them: the Evoformer, and invariant point attention."""

from __future__ import annotations

from typing import Any

from netspec.exact.published import Published, network
from netspec.layers import EvoformerBlock, InvariantPointAttention
from netspec.spec import NetSpec

OPENFOLD = "aqlaboratory/openfold commit ce0029e11991"
PAPER = "Jumper et al. 2021, Nature 596"


def evoformer(
    msa: int = 256,
    pair: int = 128,
    n_blocks: int = 48,
    single: int | None = 384,
    *,
    sequences: int = 512,
    residues: int = 256,
    **widths: Any,
) -> NetSpec:
    """Blocks over the alignment and the pairs ``z``; ``widths`` are further fields of the layer."""
    stack = EvoformerBlock(msa, pair, n_blocks, single, "z", outer_mean="behind", **widths)
    return network((sequences, residues, msa), stack, paper=PAPER, z=(residues, residues, pair))


def point_attention(
    single: int = 384,
    pair: int = 128,
    heads: int = 12,
    head_width: int = 16,
    query_points: int = 4,
    value_points: int = 8,
    *,
    residues: int = 256,
) -> NetSpec:
    """Attention by itself, over pairs ``z`` in frames of rotations ``q``, as quaternions, and translations ``t``."""
    attention = InvariantPointAttention(single, pair, heads, head_width, query_points, value_points, "z", "q", "t")
    inputs = {"z": (residues, residues, pair), "q": (residues, 4), "t": (residues, 3)}
    return network((residues, single), attention, paper=PAPER, **inputs)


NETWORKS = (
    Published(
        "openfold_model_1.evoformer",
        "AlphaFold 2",
        OPENFOLD,
        evoformer,
        ("OpenFold preset model_1", "OpenFold preset model_1_ptm"),
        piece="evoformer",
        rules="openfold_evoformer",
    ),
    Published("openfold_ipa", "AlphaFold 2", OPENFOLD, point_attention, rules="openfold_ipa"),
)
