"""GPT-1 and GPT-2 in transformers: learned positions, and a head that is the token table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netspec.exact.published import Part, Published, network
from netspec.layers import LMHead, TokenPositionEmbed, TransformerEncoder
from netspec.layers.parts import Placement
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
GPT1 = "Radford et al. 2018, OpenAI technical report (GPT-1)"
GPT2 = "Radford et al. 2019, OpenAI technical report (GPT-2)"


def gpt(
    width: int,
    heads: int,
    n_blocks: int,
    *,
    vocabulary: int = 50257,
    positions: int = 1024,
    tokens: int | None = None,
    placement: Placement = "pre",
    paper: str = GPT2,
) -> NetSpec:
    """A decoder whose head is its token table; GPT-1 normalises behind each residual sum."""
    return network(
        (tokens or positions,),
        TokenPositionEmbed(vocabulary, positions, width, table="tokens"),
        TransformerEncoder(width, heads, 4 * width, n_blocks, causal=True, placement=placement),
        LMHead(width, vocabulary, bias=False, table="tokens"),
        paper=paper,
    )


#: Name, variant, width, heads, blocks.
SIZES = (
    ("gpt2", "GPT-2 small", 768, 12, 12),
    ("gpt2-medium", "GPT-2 medium", 1024, 16, 24),
    ("gpt2-large", "GPT-2 large", 1280, 20, 36),
    ("gpt2-xl", "GPT-2 XL", 1600, 25, 48),
)


def _networks() -> Iterator[Published]:
    options = {"vocabulary": 40478, "positions": 512, "placement": "post", "paper": GPT1}
    variants = ("GPT (openai-gpt)", "GPT (openai-gpt) LM head")
    yield Published(
        "openai-gpt",
        "GPT-1",
        TRANSFORMERS,
        partial(gpt, 768, 12, 12, **options),
        variants,
        parts=(Part("one block", (1,), 12),),
        rules="gpt1",
    )
    for name, variant, width, heads, n_blocks in SIZES:
        make = partial(gpt, width, heads, n_blocks)
        yield Published(name, "GPT-2", TRANSFORMERS, make, (variant,), rules="gpt2")


NETWORKS = tuple(_networks())
