"""Vision Transformers of torchvision, timm and transformers, which differ in the epsilon of their norms."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.layers import (
    AddPositions,
    Branches,
    Conv2d,
    Dense,
    Heads,
    PatchEmbed,
    PrependTokens,
    ReadToken,
    Reshape,
    TransformerEncoder,
    Unread,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

VIT = "Dosovitskiy et al. 2020, arXiv:2010.11929"
DINOV2 = "Oquab et al. 2023, arXiv:2304.07193"
DEIT = "Touvron et al. 2020, arXiv:2012.12877"
TIMM, TORCHVISION = "timm 1.0.31", "torchvision 0.28.0"
TRANSFORMERS = "transformers 5.23.0"

#: Width, heads, blocks and, where it is not four times the width, that of the MLP.
SIZES = {
    "tiny": (192, 3, 12),
    "small": (384, 6, 12),
    "base": (768, 12, 12),
    "large": (1024, 16, 24),
    "huge": (1280, 16, 32),
}
SHORT = {"tiny": "Ti", "small": "S", "base": "B", "large": "L", "huge": "H"}


def vit(
    width: int,
    heads: int,
    n_blocks: int,
    *,
    patch: int = 16,
    height: int = 224,
    columns: int | None = None,
    classes: int = 1000,
    mlp_width: int | None = None,
    epsilon: float = 1e-6,
    channels: int = 3,
    paper: str = VIT,
) -> NetSpec:
    """A class token in front of the patches of a ``height × columns`` image, exact GELU, norms of ``epsilon``."""
    across = height if columns is None else columns
    return network(
        (height, across, channels),
        PatchEmbed(channels, width, patch, (height // patch) * (across // patch)),
        TransformerEncoder(width, heads, mlp_width or 4 * width, n_blocks, readout="class_token", norm_epsilon=epsilon),
        Dense(width, classes),
        conventions=Conventions(gelu="exact"),
        paper=paper,
    )


def tokens_of(width: int, patch: int, height: int, columns: int, *, channels: int = 3) -> Layers:
    """Patches of an image as a sequence, row by row."""
    count = (height // patch) * (columns // patch)
    return (
        Conv2d(channels, width, patch, stride=patch, padding="valid", activation="identity"),
        Reshape((count, width)),
    )


def distilled(
    width: int, heads: int, n_blocks: int, *, patch: int = 16, image: int = 224, classes: int = 1000
) -> NetSpec:
    """DeiT with a second token for what a teacher says, and the mean of both heads, as it predicts."""
    count = (image // patch) ** 2
    return network(
        (image, image, 3),
        *tokens_of(width, patch, image, image),
        PrependTokens(2, width),
        AddPositions(count + 2, width),
        TransformerEncoder(width, heads, 4 * width, n_blocks, norm_epsilon=1e-6),
        Branches(tuple((ReadToken(place), Dense(width, classes)) for place in (0, 1)), join="mean"),
        conventions=Conventions(gelu="exact"),
        paper=DEIT,
    )


def dinov2(
    width: int, heads: int, n_blocks: int, *, patch: int = 14, image: int = 518, mlp_width: int | None = None
) -> NetSpec:
    """DINOv2 with layer scale; it keeps a token for masked patches, which it reads in pre-training only."""
    count = (image // patch) ** 2
    return network(
        (image, image, 3),
        *tokens_of(width, patch, image, image),
        Unread((1, width)),
        PrependTokens(1, width),
        AddPositions(count + 1, width),
        TransformerEncoder(width, heads, mlp_width or 4 * width, n_blocks, norm_epsilon=1e-6, layer_scale=1.0),
        Heads({"last_hidden_state": (), "pooler_output": ReadToken()}),
        conventions=Conventions(gelu="exact"),
        paper=DINOV2,
    )


HEADLESS = (Part("encoder (no head)", (0, 1)),)


def _timm() -> Iterator[Published]:
    for size, patch in (("tiny", 16), ("small", 16), ("small", 32), ("base", 16), ("base", 32), ("large", 16)):
        yield _of_timm(size, patch)
    yield _of_timm("large", 32)
    yield _of_timm("huge", 14)


def _of_timm(size: str, patch: int) -> Published:
    short = f"ViT-{SHORT[size]}/{patch}"
    variants = (short,) if size in ("tiny", "small") else (f"{short} (timm)",)
    make = partial(vit, *SIZES[size], patch=patch)
    return Published(f"vit_{size}_patch{patch}_224", "ViT", TIMM, make, variants, parts=HEADLESS, rules="timm_vit")


def _torchvision() -> Iterator[Published]:
    for size, patch in (("base", 16), ("base", 32), ("large", 16), ("large", 32), ("huge", 14)):
        short = SHORT[size]
        make = partial(vit, *SIZES[size], patch=patch)
        name = f"vit_{short.lower()}_{patch}"
        yield Published(name, "ViT", TORCHVISION, make, (f"ViT-{short}/{patch}",), rules="torchvision_vit")


def _small() -> Iterator[Published]:
    """Those of timm for smaller images, by the name that its arguments make."""
    for size in ("tiny", "small", "base"):
        for patch, image in ((4, 32), (8, 64), (16, 128), (16, 160), (8, 32)):
            make = partial(vit, *SIZES[size], patch=patch, height=image, classes=10)
            variants = (f"ViT-{SHORT[size]}/{patch} @{image}px",)
            yield Published(f"vit_{size}_patch{patch}_{image}", "ViT", TIMM, make, variants, rules="timm_vit")


def _transformers() -> Iterator[Published]:
    for size, name in (("base", "vit-base-patch16-224"), ("large", "vit-large-patch16-224")):
        make = partial(vit, *SIZES[size], epsilon=1e-12)
        variants = (f"ViT-{SHORT[size]}/16 (HF)",)
        yield Published(
            f"google/{name}", "ViT", TRANSFORMERS, make, variants, rules="transformers_vit", aliases=(name,)
        )


def _deit() -> Iterator[Published]:
    for size in ("tiny", "small", "base"):
        make = partial(vit, *SIZES[size], paper=DEIT)
        variants = (f"DeiT-{SHORT[size]}/16",)
        yield Published(f"deit_{size}_patch16_224", "DeiT", TIMM, make, variants, rules="timm_vit")


def _others() -> Iterator[Published]:
    for size in ("tiny", "small", "base"):
        make = partial(distilled, *SIZES[size])
        variants = (f"DeiT-{SHORT[size]}/16 distilled",)
        yield Published(f"deit_{size}_distilled_patch16_224", "DeiT", TIMM, make, variants, rules="timm_distilled")
    for size in ("small", "base", "large"):
        make = partial(dinov2, *SIZES[size])
        variants = ("DINOv2 ViT-S/14",) if size == "small" else ()
        name = f"dinov2-{size}"
        yield Published(f"facebook/{name}", "DINOv2", TRANSFORMERS, make, variants, rules="dinov2", aliases=(name,))


NETWORKS = (*_others(), *_timm(), *_torchvision(), *_small(), *_transformers(), *_deit())
