"""RegNet's widths and blocks. Source: Radosavovic et al. 2020 (arXiv:2003.13678), eq. 2 to 4 and sec. 3.4."""

from __future__ import annotations

import math

from netspec.idioms.parts import Layers, conv, rounded
from netspec.idioms.residual import Block, residual
from netspec.layers import Dense, GlobalAvgPool


def stages(depth: int, initial: int, slope: float, multiplier: float, group: int) -> tuple[tuple[int, int, int], ...]:
    """``(width, blocks, group width)`` of each stage, for bottlenecks of ratio one.

    Widths ``initial + slope·j`` are moved to powers of ``multiplier``, then to multiples of eight, and at last to those
    of the group, which is no wider than the stage.
    """
    powers = (round(math.log((initial + slope * block) / initial) / math.log(multiplier)) for block in range(depth))
    widths = [round(initial * multiplier**power / 8) * 8 for power in powers]
    found = []
    for width in dict.fromkeys(widths):
        own = min(group, width)
        found.append((rounded(width, own), widths.count(width), own))
    return tuple(found)


def regnet(
    depth: int, initial: int, slope: float, multiplier: float, group: int, *, squeeze_excite: bool, classes: int = 1000
) -> Layers:
    """RegNetX, or with squeeze-and-excitation RegNetY: ``(H, W, 3) -> (classes,)``.

    Blocks are bottlenecks of equal widths whose 3×3 has groups; the gate squeezes to a quarter of the channels that
    enter the block and stands behind the 3×3.
    """
    layers: list = list(conv(3, 32, 3, 2))
    i = 32
    for width, n_blocks, own in stages(depth, initial, slope, multiplier, group):
        for index in range(n_blocks):
            squeezed = round(i / 4) if squeeze_excite else None
            layers += grouped(i, width, width // own, 2 if index == 0 else 1, squeezed)
            i = width
    return (*layers, GlobalAvgPool(), Dense(i, classes))


def grouped(i: int, o: int, groups: int, stride: int, squeezed: int | None) -> Layers:
    """One block: ``(H, W, i) -> (H/stride, W/stride, o)``."""
    block = Block(cardinality=groups)
    if squeezed is not None:
        block = Block(cardinality=groups, attention="se", squeezed=squeezed, gate_after="3x3")
    return residual(i, o, o, stride, block)
