"""T5: an encoder and a decoder with relative positions, RMSNorm and no biases."""

from __future__ import annotations

from netspec.catalogue.entry import term
from netspec.layers import (
    Attention,
    LMHead,
    Load,
    Save,
    SharedEmbed,
    TokenPositionEmbed,
    TransformerDecoder,
    TransformerEncoder,
)
from netspec.spec import NetSpec

T5 = term("T5", 4528, "Raffel et al. 2019, arXiv:1910.10683", 2019)


def t5(
    name: str,
    width: int,
    heads: int,
    head_width: int,
    mlp_width: int,
    n_blocks: int,
    *,
    gated: bool = False,
    vocabulary: int = 32128,
    tokens: int = 512,
    buckets: int = 32,
    max_distance: int = 128,
) -> NetSpec:
    """Both stacks over one token table, which in version 1.0 is the head as well; ``gated`` is version 1.1.

    The text to answer arrives, what is answered so far is the extra input ``target``.
    """
    attention = Attention(None, head_width, "t5", bias=False, scaled=False, buckets=buckets, max_distance=max_distance)
    parts = {
        "attention": attention,
        "norm": "rms",
        "norm_epsilon": 1e-6,
        "mlp": "geglu" if gated else "relu",
        "mlp_bias": False,
    }
    head = {"bias": False} if gated else {"bias": False, "table": "tokens", "scaled": True}
    return T5.spec(
        name,
        (tokens,),
        TokenPositionEmbed(vocabulary, tokens, width, learned_positions=False, table="tokens"),
        TransformerEncoder(width, heads, mlp_width, n_blocks, **parts),
        Save("memory"),
        Load("target"),
        SharedEmbed(vocabulary, width, "tokens"),
        TransformerDecoder(
            width, heads, mlp_width, n_blocks, 0, memory="memory", causal=True, final_norm=True, **parts
        ),
        LMHead(width, vocabulary, **head),
        inputs={"target": (tokens,)},
    )


SPECS = (
    t5("T5-small", 512, 8, 64, 2048, 6),
    t5("T5-base", 768, 12, 64, 3072, 12),
    t5("T5-large", 1024, 16, 64, 4096, 24),
    t5("T5-3B", 1024, 32, 128, 16384, 24),
    t5("T5-11B", 1024, 128, 128, 65536, 24),
    t5("T5-v1.1-small", 512, 6, 64, 1024, 8, gated=True),
    t5("T5-v1.1-base", 768, 12, 64, 2048, 12, gated=True),
    t5("T5-v1.1-large", 1024, 16, 64, 2816, 24, gated=True),
    t5("T5-v1.1-XL", 2048, 32, 64, 5120, 24, gated=True),
    t5("T5-v1.1-XXL", 4096, 64, 64, 10240, 24, gated=True),
    t5("tiny-T5", 32, 4, 16, 64, 2, vocabulary=100, tokens=16, buckets=8, max_distance=12),
)
