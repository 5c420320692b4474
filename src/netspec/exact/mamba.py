"""Mamba in transformers: the token table is its head."""

from __future__ import annotations

from functools import partial

from netspec.exact.published import Published, network
from netspec.layers import LMHead, MambaBlock, RMSNorm, TokenPositionEmbed
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Gu & Dao 2023, arXiv:2312.00752"


def mamba(
    width: int, n_blocks: int, *, state_size: int = 16, expand: int = 2, vocabulary: int = 50280, tokens: int = 2048
) -> NetSpec:
    """Blocks with RMSNorm in front of each and behind the last."""
    return network(
        (tokens,),
        TokenPositionEmbed(vocabulary, tokens, width, learned_positions=False, table="tokens"),
        MambaBlock(width, state_size, expand, n_blocks),
        RMSNorm(width),
        LMHead(width, vocabulary, bias=False, table="tokens"),
        paper=PAPER,
    )


#: Size, width, blocks.
SIZES = (("130m", 768, 24), ("370m", 1024, 48), ("790m", 1536, 48), ("1.4b", 2048, 48), ("2.8b", 2560, 64))

NETWORKS = tuple(
    Published(
        f"state-spaces/mamba-{size}-hf",
        "Mamba",
        TRANSFORMERS,
        partial(mamba, width, blocks),
        (f"Mamba-{size}",),
        rules="mamba",
        aliases=(f"mamba-{size}",),
    )
    for size, width, blocks in SIZES
)
