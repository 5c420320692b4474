"""LLaVA: CLIP's image encoder, a projector, a language model."""

from __future__ import annotations

from netspec.catalogue.entry import BEYOND, Entry
from netspec.layers import Dense, OneHotDense, PatchEmbed, TransformerEncoder
from netspec.spec import NetSpec

LLAVA = Entry("LLaVA / LLaVA-1.5", BEYOND, "Liu et al. 2023, arXiv:2310.03744", 2023)


def language_model(name: str, width: int, heads: int, mlp_width: int, n_blocks: int) -> NetSpec:
    """A LLaMA-sized decoder with a plain two-matrix MLP where LLaMA has three."""
    return LLAVA.spec(
        name,
        (2048,),
        OneHotDense(32000, width),
        TransformerEncoder(width, heads, mlp_width, n_blocks, causal=True),
    )


SPECS = (
    LLAVA.spec(
        "LLaVA vision encoder (CLIP ViT-L/14 @ 336px)",
        (336, 336, 3),
        PatchEmbed(3, 1024, 14, 24 * 24),
        TransformerEncoder(1024, 16, 4096, 24),
    ),
    LLAVA.spec(
        "LLaVA-1 projector (single linear)", (576, 1024), Dense(1024, 4096), paper="Liu et al. 2023, arXiv:2304.08485"
    ),
    LLAVA.spec("LLaVA-1.5 projector (2-layer MLP)", (576, 1024), Dense(1024, 4096, "gelu"), Dense(4096, 4096)),
    language_model("LLaVA 7B LM (LLaMA-7B backbone)", 4096, 32, 11008, 32),
    language_model("LLaVA 13B LM (LLaMA-13B backbone)", 5120, 40, 13824, 40),
    LLAVA.spec(
        "tiny-LLaVA",
        (112, 112, 3),
        PatchEmbed(3, 128, 14, 8 * 8),
        TransformerEncoder(128, 4, 512, 4),
        Dense(128, 256),
        TransformerEncoder(256, 4, 1024, 4),
    ),
)
