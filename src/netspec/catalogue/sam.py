"""SAM: ViT image encoders and the mask decoder they share."""

from __future__ import annotations

from netspec.catalogue.entry import SEGMENTATION, Entry
from netspec.layers import Dense, PatchEmbed, TransformerDecoder, TransformerEncoder
from netspec.spec import NetSpec

SAM = Entry("SAM", SEGMENTATION, "Kirillov et al. 2023, arXiv:2304.02643", 2023, ("transformer_decoder",))


def encoder(name: str, width: int, heads: int, n_blocks: int, image: int = 1024) -> NetSpec:
    """A ViT over 16×16 patches that keeps all its tokens."""
    return SAM.spec(
        name,
        (image, image, 3),
        PatchEmbed(3, width, 16, (image // 16) ** 2),
        TransformerEncoder(width, heads, 4 * width, n_blocks),
    )


MASK_DECODER = SAM.spec(
    "SAM mask decoder (shared)",
    (64, 64, 256),
    TransformerDecoder(256, 8, 2048, 2, 4),
    Dense(256, 256),
    Dense(256, 256),
)

SPECS = (
    encoder("SAM ViT-B image encoder", 768, 12, 12),
    encoder("SAM ViT-L image encoder", 1024, 16, 24),
    encoder("SAM ViT-H image encoder", 1280, 16, 32),
    MASK_DECODER,
    encoder("tiny-SAM", 128, 4, 4, image=256),
)
