"""Modules of Inception v3 and v4, whose kernels are factorised.

Sources: Szegedy et al. 2014 (arXiv:1409.4842), 2015 (arXiv:1512.00567), 2016 (arXiv:1602.07261).
"""

from __future__ import annotations

from netspec.idioms.parts import Layers
from netspec.layers import AvgPool, Branches, ConvBN, MaxPool
from netspec.layers.window import Pair


def chain(i: int, *steps: tuple[int, Pair] | tuple[int, Pair, int]) -> Layers:
    """Normed convolutions one after another, each ``(channels, kernel)``, or with a stride unpadded."""
    layers: list[ConvBN] = []
    for o, kernel, *stride in steps:
        layers.append(ConvBN(i, o, kernel, stride[0], "valid") if stride else ConvBN(i, o, kernel))
        i = o
    return tuple(layers)


def averaged(i: int, o: int) -> Layers:
    """The mean of 3×3 pixels, then a 1×1: ``(H, W, i) -> (H, W, o)``; what is padded counts."""
    return (AvgPool(3, 1, 1), ConvBN(i, o, 1))


def v3_a(i: int, pooled: int) -> Layers:
    """Fig. 5: ``(H, W, i) -> (H, W, 224 + pooled)``."""
    return (
        Branches((chain(i, (64, 1)), chain(i, (48, 1), (64, 5)), chain(i, (64, 1), (96, 3), (96, 3)),
                  averaged(i, pooled))),
    )  # fmt: skip


def v3_b(i: int) -> Layers:
    """Fig. 10, the first reduction: ``(H, W, i) -> (H/2, W/2, 480 + i)``."""
    return (Branches((chain(i, (384, 3, 2)), chain(i, (64, 1), (96, 3), (96, 3, 2)), (MaxPool(3, 2, "valid"),))),)


def v3_c(i: int, c: int) -> Layers:
    """Fig. 6: 7×7 as rows and columns: ``(H, W, i) -> (H, W, 768)``; ``c`` channels inside."""
    row, column = (1, 7), (7, 1)
    return (
        Branches((chain(i, (192, 1)), chain(i, (c, 1), (c, row), (192, column)),
                  chain(i, (c, 1), (c, column), (c, row), (c, column), (192, row)), averaged(i, 192))),
    )  # fmt: skip


def v3_d(i: int) -> Layers:
    """The second reduction: ``(H, W, i) -> (H/2, W/2, 512 + i)``."""
    long = chain(i, (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2))
    return (Branches((chain(i, (192, 1), (320, 3, 2)), long, (MaxPool(3, 2, "valid"),))),)


def spread(i: int, o: int) -> Layers:
    """A row and a column of three over one input, joined: ``(H, W, i) -> (H, W, 2·o)``."""
    return (Branches(((ConvBN(i, o, (1, 3)),), (ConvBN(i, o, (3, 1)),))),)


def v3_e(i: int) -> Layers:
    """Fig. 7: ``(H, W, i) -> (H, W, 2048)``."""
    return (
        Branches((chain(i, (320, 1)), (*chain(i, (384, 1)), *spread(384, 384)),
                  (*chain(i, (448, 1), (384, 3)), *spread(384, 384)), averaged(i, 192))),
    )  # fmt: skip


def v3_body() -> Layers:
    """All before the pooling: ``(299, 299, 3) -> (8, 8, 2048)``. Szegedy et al. 2015 (arXiv:1512.00567), table 1."""
    stem = (*chain(3, (32, 3, 2), (32, 3, 1), (64, 3)), MaxPool(3, 2, "valid"), *chain(64, (80, 1), (192, 3, 1)))
    return (
        *stem, MaxPool(3, 2, "valid"), *v3_a(192, 32), *v3_a(256, 64), *v3_a(288, 64), *v3_b(288),
        *(layer for c in (128, 160, 160, 192) for layer in v3_c(768, c)), *v3_d(768), *v3_e(1280), *v3_e(2048),
    )  # fmt: skip


def v4_body() -> Layers:
    """Inception-v4 before the pooling: ``(299, 299, 3) -> (8, 8, 1536)``. Szegedy et al. 2016, fig. 3 to 9."""
    row, column = (1, 7), (7, 1)
    stem = (
        *chain(3, (32, 3, 2), (32, 3, 1), (64, 3)),
        Branches(((MaxPool(3, 2, "valid"),), chain(64, (96, 3, 2)))),
        Branches((chain(160, (64, 1), (96, 3, 1)), chain(160, (64, 1), (64, row), (64, column), (96, 3, 1)))),
        Branches((chain(192, (192, 3, 2)), (MaxPool(3, 2, "valid"),))),
    )

    def mean(i: int, o: int) -> Layers:
        return (AvgPool(3, 1, 1, count_padding=False), ConvBN(i, o, 1))

    a = Branches((chain(384, (96, 1)), chain(384, (64, 1), (96, 3)), chain(384, (64, 1), (96, 3), (96, 3)),
                  mean(384, 96)))  # fmt: skip
    to_b = Branches((chain(384, (384, 3, 2)), chain(384, (192, 1), (224, 3), (256, 3, 2)), (MaxPool(3, 2, "valid"),)))
    b = Branches((chain(1024, (384, 1)), chain(1024, (192, 1), (224, row), (256, column)),
                  chain(1024, (192, 1), (192, column), (224, row), (224, column), (256, row)),
                  mean(1024, 128)))  # fmt: skip
    to_c = Branches((chain(1024, (192, 1), (192, 3, 2)), chain(1024, (256, 1), (256, row), (320, column), (320, 3, 2)),
                     (MaxPool(3, 2, "valid"),)))  # fmt: skip
    c = Branches((chain(1536, (256, 1)), (*chain(1536, (384, 1)), *spread(384, 256)),
                  (*chain(1536, (384, 1), (448, (3, 1)), (512, (1, 3))), *spread(512, 256)),
                  mean(1536, 256)))  # fmt: skip
    return (*stem, *(a,) * 4, to_b, *(b,) * 7, to_c, *(c,) * 3)
