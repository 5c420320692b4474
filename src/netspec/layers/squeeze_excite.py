"""Squeeze-and-excitation, as residual blocks and those of MobileNet and EfficientNet contain it."""


def squeeze_excite_params(channels: int, squeezed: int) -> int:
    """Two dense maps with bias, ``channels -> squeezed -> channels``: ``2·q·m + q + m``.

    Source: Hu et al. 2017 (arXiv:1709.01507), eq. 3; book ch. 8.
    """
    return 2 * channels * squeezed + squeezed + channels


def squeeze_excite_macs(channels: int, squeezed: int) -> int:
    """Both maps, once per image; the pooling and the channelwise product do not count."""
    return 2 * channels * squeezed


def squeezed_by(channels: int, reduction: int) -> int:
    """Channels that a gate squeezes to, at least one."""
    return max(1, channels // reduction)


def gate_params(channels: int, reduction: int | None) -> int:
    """Those of a gate, or none without a reduction."""
    return 0 if reduction is None else squeeze_excite_params(channels, squeezed_by(channels, reduction))


def gate_macs(channels: int, reduction: int | None) -> int:
    """Those of a gate, or none without a reduction."""
    return 0 if reduction is None else squeeze_excite_macs(channels, squeezed_by(channels, reduction))
