"""Squeeze-and-excitation, as the MobileNet and EfficientNet blocks contain it."""


def squeeze_excite_params(channels: int, squeezed: int) -> int:
    """Two dense maps with bias, ``channels -> squeezed -> channels``: ``2·q·m + q + m``.

    Source: Hu et al. 2017 (arXiv:1709.01507), eq. 3; book ch. 8.
    """
    return 2 * channels * squeezed + squeezed + channels


def squeeze_excite_macs(channels: int, squeezed: int) -> int:
    """Both maps, once per image; the pooling and the channelwise product do not count."""
    return 2 * channels * squeezed
