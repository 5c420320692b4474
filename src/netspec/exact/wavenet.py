"""WaveNet as public code has it, whose paper prints no widths: a stack of stacks whose skips are all summed."""

from __future__ import annotations

from functools import partial

from netspec.exact.published import Published, network
from netspec.layers import Activate, Dense, OneHotDense, WaveNetBlock
from netspec.spec import NetSpec

RELEASED = "vincentherrmann/pytorch-wavenet"
PAPER = "van den Oord et al. 2016, arXiv:1609.03499"


def wavenet(
    layers: int = 10,
    stacks: int = 4,
    residual: int = 32,
    gated: int = 32,
    skip: int = 256,
    end: int = 256,
    *,
    levels: int = 256,
    bias: bool = False,
    times: int = 1200,
) -> NetSpec:
    """A score for each of ``levels`` at each time, from what is there up to it; the two last maps always have biases.

    Zeros stand before the first time, so that as many times leave as arrive.
    """
    return network(
        (times,),
        OneHotDense(levels, residual, bias=bias),
        WaveNetBlock(residual, skip, layers, gated_channels=gated, stacks=stacks, bias=bias),
        Activate("relu"),
        Dense(skip, end, "relu"),
        Dense(end, levels),
        paper=PAPER,
    )


NETWORKS = (
    Published(
        "wavenet", "WaveNet", RELEASED, wavenet, ("WaveNet (pytorch-wavenet defaults)",), rules="pytorch_wavenet"
    ),
    Published(
        "wavenet_demo",
        "WaveNet",
        RELEASED,
        partial(wavenet, stacks=3, skip=1024, end=512, bias=True),
        ("WaveNet (pytorch-wavenet demo settings)",),
        rules="pytorch_wavenet",
    ),
)
