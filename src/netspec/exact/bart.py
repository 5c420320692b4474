"""BART in transformers: both stacks over one token table, each with positions and a norm of its own."""

from __future__ import annotations

from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import (
    AddPositions,
    Heads,
    LayerNorm,
    Load,
    Save,
    SharedEmbed,
    TokenPositionEmbed,
    TransformerDecoder,
    TransformerEncoder,
)
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Lewis et al. 2019, arXiv:1910.13461"

#: Rows of the tables of positions that no token has.
OFFSET = 2


def bart(
    width: int,
    heads: int,
    n_blocks: int,
    *,
    mlp_width: int | None = None,
    decoder_blocks: int | None = None,
    decoder_heads: int | None = None,
    vocabulary: int = 50265,
    positions: int = 1024,
    tokens: int = 1024,
) -> NetSpec:
    """Post-norm encoder and decoder, whose states both leave."""
    mlp = mlp_width or 4 * width
    return network(
        (tokens,),
        TokenPositionEmbed(vocabulary, positions + OFFSET, width, first_position=OFFSET, norm=True, table="tokens"),
        TransformerEncoder(width, heads, mlp, n_blocks, placement="post", mask="attention_mask"),
        Save("memory"),
        Load("decoder_input_ids"),
        SharedEmbed(vocabulary, width, "tokens"),
        AddPositions(positions + OFFSET, width, OFFSET),
        LayerNorm(width),
        TransformerDecoder(
            width,
            decoder_heads or heads,
            mlp,
            decoder_blocks or n_blocks,
            0,
            memory="memory",
            memory_mask="attention_mask",
            causal=True,
            placement="post",
            mlp="gelu",
        ),
        Heads({"last_hidden_state": (), "encoder_last_hidden_state": Load("memory")}),
        conventions=Conventions(gelu="exact"),
        paper=PAPER,
        attention_mask=(tokens,),
        decoder_input_ids=(tokens,),
    )


NETWORKS = (
    Published("facebook/bart-base", "BART", TRANSFORMERS, partial(bart, 768, 12, 6), ("BART-base",), rules="bart"),
    Published("facebook/bart-large", "BART", TRANSFORMERS, partial(bart, 1024, 16, 12), ("BART-large",), rules="bart"),
)
