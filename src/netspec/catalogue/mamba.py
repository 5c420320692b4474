"""Mamba language models: selective state-space blocks and a token head."""

from netspec.catalogue.entry import LANGUAGE, Entry
from netspec.layers import Dense, MambaBlock

NEW = ("mamba_block",)
MAMBA = Entry("Mamba", LANGUAGE, "Gu & Dao 2023, arXiv:2312.00752", 2023, NEW, NEW)


def mamba(name, width, n_blocks, tokens=2048, vocabulary=50280):
    """State size 16, expansion 2; the listing starts behind the embedding."""
    return MAMBA.spec(name, (tokens, width), MambaBlock(width, 16, 2, n_blocks), Dense(width, vocabulary))


SPECS = (
    mamba("Mamba-130M", 768, 24),
    mamba("Mamba-370M", 1024, 48),
    mamba("Mamba-790M", 1536, 48),
    mamba("tiny-Mamba", 128, 4, tokens=256, vocabulary=1000),
)
