"""Networks over sequences and proteins that a case defines itself, by the names of its ``definition.py``."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from netspec.exact import qanet, wavenet
from netspec.weights.constructors.base import made
from netspec.weights.constructors.readers import reads
from netspec.weights.families import find
from netspec.weights.parity import Twin


def _times_last(scores: Any) -> dict[str, Any]:
    """Scores ``(B, T, levels)`` as the library's, whose times are the last axis."""
    return {"output": jnp.swapaxes(scores, 1, 2)}


@reads("definition.WaveNet")
def wave_net(
    layers: int = 10, blocks: int = 4, residual: int = 32, dilation_channels: int = 32, skip: int = 256, end: int = 256,
    classes: int = 256, bias: bool = False,
) -> Twin:  # fmt: skip
    """WaveNet."""
    spec = wavenet.wavenet(layers, blocks, residual, dilation_channels, skip, end, levels=classes, bias=bias)
    return Twin(spec, find("pytorch_wavenet"), outputs=_times_last)


@reads("definition.EncoderBlock")
def qanet_block(dim: int = 128, heads: int = 8, n_convs: int = 4, kernel: int = 7, hidden: int = 512) -> Twin:
    """One block of QANet."""
    return made("qanet_block", qanet.qanet, dim, heads, n_convs, kernel, hidden)


@reads("definition.EncoderStack")
def qanet_stack(
    blocks: int = 7, dim: int = 128, heads: int = 8, n_convs: int = 2, kernel: int = 5, hidden: int = 512
) -> Twin:
    """Blocks of QANet."""
    return made("qanet_stack", qanet.qanet, dim, heads, n_convs, kernel, hidden, blocks)
