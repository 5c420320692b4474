"""MLP-Mixer of timm."""

from __future__ import annotations

from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import Conv2d, Dense, GlobalAvgPool, LayerNorm, Repeat, Reshape, Residual, SwapAxes
from netspec.spec import NetSpec

TIMM = "timm 1.0.31"
PAPER = "Tolstikhin et al. 2021, arXiv:2105.01601"


def mixer(
    width: int,
    n_blocks: int,
    *,
    patch: int = 16,
    image: int = 224,
    classes: int = 1000,
    ratio: tuple[float, float] = (0.5, 4.0),
) -> NetSpec:
    """Maps across tokens ``ratio[0]``, and across features ``ratio[1]`` times as wide as the features are many."""
    count = (image // patch) ** 2
    tokens, channels = (int(share * width) for share in ratio)
    across = (LayerNorm(width), SwapAxes(), Dense(count, tokens, "gelu"), Dense(tokens, count), SwapAxes())
    along = (LayerNorm(width), Dense(width, channels, "gelu"), Dense(channels, width))
    return network(
        (image, image, 3),
        Conv2d(3, width, patch, stride=patch, padding="valid", activation="identity"),
        Reshape((count, width)),
        Repeat(n_blocks, (Residual(across), Residual(along))),
        LayerNorm(width),
        GlobalAvgPool(),
        Dense(width, classes),
        conventions=Conventions(gelu="exact", layer_norm_epsilon=1e-6),
        paper=PAPER,
    )


NETWORKS = (
    Published("mixer_s16_224", "MLP-Mixer", TIMM, partial(mixer, 512, 8), ("Mixer-S/16",), rules="mixer"),
    Published("mixer_s32_224", "MLP-Mixer", TIMM, partial(mixer, 512, 8, patch=32), rules="mixer"),
    Published("mixer_b16_224", "MLP-Mixer", TIMM, partial(mixer, 768, 12), ("Mixer-B/16",), rules="mixer"),
    Published("mixer_b32_224", "MLP-Mixer", TIMM, partial(mixer, 768, 12, patch=32), rules="mixer"),
    Published("mixer_l16_224", "MLP-Mixer", TIMM, partial(mixer, 1024, 24), rules="mixer"),
)
