"""WaveNet: stacks of dilated causal convolutions over quantised audio."""

from __future__ import annotations

from netspec.catalogue.entry import BEYOND, Entry
from netspec.layers import Conv2d, WaveNetBlock
from netspec.spec import NetSpec

NEW = ("wave_net_block",)
WAVENET = Entry("WaveNet", BEYOND, "van den Oord et al. 2016, arXiv:1609.03499", 2016, NEW, NEW)


def wavenet(
    name: str, samples: int, levels: int, residual: int, skip: int, stacks: int, hidden: int, n_layers: int = 10
) -> NetSpec:
    """Amplitudes in ``levels`` steps, ``stacks`` of ``n_layers``, two 1×1 convolutions to a score per level.

    The listing feeds each stack with the skips of the one before, so its later stacks are ``skip`` wide.
    """
    widths = residual, *[skip] * (stacks - 1)
    return WAVENET.spec(
        name,
        (samples, 1, levels),
        Conv2d(levels, residual, 1, activation="identity"),
        *[WaveNetBlock(width, skip, n_layers) for width in widths],
        Conv2d(skip, hidden, 1),
        Conv2d(hidden, levels, 1, activation="identity"),
    )


SPECS = (
    wavenet("WaveNet (single stack, speech)", 16000, 256, 32, 512, 1, 256),
    wavenet("WaveNet (3 stacks, architecturally simplified)", 16000, 256, 32, 512, 3, 256),
    wavenet("WaveNet (music, single stack)", 16000, 256, 256, 256, 1, 256),
    wavenet("tiny-WaveNet", 512, 64, 16, 64, 1, 32, n_layers=8),
)
