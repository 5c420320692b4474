"""GPT-3: the eight sizes of its table 2.1, as GPT-2 with a table of tokens that is the head as well."""

from __future__ import annotations

from netspec.catalogue.entry import term
from netspec.layers import Attention, LMHead, TokenPositionEmbed, TransformerEncoder
from netspec.spec import NetSpec

GPT3 = term("GPT-3", 4496, "Brown et al. 2020, arXiv:2005.14165", 2020)

SPARSE = "every second layer of the published network is banded and sparse; all are dense here, with the same count"


def gpt3(
    name: str,
    width: int,
    heads: int,
    head_width: int,
    n_blocks: int,
    *,
    vocabulary: int = 50257,
    tokens: int = 2048,
    remark: str = SPARSE,
) -> NetSpec:
    """A decoder with learned positions and MLPs four times its width."""
    own = None if heads * head_width == width else head_width
    return GPT3.spec(
        name,
        (tokens,),
        TokenPositionEmbed(vocabulary, tokens, width, table="tokens"),
        TransformerEncoder(width, heads, 4 * width, n_blocks, causal=True, attention=Attention(head_width=own)),
        LMHead(width, vocabulary, bias=False, table="tokens"),
        remark=remark,
    )


SPECS = (
    gpt3("GPT-3 Small", 768, 12, 64, 12),
    gpt3("GPT-3 Medium", 1024, 16, 64, 24),
    gpt3("GPT-3 Large", 1536, 16, 96, 24),
    gpt3(
        "GPT-3 XL",
        2048,
        16,
        128,
        24,
        remark=f"table 2.1 prints 24 heads of 128, which make 1.52 billion; 16 make its 1.3 billion; {SPARSE}",
    ),
    gpt3("GPT-3 2.7B", 2560, 32, 80, 32),
    gpt3("GPT-3 6.7B", 4096, 32, 128, 32),
    gpt3(
        "GPT-3 13B",
        5140,
        40,
        128,
        40,
        remark=f"as table 2.1 prints it, where 40 heads of 128 are not as wide as 5,140; {SPARSE}",
    ),
    gpt3("GPT-3 175B", 12288, 96, 128, 96),
    gpt3("tiny-GPT-3", 32, 4, 8, 2, vocabulary=100, tokens=16),
)

#: The largest is what the name alone means.
ALIASES = {"GPT-3": "GPT-3 175B"}
