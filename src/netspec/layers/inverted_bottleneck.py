"""What blocks of MobileNet V2 and V3 and of EfficientNet share: a wide depthwise convolution between two thin ends."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.layers.squeeze_excite import squeeze_excite_macs, squeeze_excite_params


def stage(in_channels: int, out_channels: int, stride: int, n_blocks: int) -> Iterator[tuple[int, int]]:
    """Input channels and stride of each block, of which the first reads ``in_channels`` and strides."""
    yield in_channels, stride
    yield from ((out_channels, 1) for _ in range(n_blocks - 1))


def inverted_bottleneck_params(i: int, m: int, o: int, kernel: int, squeezed: int = 0) -> int:
    """Those of a block from ``i`` channels by ``m`` to ``o``, each convolution with BatchNorm.

    ``[m ≠ i](m·i + 2·m) + m·kernel² + 2·m + [se](2·q·m + q + m) + o·m + 2·o`` with ``q = squeezed``, 0 for none.
    Source: Sandler et al. 2018 (arXiv:1801.04381), table 1; Howard et al. 2019 (arXiv:1905.02244), fig. 4.
    """
    expansion = m * i + 2 * m if m != i else 0
    squeeze = squeeze_excite_params(m, squeezed) if squeezed else 0
    return expansion + m * kernel**2 + 2 * m + squeeze + o * m + 2 * o


def inverted_bottleneck_macs(before: int, after: int, i: int, m: int, o: int, kernel: int, squeezed: int = 0) -> int:
    """All convolutions, the expansion at the ``before`` positions that arrive, and the squeeze-excite maps once."""
    expansion = before * m * i if m != i else 0
    squeeze = squeeze_excite_macs(m, squeezed) if squeezed else 0
    return expansion + after * (m * kernel**2 + o * m) + squeeze


def divisible(channels: int, divisor: int) -> int:
    """``channels`` as the nearest multiple of ``divisor`` not below nine tenths of it (Sandler et al. 2018, code)."""
    nearest = max(divisor, (2 * channels + divisor) // (2 * divisor) * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest
