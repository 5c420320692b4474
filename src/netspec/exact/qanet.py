"""QANet's encoder as its paper defines it: positions, separable convolutions, attention and an MLP in each block."""

from __future__ import annotations

from functools import partial

from netspec.exact.published import Published, network
from netspec.layers import AddPositions, Conv2d, LayerNorm, Reshape, Residual, TransformerEncoder
from netspec.layers.base import Layers
from netspec.spec import NetSpec

DEFINED = "Yu et al. 2018, sec. 2.2"
PAPER = "Yu et al. 2018, arXiv:1804.09541"


def block(width: int, heads: int, convolutions: int, kernel: int, hidden: int, tokens: int) -> Layers:
    """One block, ``(tokens, width) -> (tokens, width)``; for its convolutions a sequence is an image one pixel wide."""
    near = Residual(
        (
            LayerNorm(width),
            Conv2d(
                width,
                width,
                (kernel, 1),
                padding=(kernel // 2, 0),
                groups=width,
                activation="identity",
                bias=False,
            ),
            Conv2d(width, width, 1),
        )
    )
    far = TransformerEncoder(width, heads, hidden, 1, mlp="relu", final_norm=False)
    positions = AddPositions(tokens, width, kind="sinusoidal")
    return positions, Reshape((tokens, 1, width)), *[near] * convolutions, Reshape((tokens, width)), far


def qanet(
    width: int = 128,
    heads: int = 8,
    convolutions: int = 4,
    kernel: int = 7,
    hidden: int = 512,
    blocks: int = 1,
    *,
    tokens: int = 400,
) -> NetSpec:
    """As many blocks, none of which ends in a norm."""
    return network((tokens, width), *block(width, heads, convolutions, kernel, hidden, tokens) * blocks, paper=PAPER)


NETWORKS = (
    Published("qanet_block", "QANet", DEFINED, qanet, rules="qanet_block"),
    Published("qanet_stack", "QANet", DEFINED, partial(qanet, convolutions=2, kernel=5, blocks=7), rules="qanet_stack"),
)
