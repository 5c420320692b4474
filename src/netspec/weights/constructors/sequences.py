"""Networks over sequences and proteins, and layers by themselves, that a case defines in its ``definition.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from netspec.exact import primitives, protein, qanet, wavenet
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


@reads("definition.EvoformerBlock")
def evoformer_block(
    c_m: int = 256, c_z: int = 128, c_hidden_msa_att: int = 32, c_hidden_opm: int = 32, c_hidden_mul: int = 128,
    c_hidden_pair_att: int = 32, no_heads_msa: int = 8, no_heads_pair: int = 4, transition_n: int = 4,
) -> Twin:  # fmt: skip
    """One block of the Evoformer, with the names that OpenFold gives its widths."""
    return made(
        "openfold_evoformer_block",
        protein.evoformer,
        c_m,
        c_z,
        1,
        None,
        msa_heads=no_heads_msa,
        pair_heads=no_heads_pair,
        msa_head_width=c_hidden_msa_att,
        pair_head_width=c_hidden_pair_att,
        outer=c_hidden_opm,
        triangle=c_hidden_mul,
        transition=transition_n,
    )


@reads("definition.IPA")
def point_attention(
    c_s: int = 384, c_z: int = 128, c_hidden: int = 16, no_heads: int = 12, no_qk_points: int = 4, no_v_points: int = 8
) -> Twin:
    """Invariant point attention, with the names that OpenFold gives its widths."""
    return made("openfold_ipa", protein.point_attention, c_s, c_z, no_heads, c_hidden, no_qk_points, no_v_points)


def _trained(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a norm leaves in training, and its statistics behind that step."""
    statistics = {f"batch_norm_train_running_{name}": found[f"layers.0.norm.{name}"] for name in ("mean", "var")}
    return {"batch_norm_train": found[""], **statistics}


@reads("definition.ImagePrimitives")
def image_layers() -> Twin:
    """Layers of images, one of each, and a norm in training."""
    norm = Twin(primitives.trained_norm(), find("torch_batch_norm"), outputs=_trained, training=True)
    return Twin(primitives.images(), find("torch_image_layers"), pieces=(norm,))


def _channels_second(found: Mapping[str, Any]) -> dict[str, Any]:
    """Convolutions along the tokens leave their channels in front of them."""
    return {name: jnp.swapaxes(value, 1, 2) if name.startswith("conv1d") else value for name, value in found.items()}


def _rounded_sixth(inputs: Mapping[str, Any], cotangents: Mapping[str, Any]) -> dict[str, Any]:
    """PyTorch's derivative of the hard sigmoid is 1/6 rounded to float32, whatever the type; the case has it of 2x."""
    off = 2 * (float(np.float32(1 / 6)) - 1 / 6)
    return {"input": off * cotangents["hardsigmoid"] * (jnp.abs(2 * inputs["x"]) < 3)}


@reads("definition.SequencePrimitives")
def sequence_layers() -> Twin:
    """Layers of sequences, one of each, and attention that sees no later tokens."""
    causal = Twin(
        primitives.causal_attention(), find("torch_attention"), outputs=lambda leaves: {"attention_causal": leaves}
    )
    return Twin(
        primitives.sequences(),
        find("torch_sequence_layers"),
        outputs=_channels_second,
        slip=_rounded_sixth,
        pieces=(causal,),
    )
