"""The encoder and decoder of ``torch.nn.Transformer``, over vectors: embeddings are left to whoever calls it."""

from __future__ import annotations

from functools import partial

from netspec.exact.published import Published, network
from netspec.layers import Load, Save, TransformerDecoder, TransformerEncoder
from netspec.spec import NetSpec

TORCH = "torch 2.13.0"
PAPER = "Vaswani et al. 2017, arXiv:1706.03762"


def transformer(
    width: int, heads: int, n_blocks: int, *, mlp_width: int = 2048, tokens: int = 128, causal: bool = True
) -> NetSpec:
    """Post-norm stacks with ReLU, each with a last norm besides; targets do not see later ones where ``causal``."""
    return network(
        (tokens, width),
        TransformerEncoder(width, heads, mlp_width, n_blocks, placement="post", final_norm=True, mlp="relu"),
        Save("memory"),
        Load("target"),
        TransformerDecoder(
            width, heads, mlp_width, n_blocks, 0, memory="memory", causal=causal, placement="post", final_norm=True
        ),
        paper=PAPER,
        target=(tokens, width),
    )


NETWORKS = (
    Published(
        "transformer-base",
        "Transformer",
        TORCH,
        partial(transformer, 512, 8, 6),
        ("Transformer base (torch.nn.Transformer, no embeddings)",),
        rules="torch_transformer",
    ),
    Published(
        "transformer-big",
        "Transformer",
        TORCH,
        partial(transformer, 1024, 16, 6, mlp_width=4096),
        ("Transformer big (torch.nn.Transformer, no embeddings)",),
        rules="torch_transformer",
    ),
)
