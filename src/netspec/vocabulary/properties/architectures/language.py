"""What must hold of transformers and of the language models made of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np

from netspec.catalogue import bert, gpt
from netspec.layers import LMHead, OneHotDense, TransformerEncoder
from netspec.layers.base import Layer
from netspec.spec import NetSpec
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import traced
from netspec.vocabulary.properties.architectures.common import (
    Specs,
    changed,
    counted,
    exchanged,
    layers,
    named,
    with_fields,
)
from netspec.vocabulary.properties.networks import network
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


@traced
def _applied(apply: Any, tensors: Any, x: Any) -> Any:
    return apply(tensors, x)


def _encoder(encoder: Implementation, case: Case) -> tuple[Any, Any, np.ndarray]:
    return *network(NetSpec("encoder", (5, 4), (encoder(4, 2, 8, 1),)), case), case.normal(1, 5, 4)


def _any_order(encoder: Implementation, case: Case) -> float:
    """Tokens in another order leave in that order: without positions nothing tells them apart."""
    apply, tensors, x = _encoder(encoder, case)
    order = case.rng(1).permutation(5)
    return apart(_applied(apply, tensors, x[:, order]), _applied(apply, tensors, x)[:, order])


def _tensors(encoder: Implementation, case: Case) -> float:
    """Of two blocks, by the formula and by the tensors of the built network; and one of the paper's size."""
    _, tensors = network(NetSpec("encoder", (5, 4), (encoder(4, 2, 8, 2),)), case)
    counts = encoder(4, 2, 8, 2).params(), encoder(512, 8, 2048, 1).params() - 2 * 512
    return apart(counts, (sum(leaf.size for leaf in jax.tree.leaves(tensors)), 3_152_384))


class _NoMlpBias(TransformerEncoder):
    def params(self) -> int:
        return super().params() - self.n_blocks * (self.mlp_width + self.width)


def _like_bert(specs: Specs, case: Case) -> float:
    """Tokens see each other both ways, and the first is read."""
    encoders = [encoder for spec in specs for encoder in layers(spec, TransformerEncoder)]
    return wrong([not one.causal and one.readout == "class_token" for one in encoders])


def _like_gpt(specs: Specs, case: Case) -> float:
    """Tokens see those before them only, and all are read; the MLP is four times as wide."""
    encoders = [encoder for spec in specs for encoder in layers(spec, TransformerEncoder)]
    return wrong([one.causal and one.readout == "all" and one.mlp_width == 4 * one.width for one in encoders])


def _future(specs: Specs, case: Case) -> float:
    """A token changed, no output before it changes: on the last spec's encoder, made small."""
    (encoder,) = layers(specs[-1], TransformerEncoder)
    small = replace(encoder, width=4, heads=2, mlp_width=8, n_blocks=1)
    apply, tensors = network(NetSpec("decoder", (5, 4), (small,)), case)
    x = case.normal(1, 5, 4)
    moved = x.copy()
    moved[0, 3] = case.normal(4, seed=1)
    different = _applied(apply, tensors, moved)[0] != _applied(apply, tensors, x)[0]
    return wrong(different.any(-1) == [False, False, False, True, True])


def _positions(tokens: int, segments: int) -> Any:
    """Positions and segments that the listing leaves out, less the bias of its token table."""
    return lambda spec: (tokens + segments - 1) * layers(spec, TransformerEncoder)[0].width


#: Line 4502: the document's own block, which sees all and is 2048 wide inside, and a head of its own.
_LISTED = exchanged(
    gpt.SPECS,
    "GPT-2 small",
    replace(
        named(gpt.SPECS, "GPT-2 small"),
        layers=(OneHotDense(50257, 768), TransformerEncoder(768, 12, 2048, 12), LMHead(768, 50257)),
    ),
)
_BOTH_WAYS = changed(gpt.SPECS, gpt.SPECS[-1].name, with_fields(TransformerEncoder, causal=False))


def _shorter(layer: Layer) -> Layer:
    return replace(layer, n_blocks=layer.n_blocks - 1) if isinstance(layer, TransformerEncoder) else layer


TERMS = (
    Term(
        "transformer",
        TransformerEncoder,
        (
            Property(
                "Without positions, tokens in another order leave in that order.",
                _any_order,
                1e-12,
                (Mistake("tokens that see those before them only", partial(TransformerEncoder, causal=True)),),
            ),
            Property(
                "A block of width 512 with an MLP of 2048 has 3,152,384 parameters, those of its tensors.",
                _tensors,
                0.0,
                (Mistake("no biases in the MLP", _NoMlpBias),),
            ),
        ),
    ),
    Term(
        "bert",
        bert.SPECS,
        (
            Property(
                "With positions and segments, base has the published 109,482,240 parameters and large 335,141,888.",
                counted({"BERT-base": 109_482_240, "BERT-large": 335_141_888}, _positions(512, 2)),
                0.0,
                (
                    Mistake(
                        "an MLP of 3072 in large, too",
                        changed(bert.SPECS, "BERT-large", with_fields(TransformerEncoder, mlp_width=3072)),
                        line=1205,
                    ),
                    Mistake("a block less", changed(bert.SPECS, "BERT-base", _shorter)),
                ),
            ),
            Property(
                "Every token sees every other, and the first is read.",
                _like_bert,
                0.0,
                (
                    Mistake(
                        "causal attention",
                        changed(bert.SPECS, "tiny-BERT", with_fields(TransformerEncoder, causal=True)),
                    ),
                ),
            ),
        ),
    ),
    Term(
        "gpt",
        gpt.SPECS,
        (
            Property(
                "With positions, the four of GPT-2 have their published counts.",
                counted(
                    {
                        "GPT-2 small": 124_439_808,
                        "GPT-2 medium": 354_823_168,
                        "GPT-2 large": 774_030_080,
                        "GPT-2 XL": 1_557_611_200,
                    },
                    _positions(1024, 0),
                ),
                0.0,
                (
                    Mistake("the listing: an MLP of 2048 and an untied head", _LISTED, line=4502),
                    Mistake("a block less", changed(gpt.SPECS, "GPT-2 XL", _shorter)),
                ),
            ),
            Property(
                "All are causal, read out every token, and have an MLP four times their width.",
                _like_gpt,
                0.0,
                (
                    Mistake("the listing: a block that sees the future", _LISTED, line=4502),
                    Mistake("attention both ways", _BOTH_WAYS),
                ),
            ),
            Property(
                "A token has no influence on what leaves before it.",
                _future,
                0.0,
                (Mistake("attention both ways", _BOTH_WAYS),),
            ),
        ),
    ),
)
