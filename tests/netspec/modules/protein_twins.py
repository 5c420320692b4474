"""Evoformer block and invariant point attention, which are to compute what OpenFold does."""

from functools import partial

import jax.numpy as jnp
import numpy as np
from twins import Twin

from netspec import layers as L
from netspec.modules.evoformer_block import Block
from netspec.modules.structure_module import Frames, InvariantPointAttention
from netspec.run.traced import UNDRAWN

SEQUENCES = 6


def point_attention(modules, s, z, q, t):
    (attention,) = modules
    frames = Frames((q / jnp.linalg.norm(q, axis=-1, keepdims=True))[None], t[None])
    return {"output": attention(s[None], z[None], frames)[0]}


def evoformer(modules, m, z):
    (block,) = modules
    msa, pair = block(m[None], z[None])
    return {"msa": msa, "pair": pair}


def mean_before_the_map(tensors):
    """There the mean is taken behind the dense map, bias included, over one thousandth of a sequence too many."""
    weight, bias = (f"block.outer_product_mean.linear_out.{part}" for part in ("weight", "bias"))
    divisor = np.float32(SEQUENCES + 1e-3)
    factors = {weight: SEQUENCES / divisor, bias: 1 / divisor}
    return {name: tensors[name] * factors.get(name, np.float32(1)) for name in tensors}


TWINS = {
    "ipa": Twin(
        (partial(InvariantPointAttention, L.StructureModule(384, 128, 1), UNDRAWN),),
        order=(("()", ("q$", "kv$", "q_points", "kv_points", "linear_b", "head_weights", "out")),),
        forward=point_attention,
        gradients=True,
    ),
    "evoformer_block": Twin(
        (partial(Block, L.EvoformerBlock(256, 128, 1), UNDRAWN),),
        order=(
            (r".*tri_mul_\w+\.", ("norm_in", "a_p", "a_g", "b_p", "b_g", "linear_g", "norm_out", "linear_z")),
            (r".*mha\.", ("linear_q", "linear_k", "linear_v", "linear_g", "linear_o")),
            ("()", ("msa_att_row", "msa_att_col", "msa_transition", "outer_product_mean")),
        ),
        change=mean_before_the_map,
        forward=evoformer,
    ),
}
