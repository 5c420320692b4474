"""QANet: separable convolutions for what is near, self-attention for what is far."""

from __future__ import annotations

from netspec.catalogue.entry import LANGUAGE, Entry
from netspec.layers import SeparableConv, TransformerEncoder
from netspec.layers.base import Layers

QANET = Entry("QANet", LANGUAGE, "Yu et al. 2018, arXiv:1804.09541", 2018, ("separable_conv",))
STACK = "QANet model encoder stack (7 blocks, deep body)"


def block(width: int, heads: int, convolutions: int) -> Layers:
    """One encoder block; a sequence is an image one pixel wide."""
    return *[SeparableConv(width, width, 1)] * convolutions, TransformerEncoder(width, heads, 4 * width, 1)


SPECS = (
    QANET.spec("QANet encoder block (4× sep-conv + self-attn + FFN)", (400, 1, 128), *block(128, 8, 4)),
    QANET.spec(STACK, (400, 1, 128), *block(128, 8, 2) * 7),
    QANET.spec("tiny-QANet (2 blocks, dim 32)", (64, 1, 32), *block(32, 2, 2) * 2),
    # What the chapter's text describes, and its figure of 1.9M needs: four convolutions in every block.
    QANET.spec("QANet model encoder stack (4 convolutions per block)", (400, 1, 128), *block(128, 8, 4) * 7, of=STACK),
)
