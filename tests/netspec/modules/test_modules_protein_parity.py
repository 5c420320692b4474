"""Evoformer block and invariant point attention give the numbers of a published implementation with the same weights.

It is OpenFold (its commit is in the manifests in ``parity/``).
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lone_modules import build
from published import Case, normal

from netspec import layers as L
from netspec.modules.structure_module import Frames


@pytest.fixture(scope="module")
def point_attention():
    case, module = Case("ipa"), build(L.StructureModule(384, 128, 1)).attention
    for part, name in {
        "query": "linear_q",
        "key_value": "linear_kv",
        "query_points": "linear_q_points.linear",
        "key_value_points": "linear_kv_points.linear",
        "pair_bias": "linear_b",
        "out": "linear_out",
    }.items():
        case.put(getattr(module, part), f"ipa.{name}")
    module.head_weight[...] = jnp.asarray(case.weights.pop("ipa.head_weights"))
    return case, module


def unit(quaternion):
    return quaternion / jnp.linalg.norm(quaternion, axis=-1, keepdims=True)


def test_invariant_point_attention(point_attention):
    case, module = point_attention
    single, pair, quaternion, translation = case.inputs
    case.compare(module(single, pair, Frames(unit(quaternion), translation))[0])


def test_gradients_of_invariant_point_attention(point_attention):
    case, module = point_attention
    cotangent = normal("cotangent", (12, 384))

    def loss(single, pair, quaternion, translation):
        return (module(single, pair, Frames(unit(quaternion), translation))[0] * cotangent).sum()

    value, gradients = jax.value_and_grad(loss, argnums=(0, 1, 2, 3))(*case.inputs)
    recorded = case.manifest["gradients"]
    np.testing.assert_allclose(value, recorded["loss"], rtol=1e-5)
    for (name, expected), gradient in zip(recorded["inputs"].items(), gradients, strict=True):
        gradient = np.asarray(gradient[0], np.float64)
        found = {"l2": np.linalg.norm(gradient), "projection": (gradient * normal(name, gradient.shape)).sum()}
        for quantity, number in found.items():
            assert abs(number - expected[quantity]) < recorded["tolerance_f32"] * expected["l2"], (name, quantity)


def test_evoformer_block():
    case, block = Case("evoformer_block"), build(L.EvoformerBlock(256, 128, 1)).block(0)

    def put(module, prefix, **names):
        for part, name in names.items():
            case.put(getattr(module, part), f"block.{prefix}.{name}")

    def put_attention(module, prefix):
        put(module.attention, f"{prefix}.mha", **{part: f"linear_{part[0]}" for part in ("query", "key", "value")})
        put(module.attention, f"{prefix}.mha", gate="linear_g", out="linear_o")

    put(block.row_attention, "msa_att_row", norm="layer_norm_m", pair_norm="layer_norm_z")
    put(block.row_attention.bias, "msa_att_row", linear="linear_z")
    put_attention(block.row_attention, "msa_att_row")
    put(block.column_attention, "msa_att_col._msa_att", norm="layer_norm_m")
    put_attention(block.column_attention, "msa_att_col._msa_att")
    put(block.msa_transition, "msa_transition", norm="layer_norm", fc1="linear_1", fc2="linear_2")
    # There the mean is taken after the dense map, bias included, over one thousandth of a sequence more than there are.
    outer, depth = "block.outer_product_mean.linear_out", 6
    case.weights[f"{outer}.weight"] *= np.float32(depth / (depth + 1e-3))
    case.weights[f"{outer}.bias"] /= np.float32(depth + 1e-3)
    put(
        block.outer_product_mean, "outer_product_mean",
        norm="layer_norm", left="linear_1", right="linear_2", out="linear_out",
    )  # fmt: skip
    for module, name in ((block.outgoing, "tri_mul_out"), (block.incoming, "tri_mul_in")):
        put(
            module, f"pair_stack.{name}", norm="layer_norm_in", product_norm="layer_norm_out",
            left="linear_a_p", left_gate="linear_a_g", right="linear_b_p", right_gate="linear_b_g",
            gate="linear_g", out="linear_z",
        )  # fmt: skip
    for module, name in ((block.starting, "tri_att_start"), (block.ending, "tri_att_end")):
        put(module, f"pair_stack.{name}", norm="layer_norm")
        put(module.bias, f"pair_stack.{name}", linear="linear")
        put_attention(module, f"pair_stack.{name}")
    put(block.pair_transition, "pair_stack.pair_transition", norm="layer_norm", fc1="linear_1", fc2="linear_2")
    case.compare(*block(*case.inputs))
