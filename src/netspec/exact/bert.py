"""BERT and its relatives in transformers: post-norm encoders with positions, segments and a norm of both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.layers import Attention, Dense, Heads, LayerNorm, LMHead, ReadToken, TokenPositionEmbed, TransformerEncoder
from netspec.layers.attention import PLAIN
from netspec.layers.base import Layers, Shape
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
    told_apart: bool = True,
    epsilon: float = 1e-12,
    head: Literal["states", "pooled", "classes", "masked", "pretraining"] = "pooled",
    classes: int = 2,
    tokens: int | None = None,
    attention: Attention = PLAIN,
    gelu: Literal["exact", "tanh"] = "exact",
    paper: str = BERT,
) -> NetSpec:
    """Tables of ``table_width``, mapped to ``width`` where that is another. ``head``: the states, with a pooler, or
    classes.

    ``positions`` counts those of the table, ``first_position`` of which no token has; as many ``tokens`` as have one
    are read, if no other number is given. Sentences are ``told_apart`` by
    ``token_type_ids``, or all tokens are of the first.
    """
    tokens, table = tokens or positions - first_position, table_width or width
    named = "token_type_ids" if segments > 1 and told_apart else ""
    embedding = TokenPositionEmbed(
        vocabulary,
        positions,
        table,
        first_position=first_position,
        segments=segments,
        segment=named,
        norm=True,
        norm_epsilon=epsilon,
        table="tokens" if head in ("masked", "pretraining") else "",
    )
    widened: Layers = () if table == width else (Dense(table, width),)
    mlp = mlp_width or 4 * width
    # What mixes by landmarks has all tokens.
    mask = "attention_mask" if attention.kernel == "softmax" else ""
    stack = TransformerEncoder(
        width, heads, mlp, n_blocks, placement="post", norm_epsilon=epsilon, mask=mask, attention=attention
    )
    pooler = (ReadToken(), Dense(width, width, "tanh"))
    masked = (
        Dense(width, table, "gelu"),
        LayerNorm(table, epsilon),
        LMHead(table, vocabulary, table="tokens"),
    )
    both = Heads({"prediction_logits": masked, "seq_relationship_logits": (*pooler, Dense(width, 2))})
    ends: dict[str, Layers] = {
        "states": (),
        "pooled": (Heads({"last_hidden_state": (), "pooler_output": pooler}),),
        "classes": (*pooler, Dense(width, classes)),
        "masked": masked,
        "pretraining": (both,),
    }
    inputs: dict[str, Shape] = {name: (tokens,) for name in (mask, named) if name}
    layers = (embedding, *widened, stack, *ends[head])
    return network((tokens,), *layers, conventions=Conventions(gelu=gelu), paper=paper, **inputs)


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
OF_ROBERTA: dict[str, Any] = {
    "vocabulary": 50265,
    "positions": 514,
    "first_position": 2,
    "segments": 1,
    "epsilon": 1e-5,
    "paper": ROBERTA,
}
OF_DISTILBERT: dict[str, Any] = {"segments": 0, "head": "states", "paper": DISTILBERT}
OF_ELECTRA: dict[str, Any] = {"table_width": 128, "head": "states", "mlp_width": 1024, "paper": ELECTRA}


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
    for name, variant, *sizes in ROBERTAS:
        make = partial(encoder, *sizes, **OF_ROBERTA)
        yield Published(name, "RoBERTa", TRANSFORMERS, make, (variant,), parts=_parts(sizes[-1]), rules="bert")
    for family, (name, variant, *sizes), options in (
        ("BERT", BERTS[0][:-1], {}),
        ("BERT", BERTS[2][:-1], {}),
        *(("RoBERTa", one, OF_ROBERTA) for one in ROBERTAS),
    ):
        variants = (f"{variant} sequence classifier",) if family == "BERT" else ()
        make = partial(encoder, *sizes, head="classes", **options)
        if variants:
            yield Published(f"{name}-classifier", family, TRANSFORMERS, make, variants, rules="bert_classifier")
    for name, variant, *sizes, vocabulary in BERTS:
        for head, words in (("masked", "+ MLM head"), ("pretraining", "+ MLM + NSP heads")):
            make = partial(encoder, *sizes, vocabulary=vocabulary, head=head)
            yield Published(f"{name}-{head}", "BERT", TRANSFORMERS, make, (f"{variant} {words}",), rules=f"bert_{head}")
    for name, variant, *sizes in ROBERTAS:
        make = partial(encoder, *sizes, head="masked", **OF_ROBERTA)
        variants = (f"{variant} + MLM head",)
        yield Published(f"{name}-masked", "RoBERTa", TRANSFORMERS, make, variants, rules="roberta_masked")
    make = partial(encoder, 768, 12, 6, **OF_DISTILBERT)
    variants = ("DistilBERT-base-uncased",)
    yield Published("distilbert-base-uncased", "DistilBERT", TRANSFORMERS, make, variants, rules="distilbert")
    make = partial(encoder, 256, 4, 12, **OF_ELECTRA)
    name, variants = "electra-small-discriminator", ("ELECTRA-small-discriminator",)
    yield Published(f"google/{name}", "ELECTRA", TRANSFORMERS, make, variants, rules="electra", aliases=(name,))


NETWORKS = tuple(_networks())
