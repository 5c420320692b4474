"""GPT-1 and GPT-2: token table and a causal transformer; the table is also the output head."""

from __future__ import annotations

from dataclasses import replace

from netspec.catalogue.entry import LANGUAGE, Entry
from netspec.layers import LMHead, OneHotDense, TokenPositionEmbed, TransformerEncoder
from netspec.spec import NetSpec, Role

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


def tiny(name: str, vocabulary: int, tokens: int, width: int, heads: int, n_blocks: int, role: Role) -> NetSpec:
    """A decoder with learned positions and a head of its own, as the demos of ch. 11.2.6 have it."""
    return GPT2.spec(
        name,
        (tokens,),
        TokenPositionEmbed(vocabulary, tokens, width),
        TransformerEncoder(width, heads, 4 * width, n_blocks, causal=True),
        LMHead(width, vocabulary),
        role=role,
    )


# The working demo of ch. 11.2.6, as far as the text describes it, and its two larger forms in the companion repository.
TINY_SHAKESPEARE = tiny("TinyGPT (Shakespeare demo)", 65, 64, 64, 2, 4, "system")
TINY = tiny("TinyGPT tiny (Shakespeare demo)", 65, 128, 128, 4, 6, "system")
TINY_STORIES = tiny("TinyStories 8m", 4096, 256, 256, 8, 8, "system")
# The setting that nanoGPT's README gives for a CPU, with biases and an untied head, which nanoGPT has not.
NANO_CPU = tiny("nanoGPT-CPU", 65, 64, 128, 4, 4, "trainer")

# For comparisons of attention: heads that can share keys, few enough blocks for many runs on a CPU.
FOUR_HEADS = tiny("TinyGPT (four heads)", 65, 64, 64, 4, 2, "trainer")
# The same without a table of positions, which are left to its attention; so it takes up to 4,096 tokens.
UNPLACED = replace(
    FOUR_HEADS,
    name="TinyGPT (no positions)",
    layers=(TokenPositionEmbed(65, 4096, 64, learned_positions=False), *FOUR_HEADS.layers[1:]),
)

SPECS = (
    gpt(GPT1, "GPT-1", 40478, 768, 12, 12, tokens=512),
    gpt(GPT2, "GPT-2 small", 50257, 768, 12, 12),
    gpt(GPT2, "GPT-2 medium", 50257, 1024, 16, 24),
    gpt(GPT2, "GPT-2 large", 50257, 1280, 20, 36),
    gpt(GPT2, "GPT-2 XL", 50257, 1600, 25, 48),
    gpt(GPT2, "tiny-GPT", 1000, 128, 2, 4, tokens=128),
    TINY_SHAKESPEARE,
    TINY,
    TINY_STORIES,
    NANO_CPU,
    FOUR_HEADS,
    UNPLACED,
)
