"""Wide ResNets for CIFAR: depth ``6n + 4``, channels ``k`` times 16, 32, 64."""

from __future__ import annotations

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import ConvBN, Dense, GlobalAvgPool, ResidualBlock
from netspec.spec import NetSpec

WRN = Entry(
    "WRN (Wide ResNet)", VISION, "Zagoruyko & Komodakis 2016, arXiv:1605.07146", 2016, earlier_new_primitives=None
)


def wrn(name: str, depth: int, k: int) -> NetSpec:
    """WRN-``depth``-``k``."""
    n = (depth - 4) // 6
    return WRN.spec(
        name,
        (32, 32, 3),
        ConvBN(3, 16, 3),
        ResidualBlock(16, 16 * k, n, 1),  # 32×32
        ResidualBlock(16 * k, 32 * k, n, 2),  # 16×16
        ResidualBlock(32 * k, 64 * k, n, 2),  # 8×8
        GlobalAvgPool(),
        Dense(64 * k, 10),
    )


SPECS = (wrn("WRN-28-10", 28, 10), wrn("WRN-40-2", 40, 2), wrn("WRN-22-8", 22, 8), wrn("tiny-WRN (10-2)", 10, 2))
