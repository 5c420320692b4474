"""LLaMA and LLaMA 2: rotary positions, RMSNorm, SwiGLU, no biases, and in the largest shared keys."""

from __future__ import annotations

from netspec.catalogue.entry import Entry, term
from netspec.layers import Attention, LMHead, TokenPositionEmbed, TransformerEncoder
from netspec.spec import NetSpec

LLAMA = term("LLaMA", 4553, "Touvron et al. 2023, arXiv:2302.13971", 2023)
LLAMA2 = term(LLAMA.title, 4553, "Touvron et al. 2023, arXiv:2307.09288", 2023)


def llama(
    entry: Entry,
    name: str,
    width: int,
    heads: int,
    mlp_width: int,
    n_blocks: int,
    *,
    kv_heads: int | None = None,
    vocabulary: int = 32000,
    tokens: int = 2048,
    epsilon: float = 1e-6,
) -> NetSpec:
    """A decoder whose token table is not its head; ``epsilon`` as released."""
    return entry.spec(
        name,
        (tokens,),
        TokenPositionEmbed(vocabulary, tokens, width, learned_positions=False),
        TransformerEncoder(
            width,
            heads,
            mlp_width,
            n_blocks,
            causal=True,
            attention=Attention(kv_heads=kv_heads, positions="rope", bias=False),
            norm="rms",
            norm_epsilon=epsilon,
            mlp="swiglu",
            mlp_bias=False,
        ),
        LMHead(width, vocabulary, bias=False),
    )


def llama2(name: str, *sizes: int, kv_heads: int | None = None) -> NetSpec:
    """Twice the context of the first."""
    return llama(LLAMA2, name, *sizes, kv_heads=kv_heads, tokens=4096, epsilon=1e-5)


SPECS = (
    llama(LLAMA, "LLaMA-7B", 4096, 32, 11008, 32),
    llama(LLAMA, "LLaMA-13B", 5120, 40, 13824, 40),
    llama(LLAMA, "LLaMA-33B", 6656, 52, 17920, 60),
    llama(LLAMA, "LLaMA-65B", 8192, 64, 22016, 80),
    llama2("LLaMA-2-7B", 4096, 32, 11008, 32),
    llama2("LLaMA-2-13B", 5120, 40, 13824, 40),
    llama2("LLaMA-2-70B", 8192, 64, 28672, 80, kv_heads=8),
    llama(LLAMA2, "tiny-LLaMA", 32, 4, 48, 2, kv_heads=2, vocabulary=100, tokens=16, epsilon=1e-5),
)

#: The name under which transformers has the third size.
ALIASES = {"LLaMA-30B": "LLaMA-33B"}
