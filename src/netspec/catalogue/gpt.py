"""GPT-1 and GPT-2: token table and a causal transformer; the table is also the output head."""

from __future__ import annotations

from netspec.catalogue.entry import LANGUAGE, Entry
from netspec.layers import LMHead, OneHotDense, TokenPositionEmbed, TransformerEncoder
from netspec.spec import NetSpec

GPT1 = Entry("GPT-1 / GPT-2", LANGUAGE, "Radford et al. 2018, OpenAI technical report (GPT-1)", 2018)
GPT2 = Entry(GPT1.title, LANGUAGE, "Radford et al. 2019, OpenAI technical report (GPT-2)", 2019)


def gpt(entry: Entry, name: str, vocabulary: int, width: int, heads: int, n_blocks: int, tokens: int = 1024) -> NetSpec:
    """A decoder-only transformer with MLPs four times its width; positions are left out, as in the listing."""
    return entry.spec(
        name,
        (tokens,),
        OneHotDense(vocabulary, width),
        TransformerEncoder(width, heads, 4 * width, n_blocks, causal=True),
    )


# The working demo of ch. 11.2.6, as far as the text describes it: 65 characters, 64 tokens, width 64.
TINY_SHAKESPEARE = GPT2.spec(
    "TinyGPT (Shakespeare demo)",
    (64,),
    TokenPositionEmbed(65, 64, 64),
    TransformerEncoder(64, 2, 256, 4, causal=True),
    LMHead(64, 65),
    role="system",
)

SPECS = (
    gpt(GPT1, "GPT-1", 40478, 768, 12, 12, tokens=512),
    gpt(GPT2, "GPT-2 small", 50257, 768, 12, 12),
    gpt(GPT2, "GPT-2 medium", 50257, 1024, 16, 24),
    gpt(GPT2, "GPT-2 large", 50257, 1280, 20, 36),
    gpt(GPT2, "GPT-2 XL", 50257, 1600, 25, 48),
    gpt(GPT2, "tiny-GPT", 1000, 128, 2, 4, tokens=128),
    TINY_SHAKESPEARE,
)
