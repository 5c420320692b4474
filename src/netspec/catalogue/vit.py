"""Vision Transformers (Dosovitskiy et al. 2020, arXiv:2010.11929; book ch. 10.3 and 10.5)."""

from __future__ import annotations

from netspec.catalogue.entry import PART_1, Entry
from netspec.layers import Dense, PatchEmbed, TransformerEncoder
from netspec.spec import NetSpec, Role

VIT = Entry("ViT", PART_1, "Dosovitskiy et al. 2020, arXiv:2010.11929", 2020, (), None)


def vit(
    name: str, *, image: int, patch: int, width: int, heads: int, n_blocks: int, classes: int, role: Role = "variant"
) -> NetSpec:
    """A Vision Transformer for square RGB images of ``image`` pixels, with an MLP four times as wide as its tokens."""
    return VIT.spec(
        name,
        (image, image, 3),
        PatchEmbed(3, width, patch, (image // patch) ** 2),
        TransformerEncoder(width, heads, 4 * width, n_blocks, readout="class_token"),
        Dense(width, classes),
        role=role,
    )


def is_vit(spec: NetSpec) -> bool:
    """Whether the layers of ``spec`` are those that :func:`vit` lists, without other parts."""
    if tuple(map(type, spec.layers)) != (PatchEmbed, TransformerEncoder, Dense):
        return False
    encoder = spec.layers[1]
    sizes = encoder.width, encoder.heads, encoder.mlp_width, encoder.n_blocks
    return spec.layers[0].layout != "grid" and encoder == TransformerEncoder(*sizes, readout="class_token")


TINY = {"width": 192, "heads": 3, "n_blocks": 12}

SPECS = (
    vit("ViT-Tiny", image=224, patch=16, **TINY, classes=10),
    vit("ViT-Tiny (ImageNet, bf16)", image=224, patch=16, **TINY, classes=1000),
    # The same backbone on 64-pixel photographs: patches of 8 leave 64 tokens.
    vit("ViT-Tiny-64", image=64, patch=8, **TINY, classes=10, role="trainer"),
    # A network for the same photographs that two cores train 27 times in hours.
    vit("ViT-Mini-64", image=64, patch=8, width=48, heads=3, n_blocks=4, classes=10, role="trainer"),
    # A hundred thousand parameters for 16-pixel images: what nine cells and three seeds on two cores allow.
    vit("ViT-Digits", image=16, patch=4, width=48, heads=3, n_blocks=4, classes=10, role="trainer"),
    # The same for 32 pixels, where patches twice as wide leave as many tokens.
    vit("ViT-Digits-32", image=32, patch=8, width=48, heads=3, n_blocks=4, classes=10, role="trainer"),
)

#: Short names besides those the catalogue forms itself.
ALIASES = {"ViT-Tiny-ImageNet": "ViT-Tiny (ImageNet, bf16)"}
