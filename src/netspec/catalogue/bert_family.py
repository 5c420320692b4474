"""RoBERTa, DistilBERT and ELECTRA as published: post-norm encoders with positions, segments and a norm of both."""

from __future__ import annotations

from netspec.catalogue.entry import Entry, term
from netspec.layers import Dense, TokenPositionEmbed, TransformerEncoder
from netspec.layers.base import Layers
from netspec.spec import NetSpec

ROBERTA = term("RoBERTa", 4494, "Liu et al. 2019, arXiv:1907.11692", 2019)
DISTILBERT = term("DistilBERT", 4494, "Sanh et al. 2019, arXiv:1910.01108", 2019)
ELECTRA = term("ELECTRA", 3198, "Clark et al. 2020, arXiv:2003.10555", 2020)


def encoder(
    entry: Entry,
    name: str,
    vocabulary: int,
    width: int,
    heads: int,
    n_blocks: int,
    *,
    mlp_width: int | None = None,
    table_width: int | None = None,
    tokens: int = 512,
    first_position: int = 0,
    segments: int = 0,
    epsilon: float = 1e-12,
    pooled: bool = False,
) -> NetSpec:
    """Tables of ``table_width``, mapped to ``width`` where that is another; ``pooled`` reads the first token out."""
    table, wide = table_width or width, mlp_width or 4 * width
    widened: Layers = () if table == width else (Dense(table, width),)
    pooler: Layers = (Dense(width, width, "tanh"),) if pooled else ()
    return entry.spec(
        name,
        (tokens,),
        TokenPositionEmbed(
            vocabulary,
            tokens + first_position,
            table,
            first_position=first_position,
            segments=segments,
            norm=True,
            norm_epsilon=epsilon,
        ),
        *widened,
        TransformerEncoder(
            width,
            heads,
            wide,
            n_blocks,
            readout="class_token" if pooled else "all",
            placement="post",
            norm_epsilon=epsilon,
            gelu="exact",
        ),
        *pooler,
    )


def roberta(name: str, vocabulary: int, *sizes: int, tokens: int = 512) -> NetSpec:
    """Positions begin at two, behind the padding's; the pooler is not among what was trained."""
    return encoder(
        ROBERTA, name, vocabulary, *sizes, tokens=tokens, first_position=2, segments=1, epsilon=1e-5, pooled=True
    )


SPECS = (
    roberta("RoBERTa-base (as published)", 50265, 768, 12, 12),
    roberta("RoBERTa-large (as published)", 50265, 1024, 16, 24),
    encoder(DISTILBERT, "DistilBERT-base", 30522, 768, 12, 6),
    encoder(ELECTRA, "ELECTRA-small discriminator", 30522, 256, 4, 12, table_width=128, segments=2),
    roberta("tiny-RoBERTa", 100, 32, 4, 2, tokens=16),
    encoder(DISTILBERT, "tiny-DistilBERT", 100, 32, 4, 1, tokens=16),
    encoder(ELECTRA, "tiny-ELECTRA", 100, 32, 4, 2, table_width=16, segments=2, tokens=16),
)
