"""Nyströmformer: an encoder whose attention is approximated, which changes the cost and not the count."""

from __future__ import annotations

from netspec.catalogue.entry import LANGUAGE, Entry
from netspec.layers import OneHotDense, TransformerEncoder
from netspec.spec import NetSpec

NYSTROMFORMER = Entry("Nyströmformer", LANGUAGE, "Xiong et al. 2021, arXiv:2102.03902", 2021)


def nystromformer(name: str, vocabulary: int, width: int, heads: int, n_blocks: int, tokens: int = 4096) -> NetSpec:
    """BERT without its pooler."""
    return NYSTROMFORMER.spec(
        name,
        (tokens,),
        OneHotDense(vocabulary, width),
        TransformerEncoder(width, heads, 4 * width, n_blocks),
        remark="multiply-adds are those of exact attention",
    )


SPECS = (
    nystromformer("Nyströmformer base (BERT-base-shaped, O(n) attention)", 30522, 768, 12, 12),
    nystromformer("Nyströmformer large (BERT-large-shaped)", 30522, 1024, 16, 24),
    nystromformer("tiny-Nyströmformer", 1000, 128, 2, 4, tokens=512),
)
