"""Vision Transformers (Dosovitskiy et al. 2020, arXiv:2010.11929; book ch. 10.3 and 10.5)."""

from netspec.layers import Dense, PatchEmbed, TransformerEncoder
from netspec.spec import NetSpec, Provenance

PAPER = "Dosovitskiy et al. 2020, arXiv:2010.11929"


def vit(
    name: str, *, image: int, patch: int, width: int, heads: int, n_blocks: int, classes: int, book: str = ""
) -> NetSpec:
    """A Vision Transformer for square RGB images of ``image`` pixels, with an MLP four times as wide as its tokens."""
    return NetSpec(
        name=name,
        input_shape=(image, image, 3),
        layers=(
            PatchEmbed(3, width, patch, (image // patch) ** 2),
            TransformerEncoder(width, heads, 4 * width, n_blocks, readout="class_token"),
            Dense(width, classes),
        ),
        provenance=Provenance(book=book, paper=PAPER, year=2020),
    )


SPECS = (
    vit("ViT-Tiny", image=224, patch=16, width=192, heads=3, n_blocks=12, classes=10, book="ch. 10.3"),
    vit("ViT-Tiny-ImageNet", image=224, patch=16, width=192, heads=3, n_blocks=12, classes=1000, book="ch. 10.5"),
    # The same backbone on 64-pixel photographs: patches of 8 leave 64 tokens.
    vit("ViT-Tiny-64", image=64, patch=8, width=192, heads=3, n_blocks=12, classes=10),
    # A hundred thousand parameters for 16-pixel images: what nine cells and three seeds on two cores allow.
    vit("ViT-Digits", image=16, patch=4, width=48, heads=3, n_blocks=4, classes=10),
)
