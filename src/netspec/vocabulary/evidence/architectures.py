"""Counts that the document states of architectures and that do not come out."""

from __future__ import annotations

from netspec.catalogue import find
from netspec.layers import LMHead, TokenPositionEmbed, TransformerEncoder
from netspec.vocabulary.evidence import Evidence


def bert_large() -> Evidence:
    """BERT-large with its positions and segments, less the bias of our token table, in millions."""
    width = 1024
    count = find("BERT-large").params + (512 + 2 - 1) * width
    return Evidence("340M", f"{count:,}, {count / 1e6:.0f}M", round(count / 1e6) != 340)


def gpt_listing() -> Evidence:
    """Parameters of the listing of GPT: its tables, twelve of its blocks with a last norm, a head without bias."""
    listed = (
        TokenPositionEmbed(50257, 1024, 768).params()
        + TransformerEncoder(768, 12, 2048, 12).params()
        + LMHead(768, 50257).params()
        - 50257
    )
    small = find("GPT-2 small").params + (1024 - 1) * 768
    return Evidence(f"{listed:,} parameters", f"{small:,} parameters", listed != small)
