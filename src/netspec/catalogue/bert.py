"""BERT and RoBERTa: token table, encoder, pooler on the first token."""

from __future__ import annotations

from netspec.catalogue.entry import LANGUAGE, Entry
from netspec.layers import Dense, OneHotDense, TransformerEncoder
from netspec.spec import NetSpec

BERT = Entry("BERT / RoBERTa", LANGUAGE, "Devlin et al. 2018, arXiv:1810.04805", 2018)
ROBERTA = Entry(BERT.title, LANGUAGE, "Liu et al. 2019, arXiv:1907.11692", 2019)


def bert(entry: Entry, name: str, vocabulary: int, width: int, heads: int, n_blocks: int, tokens: int = 512) -> NetSpec:
    """An encoder with MLPs four times its width; positions and segments are left out, as in the listing."""
    return entry.spec(
        name,
        (tokens,),
        OneHotDense(vocabulary, width),
        TransformerEncoder(width, heads, 4 * width, n_blocks, readout="class_token"),
        Dense(width, width, "tanh"),  # pooler
    )


SPECS = (
    bert(BERT, "BERT-base", 30522, 768, 12, 12),
    bert(BERT, "BERT-large", 30522, 1024, 16, 24),
    bert(ROBERTA, "RoBERTa-base", 50265, 768, 12, 12),
    bert(ROBERTA, "RoBERTa-large", 50265, 1024, 16, 24),
    bert(BERT, "tiny-BERT", 1000, 128, 2, 4, tokens=128),
)
