"""Blocks of denoisers and of the autoencoder around them: group norms, time, attention, changes of resolution.

Sources: Ho et al. 2020 (arXiv:2006.11239), app. B; Rombach et al. 2021 (arXiv:2112.10752), app. E; diffusers' code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from netspec.idioms.parts import Layers
from netspec.layers import (
    Condition,
    Conv2d,
    Dense,
    GroupNorm,
    ImageAttention,
    Load,
    NearestUpsample,
    Repeat,
    Residual,
    Save,
    TimeEncoding,
)


def plain(i: int, o: int, kernel: int = 3, stride: int = 1) -> Conv2d:
    """A padded convolution with bias and no activation."""
    return Conv2d(i, o, kernel, kernel // 2, "identity", stride)


def residual(i: int, o: int, groups: int = 32, time: tuple[str, int] | None = None) -> Layers:
    """Two of norm, SiLU, 3×3, between them the time, beside a 1×1 where channels change: ``(H, W, i) -> (H, W, o)``.

    ``time`` is the name and width of the saved vector.
    """
    told: Layers = () if time is None else (Condition(o, time[1], time[0]),)
    body = (GroupNorm(i, groups, "silu"), plain(i, o), *told, GroupNorm(o, groups, "silu"), plain(o, o))
    return (Residual(body, () if i == o else (plain(i, o, 1),)),)


def attention(c: int, groups: int = 32, heads: int = 1) -> Layers:
    """``x + attention(norm(x))`` over all positions: ``(H, W, c) -> (H, W, c)``."""
    return (Residual((GroupNorm(c, groups), ImageAttention(c, heads))),)


def down(c: int, padding: Literal["both", "end"] = "both") -> Layers:
    """A strided 3×3, padded on both sides or only behind: ``(H, W, c) -> (H/2, W/2, c)``."""
    return (Conv2d(c, c, 3, 1 if padding == "both" else (0, 1, 0, 1), "identity", 2),)


def up(c: int) -> Layers:
    """Each pixel four times and a 3×3: ``(H, W, c) -> (2H, 2W, c)``."""
    return (NearestUpsample(2), plain(c, c))


def time_embedding(width: int, name: str = "embedding", *, first: Literal["sine", "cosine"], last: bool) -> Layers:
    """The extra input ``time`` through two maps, saved as ``name``: four times ``width`` numbers. Then the image again.

    It stands first in a network, whose image it saves and loads.
    """
    wide = 4 * width
    encode = (Load("time"), TimeEncoding(width, first, last), Dense(width, wide, "silu"), Dense(wide, wide))
    return (Save("image"), *encode, Save(name), Load("image"))


#: What stands behind a residual block of ``c`` channels at a level: attention, a transformer, or nothing.
Mixer = Callable[[int], Layers]


def nothing(c: int) -> Layers:
    """No layers."""
    return ()


def denoiser(
    channels: int,
    widths: Sequence[int],
    mixers: Sequence[Mixer],
    middle: Mixer,
    *,
    n_blocks: int = 2,
    groups: int = 32,
    padding: Literal["both", "end"] = "both",
    first: Literal["sine", "cosine"] = "cosine",
    last: bool = False,
    name: str = "embedding",
) -> Layers:
    """The U-Net of DDPM and Stable Diffusion: ``(H, W, channels) -> (H, W, channels)``; reads the extra input ``time``.

    ``widths`` are those of the levels, ``mixers`` what stands behind each level's residual blocks, ``middle`` what
    stands between the two in the middle. A residual block and what stands behind it are one place of the listing. Every
    tensor of the way down is joined on the way up.
    """
    time = (name, 4 * widths[0])
    layers: list = [*time_embedding(widths[0], name, first=first, last=last), plain(channels, widths[0])]
    kept, c = [("skip 0", widths[0])], widths[0]
    layers.append(Save("skip 0"))

    def keep() -> None:
        kept.append((f"skip {len(kept)}", c))
        layers.append(Save(kept[-1][0]))

    for level, (width, mixer) in enumerate(zip(widths, mixers, strict=True)):
        for _ in range(n_blocks):
            layers.append(Repeat(1, (*residual(c, width, groups, time), *mixer(width))))
            c = width
            keep()
        if level < len(widths) - 1:
            layers += down(c, padding)
            keep()
    layers += [
        Repeat(1, (*residual(c, c, groups, time), *middle(c))),
        Repeat(1, residual(c, c, groups, time)),
    ]
    for level, (width, mixer) in reversed(list(enumerate(zip(widths, mixers, strict=True)))):
        for _ in range(n_blocks + 1):
            skip, more = kept.pop()
            layers += [
                Load(skip, "concat"),
                Repeat(1, (*residual(c + more, width, groups, time), *mixer(width))),
            ]
            c = width
        if level:
            layers += up(c)
    return (*layers, GroupNorm(c, groups, "silu"), plain(c, channels))


def encoder(channels: int, widths: Sequence[int], latent: int, *, n_blocks: int = 2, groups: int = 32) -> Layers:
    """The autoencoder's way down: ``(H, W, channels) -> (H/2^k, W/2^k, 2·latent)``, means and log-variances."""
    layers: list = [plain(channels, widths[0])]
    c = widths[0]
    for level, width in enumerate(widths):
        for _ in range(n_blocks):
            layers.append(Repeat(1, residual(c, width, groups)))
            c = width
        if level < len(widths) - 1:
            layers += down(c, "end")
    layers += [Repeat(1, (*residual(c, c, groups), *attention(c, groups))), Repeat(1, residual(c, c, groups))]
    last = (GroupNorm(c, groups, "silu"), plain(c, 2 * latent), plain(2 * latent, 2 * latent, 1))
    return (*layers, *last)


def decoder(channels: int, widths: Sequence[int], latent: int, *, n_blocks: int = 2, groups: int = 32) -> Layers:
    """The autoencoder's way up: ``(H, W, latent) -> (2^k·H, 2^k·W, channels)``; ``widths`` as the encoder's."""
    c = widths[-1]
    layers: list = [plain(latent, latent, 1), plain(latent, c)]
    layers += [Repeat(1, (*residual(c, c, groups), *attention(c, groups))), Repeat(1, residual(c, c, groups))]
    for level, width in reversed(list(enumerate(widths))):
        for _ in range(n_blocks + 1):
            layers.append(Repeat(1, residual(c, width, groups)))
            c = width
        if level:
            layers += up(c)
    return (*layers, GroupNorm(c, groups, "silu"), plain(c, channels))
