"""BERT and its relatives in transformers: post-norm encoders with positions, segments and a norm of both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.layers import Dense, TokenPositionEmbed, TransformerEncoder
from netspec.layers.base import Layers
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
BERT = "Devlin et al. 2018, arXiv:1810.04805"
ROBERTA = "Liu et al. 2019, arXiv:1907.11692"
DISTILBERT = "Sanh et al. 2019, arXiv:1910.01108"
ELECTRA = "Clark et al. 2020, arXiv:2003.10555"


def encoder(
    width: int,
    heads: int,
    n_blocks: int,
    *,
    vocabulary: int = 30522,
    mlp_width: int | None = None,
    table_width: int | None = None,
    positions: int = 512,
    first_position: int = 0,
    segments: int = 2,
    tokens: int | None = None,
    epsilon: float = 1e-12,
    pooler: bool = True,
    classes: int | None = None,
    paper: str = BERT,
) -> NetSpec:
    """Tables of ``table_width``, mapped to ``width`` where that is another; ``pooler`` reads out the first token.

    ``positions`` counts those of the table, ``first_position`` of which no token has. ``classes`` adds a map of what
    the pooler gives.
    """
    length = positions - first_position if tokens is None else tokens
    table = table_width or width
    embedding = TokenPositionEmbed(
        vocabulary,
        positions,
        table,
        first_position=first_position,
        segments=segments,
        norm=True,
        norm_epsilon=epsilon,
    )
    widened: Layers = () if table == width else (Dense(table, width),)
    readout = "class_token" if pooler else "all"
    stack = TransformerEncoder(
        width, heads, mlp_width or 4 * width, n_blocks, readout, placement="post", norm_epsilon=epsilon
    )
    pooled: Layers = (Dense(width, width, "tanh"),) if pooler else ()
    head: Layers = (Dense(width, classes),) if classes else ()
    conventions = Conventions(gelu="exact")
    return network((length,), embedding, *widened, stack, *pooled, *head, conventions=conventions, paper=paper)


#: Name, variant, width, heads, blocks and vocabulary.
BERTS = (
    ("bert-base-uncased", "BERT-base-uncased", 768, 12, 12, 30522),
    ("bert-base-cased", "BERT-base-cased", 768, 12, 12, 28996),
    ("bert-large-uncased", "BERT-large-uncased", 1024, 16, 24, 30522),
    ("bert-tiny", "BERT-tiny (2L/128H)", 128, 2, 2, 30522),
    ("bert-mini", "BERT-mini (4L/256H)", 256, 4, 4, 30522),
    ("bert-small", "BERT-small (4L/512H)", 512, 8, 4, 30522),
    ("bert-medium", "BERT-medium (8L/512H)", 512, 8, 8, 30522),
)
ROBERTAS = (("roberta-base", "RoBERTa-base", 768, 12, 12), ("roberta-large", "RoBERTa-large", 1024, 16, 24))


def _parts(n_blocks: int) -> tuple[Part, ...]:
    return (
        Part("embeddings", (0,)),
        Part("encoder layers", (1,)),
        Part("one encoder layer", (1,), n_blocks),
        Part("pooler", (2,)),
        Part("total without pooler", (0, 1)),
    )


def _networks() -> Iterator[Published]:
    for name, variant, *sizes, vocabulary in BERTS:
        make = partial(encoder, *sizes, vocabulary=vocabulary)
        yield Published(name, "BERT", TRANSFORMERS, make, (variant,), parts=_parts(sizes[-1]), rules="bert")
    for name, variant, *sizes in (BERTS[0], BERTS[2]):
        make = partial(encoder, *sizes[:-1], classes=2)
        variants = (f"{variant} sequence classifier",)
        yield Published(f"{name}-classifier", "BERT", TRANSFORMERS, make, variants, rules="bert")
    roberta = {
        "vocabulary": 50265,
        "positions": 514,
        "first_position": 2,
        "segments": 1,
        "epsilon": 1e-5,
        "paper": ROBERTA,
    }
    for name, variant, *sizes in ROBERTAS:
        make = partial(encoder, *sizes, **roberta)
        parts = _parts(sizes[-1])
        yield Published(name, "RoBERTa", TRANSFORMERS, make, (variant,), parts=parts, rules="bert")
    options = {"segments": 0, "pooler": False, "paper": DISTILBERT}
    make = partial(encoder, 768, 12, 6, **options)
    variants = ("DistilBERT-base-uncased",)
    yield Published("distilbert-base-uncased", "DistilBERT", TRANSFORMERS, make, variants, rules="distilbert")
    make = partial(encoder, 256, 4, 12, table_width=128, pooler=False, paper=ELECTRA)
    name, variants = "electra-small-discriminator", ("ELECTRA-small-discriminator",)
    yield Published(f"google/{name}", "ELECTRA", TRANSFORMERS, make, variants, rules="electra", aliases=(name,))


NETWORKS = tuple(_networks())
