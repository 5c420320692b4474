"""Nyströmformer in transformers: BERT whose attention goes over landmarks, with neighbouring values added."""

from __future__ import annotations

from functools import partial
from typing import Literal

from netspec.exact import bert
from netspec.exact.published import Part, Published
from netspec.layers import Attention
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Xiong et al. 2021, arXiv:2102.03902"
#: Rows of the table of positions that no token has.
OFFSET = 2


def nystromformer(
    width: int = 768,
    heads: int = 12,
    n_blocks: int = 12,
    *,
    landmarks: int = 64,
    value_conv: int | None = 65,
    vocabulary: int = 30000,
    mlp_width: int | None = None,
    positions: int = 510,
    tokens: int = 64,
    segments: int = 2,
    epsilon: float = 1e-5,
    head: Literal["states", "masked"] = "states",
) -> NetSpec:
    """For ``tokens`` tokens; the library has the landmarks of so many only, and attends to all where both are as many.

    Sentences are not told apart: all tokens are of the first.
    """
    attention = Attention(kernel="nystrom", landmarks=landmarks, value_conv=value_conv)
    return bert.encoder(
        width,
        heads,
        n_blocks,
        vocabulary=vocabulary,
        mlp_width=mlp_width,
        positions=positions + OFFSET,
        first_position=OFFSET,
        segments=segments,
        told_apart=False,
        epsilon=epsilon,
        head=head,
        tokens=tokens,
        attention=attention,
        gelu="tanh",
        paper=PAPER,
    )


NETWORKS = (
    Published(
        "uw-madison/nystromformer-512",
        "Nystromformer",
        TRANSFORMERS,
        nystromformer,
        ("Nystromformer-512",),
        parts=(Part("embeddings", (0,)), Part("encoder layers", (1,)), Part("one encoder layer", (1,), 12)),
        rules="nystromformer",
        aliases=("nystromformer-512",),
    ),
    Published(
        "nystromformer-512-30522",
        "Nystromformer",
        TRANSFORMERS,
        partial(nystromformer, vocabulary=30522),
        ("Nystromformer-512 (vocab 30522)",),
        rules="nystromformer",
    ),
    Published(
        "nystromformer-512-masked",
        "Nystromformer",
        TRANSFORMERS,
        partial(nystromformer, head="masked"),
        ("Nystromformer-512 + MLM head",),
        rules="nystromformer_masked",
    ),
)
