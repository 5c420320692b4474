"""Evoformer block and invariant point attention, which are to compute what OpenFold does."""

from functools import partial

from twins import Twin

from netspec import layers as L
from netspec.modules.evoformer_block import Block
from netspec.run.traced import UNDRAWN


def point_attention(modules, s, z, q, t):
    (attention,) = modules
    return {"output": attention(s[None], z[None], q[None], t[None])[0]}


def evoformer(modules, m, z):
    (block,) = modules
    msa, pair = block(m[None], z[None])
    return {"msa": msa, "pair": pair}


TWINS = {
    "ipa": Twin(
        (L.InvariantPointAttention(384, 128),),
        order=(("()", ("q$", "kv$", "q_points", "kv_points", "linear_b", "head_weights", "out")),),
        forward=point_attention,
        gradients=True,
    ),
    "evoformer_block": Twin(
        (partial(Block, L.EvoformerBlock(256, 128, 1, outer_mean="behind"), UNDRAWN),),
        order=(
            (r".*tri_mul_\w+\.", ("norm_in", "a_p", "a_g", "b_p", "b_g", "linear_g", "norm_out", "linear_z")),
            (r".*mha\.", ("linear_q", "linear_k", "linear_v", "linear_g", "linear_o")),
            ("()", ("msa_att_row", "msa_att_col", "msa_transition", "outer_product_mean")),
        ),
        forward=evoformer,
    ),
}
