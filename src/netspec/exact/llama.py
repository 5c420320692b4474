"""LLaMA, LLaMA 2 and a small one of their form in transformers."""

from __future__ import annotations

from functools import partial
from typing import Any

from netspec.exact.published import Part, Published, network
from netspec.layers import Attention, LMHead, TokenPositionEmbed, TransformerEncoder
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"

PAPER = "Touvron et al. 2023, arXiv:2302.13971"


def llama(
    width: int,
    heads: int,
    mlp_width: int,
    n_blocks: int,
    *,
    kv_heads: int | None = None,
    head_width: int | None = None,
    vocabulary: int = 32000,
    tokens: int = 2048,
    epsilon: float = 1e-6,
    rope_base: int = 10_000,
    tied: bool = False,
    paper: str = PAPER,
) -> NetSpec:
    """A decoder whose rotary positions turn a feature of one half of a head with one of the other half."""
    attention = Attention(kv_heads, head_width, "rope", bias=False, rope_base=rope_base, rope_pairs="halves")
    return network(
        (tokens,),
        TokenPositionEmbed(vocabulary, tokens, width, learned_positions=False, table="tokens" if tied else ""),
        TransformerEncoder(
            width,
            heads,
            mlp_width,
            n_blocks,
            causal=True,
            attention=attention,
            norm="rms",
            norm_epsilon=epsilon,
            mlp="swiglu",
            mlp_bias=False,
        ),
        LMHead(width, vocabulary, bias=False, table="tokens" if tied else ""),
        paper=paper,
    )


#: Name, variant, width, heads, width of the MLP, blocks; and what differs from the first LLaMA.
SIZES: tuple[tuple[str, str, tuple[int, int, int, int], dict[str, Any]], ...] = (
    ("huggyllama/llama-7b", "LLaMA-7B", (4096, 32, 11008, 32), {}),
    ("huggyllama/llama-13b", "LLaMA-13B", (5120, 40, 13824, 40), {}),
    ("huggyllama/llama-30b", "LLaMA-30B", (6656, 52, 17920, 60), {}),
    ("huggyllama/llama-65b", "LLaMA-65B", (8192, 64, 22016, 80), {}),
    (
        "meta-llama/Llama-2-70b-hf",
        "LLaMA-2-70B",
        (8192, 64, 28672, 80),
        {"kv_heads": 8, "tokens": 4096, "epsilon": 1e-5},
    ),
    (
        "TinyLlama/TinyLlama-1.1B",
        "TinyLlama-1.1B",
        (2048, 32, 5632, 22),
        {"kv_heads": 4, "epsilon": 1e-5},
    ),
)


PARTS = (Part("token embedding", (0,)), Part("LM head", (2,)), Part("total without LM head", (0, 1)))

NETWORKS = tuple(
    Published(
        name,
        "LLaMA",
        TRANSFORMERS,
        partial(llama, *sizes, **options),
        (variant,),
        parts=PARTS,
        rules="llama",
    )
    for name, variant, sizes, options in SIZES
)
