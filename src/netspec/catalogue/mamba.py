"""Mamba language models: selective state-space blocks and a token head."""

from __future__ import annotations

from netspec.catalogue.entry import LANGUAGE, Entry
from netspec.layers import Dense, MambaBlock
from netspec.spec import NetSpec

NEW = ("mamba_block",)
MAMBA = Entry("Mamba", LANGUAGE, "Gu & Dao 2023, arXiv:2312.00752", 2023, NEW, NEW)


def mamba(name: str, width: int, n_blocks: int, tokens: int = 2048, vocabulary: int = 50280) -> NetSpec:
    """State size 16, expansion 2; the listing starts behind the embedding."""
    return MAMBA.spec(name, (tokens, width), MambaBlock(width, 16, 2, n_blocks), Dense(width, vocabulary))


SPECS = (
    mamba("Mamba-130M", 768, 24),
    mamba("Mamba-370M", 1024, 48),
    mamba("Mamba-790M", 1536, 48),
    mamba("tiny-Mamba", 128, 4, tokens=256, vocabulary=1000),
)
