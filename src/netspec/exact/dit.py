"""DiT as its authors released it, with one embedding of time and label, and as diffusers has it, with one a block."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import (
    Branches,
    Condition,
    Conv2d,
    Dense,
    DepthToSpace,
    GridAttention,
    GridPositions,
    LayerNorm,
    Load,
    Reshape,
    Residual,
    Save,
    TimeEncoding,
    TokenPositionEmbed,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

DIFFUSERS, RELEASED = "diffusers 0.42.1", "facebookresearch/DiT"
PAPER = "Peebles & Xie 2022, arXiv:2212.09748"

#: Numbers that the time becomes first.
WAVES = 256


def _told(width: int, classes: int, *, last: bool) -> Layers:
    """The ``time`` and the ``label`` as a vector; the label after the last is for none."""
    time = (
        Load("time"),
        TimeEncoding(WAVES, "cosine", last),
        Dense(WAVES, width, "silu"),
        Dense(width, width),
    )
    label = (
        Load("label"),
        TokenPositionEmbed(classes + 1, 1, width, learned_positions=False),
        Reshape((width,)),
    )
    return (Branches((time, label), "add"),)


def _block(width: int, heads: int, mlp: int, told: str, second: float) -> Layers:
    """Both branches are scaled and shifted behind their norms, and scaled at their ends."""

    def branch(epsilon: float, *inside: Dense | GridAttention) -> Residual:
        norm = LayerNorm(width, epsilon, bias=False, scale=False)
        shifted = Condition(width, width, told, form="scale_shift")
        return Residual((norm, shifted, *inside, Condition(width, width, told, form="scale")))

    attention = GridAttention(width, heads)
    return (
        branch(1e-6, attention),
        branch(second, Dense(width, mlp, "gelu"), Dense(mlp, width)),
    )


def dit(
    width: int,
    heads: int,
    n_blocks: int,
    *,
    patch: int = 2,
    channels: int = 4,
    out_channels: int | None = None,
    height: int = 32,
    columns: int | None = None,
    classes: int = 1000,
    shared: bool = False,
) -> NetSpec:
    """The noise of a latent and its variance, told the ``time`` in steps and a ``label``.

    With ``shared`` all blocks are told by one embedding, as in the release; without, each has its own, and the last
    layer reads that of the first.
    """
    leaving = 2 * channels if out_channels is None else out_channels
    layers: list = [
        Conv2d(channels, width, patch, stride=patch, padding="valid", activation="identity"),
        Residual((GridPositions(width, "counted"),)),
    ]
    for block in range(n_blocks):
        if block == 0 or not shared:
            told = f"told{block}"
            layers += [Save(f"state{block}"), *_told(width, classes, last=not shared)]
            layers += [Save(told), Load(f"state{block}")]
        layers += _block(width, heads, 4 * width, told, 1e-6 if shared else 1e-5)
    return network(
        (height, height if columns is None else columns, channels),
        *layers,
        LayerNorm(width, 1e-6, bias=False, scale=False),
        Condition(width, width, "told0", form="scale_shift"),
        Dense(width, patch * patch * leaving),
        DepthToSpace(patch, "pixels"),
        conventions=Conventions(gelu="tanh"),
        paper=PAPER,
        time=(1,),
        label=(1,),
    )


#: Size, width, heads, blocks.
SIZES = (("S", 384, 6, 12), ("B", 768, 12, 12), ("L", 1024, 16, 24), ("XL", 1152, 16, 28))


def _networks() -> Iterator[Published]:
    for size, *sizes in SIZES:
        for patch in (2, 4, 8):
            name = f"DiT-{size}/{patch}"
            variants = (f"{name} (256 px, 32x32x4 latent)",)
            make = partial(dit, *sizes, patch=patch, shared=True)
            yield Published(name, "DiT", RELEASED, make, variants, rules="dit")
    for size, *sizes in SIZES:
        variants = (f"DiT-{size}/2 (diffusers, per-block embedders)",) if size in ("S", "XL") else ()
        names = {"XL": "facebook/DiT-XL-2-256"}
        name = names.get(size, f"diffusers.DiT-{size}-2-256")
        yield Published(name, "DiT", DIFFUSERS, partial(dit, *sizes), variants, rules="diffusers_dit")
    make = partial(dit, *SIZES[-1][1:], height=64)
    yield Published("facebook/DiT-XL-2-512", "DiT", DIFFUSERS, make, rules="diffusers_dit")


NETWORKS = tuple(_networks())
