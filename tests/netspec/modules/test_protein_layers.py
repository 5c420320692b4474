"""Evoformer and structure module: as counted, and the algorithms of Jumper et al. 2021's supplement."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from lone_modules import assert_abstract_build_agrees, build, draw, gradients, instances
from scipy.spatial.transform import Rotation

from netspec import Several
from netspec import layers as L
from netspec.modules.structure_module import Frames

pytestmark = pytest.mark.slow

EVOFORMER, STRUCTURE = L.EvoformerBlock(12, 10, 1, 16), L.StructureModule(16, 10, 2)
ALIGNMENT, PAIRS = (5, 4, 12), (4, 4, 10)
REPRESENTATIONS = Several({"single": (6, 16), "pair": (6, 6, 10)})


@pytest.fixture(scope="module")
def block():
    return build(EVOFORMER).block(0)


@pytest.fixture(scope="module")
def structure():
    return build(STRUCTURE)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("layer", "shapes"), instances(L.EvoformerBlock, L.StructureModule, L.InvariantPointAttention), ids=str
)
def test_the_module_has_the_tensors_and_shapes_of_its_layer(layer, shapes):
    assert_abstract_build_agrees(layer, shapes)


def test_blocks_of_the_evoformer_have_their_own_weights_and_rounds_share_them():
    for layer, first, second in ((EVOFORMER, 1, 3), (STRUCTURE, 1, 3)):
        one, three = (replace(layer, n_blocks=n) for n in (first, second))
        shapes = (ALIGNMENT, PAIRS) if layer is EVOFORMER else (REPRESENTATIONS,)
        assert_abstract_build_agrees(three, shapes)
        assert (three.params() == one.params()) == (layer is STRUCTURE)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("layer", "shapes", "without"),
    [
        # These two add one number to all logits of a head, which the softmax takes away again.
        (EVOFORMER, (ALIGNMENT, PAIRS), ["blocks.row_attention.pair_norm.bias"]),
        (STRUCTURE, (REPRESENTATIONS,), ["attention.pair_bias.bias"]),
    ],
    ids=["evoformer", "structure"],
)
def test_every_parameter_and_every_input_receives_a_gradient(layer, shapes, without):
    _, named, inputs = gradients(layer, shapes)
    largest = {path: np.abs(gradient).max() for path, gradient in named.items()}
    assert [path for path, gradient in largest.items() if gradient < 1e-6 * max(largest.values())] == without
    assert all(np.any(leaf) for leaf in jax.tree.leaves(inputs))


def permuted(x, order, *axes):
    for axis in axes:
        x = x.take(np.asarray(order), axis)
    return x


@pytest.mark.exhaustive
def test_the_order_of_sequences_does_not_matter_to_the_pairs(block):
    (msa, pair), order = draw(ALIGNMENT, PAIRS), [3, 0, 4, 1, 2]
    out, pairs = block(msa, pair)
    other, same = block(permuted(msa, order, 1), pair)
    np.testing.assert_allclose(other, permuted(out, order, 1), atol=1e-5)
    np.testing.assert_allclose(same, pairs, atol=1e-5)


@pytest.mark.exhaustive
def test_residues_have_no_order_of_their_own(block):
    (msa, pair), order = draw(ALIGNMENT, PAIRS), [2, 0, 3, 1]
    out, pairs = block(msa, pair)
    other, moved = block(permuted(msa, order, 2), permuted(pair, order, 1, 2))
    np.testing.assert_allclose(other, permuted(out, order, 2), atol=1e-5)
    np.testing.assert_allclose(moved, permuted(pairs, order, 1, 2), atol=1e-5)


@pytest.mark.exhaustive
def test_the_single_representation_is_made_of_the_first_sequence():
    model, (msa, pair) = build(replace(EVOFORMER, n_blocks=2)), draw(ALIGNMENT, PAIRS)
    out = model(msa, pair)
    after, pairs = model.block(1)(*model.block(0)(msa, pair))
    np.testing.assert_allclose(out["single"], model.single(after[:, 0]), atol=1e-5)
    np.testing.assert_allclose(out["pair"], pairs, atol=1e-5)
    np.testing.assert_allclose(model(msa[:, [0, 2, 1, 4, 3]], pair)["single"], out["single"], atol=1e-5)


def test_the_outer_product_mean_averages_over_sequences(block):
    (msa,), layer = draw(ALIGNMENT), block.outer_product_mean
    normal = layer.norm(msa)
    left, right = np.asarray(layer.left(normal), np.float64), np.asarray(layer.right(normal), np.float64)
    out = layer(msa)
    for i in range(4):
        for j in range(4):
            products = [np.outer(left[0, s, i], right[0, s, j]).ravel() for s in range(5)]
            np.testing.assert_allclose(out[0, i, j], layer.out(np.mean(products, 0, np.float32)), atol=1e-5)


@pytest.mark.parametrize(("name", "edges"), [("outgoing", "ikc,jkc->ijc"), ("incoming", "kic,kjc->ijc")])
def test_a_triangle_product_sums_over_the_third_node(block, name, edges):
    (pair,), layer = draw(PAIRS), getattr(block, name)
    normal = layer.norm(pair)
    a = jax.nn.sigmoid(layer.left_gate(normal)) * layer.left(normal)
    b = jax.nn.sigmoid(layer.right_gate(normal)) * layer.right(normal)
    product = np.stack([np.einsum(edges, *map(np.asarray, both)) for both in zip(a, b, strict=True)])
    expected = jax.nn.sigmoid(layer.gate(normal)) * layer.out(layer.product_norm(product))
    np.testing.assert_allclose(layer(pair), expected, atol=1e-5)


def heads_of(linear, x):
    return np.asarray(linear(x), np.float64).reshape(*x.shape[:-1], -1, 32)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


@pytest.mark.parametrize(
    ("name", "scores", "values", "bias"),
    [
        ("starting", "ijhc,ikhc->hijk", "hijk,ikhc->ijhc", "jkh->hjk"),
        ("ending", "ijhc,kjhc->hijk", "hijk,kjhc->ijhc", "kih->hik"),
    ],
)
def test_triangle_attention_follows_its_algorithm(block, name, scores, values, bias):
    (pair,), layer = draw(PAIRS), getattr(block, name)
    normal = layer.norm(pair)[0]
    query, key, value = (heads_of(getattr(layer.attention, part), normal) for part in ("query", "key", "value"))
    added = np.einsum(bias, np.asarray(layer.bias.linear(normal), np.float64))
    # The bias of edges jk holds for all i, that of edges ki for all j.
    added = added[:, None] if name == "starting" else added[:, :, None]
    weights = softmax(np.einsum(scores, query, key) / np.sqrt(32) + added)
    mixed = np.einsum(values, weights, value).reshape(4, 4, -1).astype(np.float32)
    expected = layer.attention.out(jax.nn.sigmoid(layer.attention.gate(normal)) * mixed)
    np.testing.assert_allclose(layer(pair)[0], expected, atol=1e-5)


def test_row_attention_is_biased_by_the_pairs(block):
    (msa, pair), layer = draw(ALIGNMENT, PAIRS), block.row_attention
    normal, bias = layer.norm(msa), np.asarray(layer.bias.linear(layer.pair_norm(pair)), np.float64)
    query, key, value = (heads_of(getattr(layer.attention, part), normal) for part in ("query", "key", "value"))
    logits = np.einsum("bsihc,bsjhc->bshij", query, key) / np.sqrt(32) + np.moveaxis(bias, -1, 1)[:, None]
    mixed = np.einsum("bshij,bsjhc->bsihc", softmax(logits), value).reshape(2, 5, 4, -1).astype(np.float32)
    expected = layer.attention.out(jax.nn.sigmoid(layer.attention.gate(normal)) * mixed)
    np.testing.assert_allclose(layer(msa, pair), expected, atol=1e-5)
    assert np.abs(layer(msa, pair) - layer(msa, pair[:, ::-1])).max() > 0.01


def test_column_attention_mixes_sequences_within_a_residue(block):
    (msa,) = draw(ALIGNMENT)
    changed = np.asarray(block.column_attention(msa.at[:, 1, 2].add(jnp.linspace(-1, 1, 12))))
    difference = np.abs(changed - block.column_attention(msa)).max((0, 3))
    assert (difference[:, 2] > 0).all()
    assert (difference[:, [0, 1, 3]] == 0).all()


def random_frames(seed, *shape, reach=10.0):
    rng = np.random.default_rng(seed)
    quaternion = rng.standard_normal((*shape, 4))
    quaternion /= np.linalg.norm(quaternion, axis=-1, keepdims=True)
    translation = reach * rng.standard_normal((*shape, 3))
    return Frames(jnp.asarray(quaternion, jnp.float32), jnp.asarray(translation, jnp.float32))


def rotation_of(frames):
    return Rotation.from_quat(np.asarray(frames.quaternion, np.float64), scalar_first=True)


@pytest.mark.exhaustive
def test_frames_are_rigid_motions():
    outer, inner = random_frames(0, 50), random_frames(1, 50)
    np.testing.assert_allclose(outer.rotation, rotation_of(outer).as_matrix(), atol=1e-6)
    points = jnp.asarray(np.random.default_rng(2).standard_normal((50, 3, 3)), jnp.float32)
    there = outer.compose(inner).apply(points)
    np.testing.assert_allclose(there, outer.apply(inner.apply(points)), atol=1e-5)
    np.testing.assert_allclose(outer.invert_apply(outer.apply(points)), points, atol=1e-5)
    np.testing.assert_allclose(outer.compose(inner).rotation, outer.rotation @ inner.rotation, atol=1e-6)


@pytest.mark.exhaustive
def test_frames_leave_as_rotation_vector_and_translation():
    frames = random_frames(0, 50)
    expected = np.concatenate([rotation_of(frames).as_rotvec(), frames.translation], axis=-1)
    np.testing.assert_allclose(frames.vectors(), expected, atol=1e-5)
    still = Frames.identity(1)
    np.testing.assert_array_equal(still.vectors(), np.zeros((1, 6)))
    slope = jax.jacobian(lambda quaternion: still._replace(quaternion=quaternion).vectors())(still.quaternion)
    # Close to the identity a rotation vector is twice the imaginary part.
    np.testing.assert_array_equal(slope[0, :3, 0], np.eye(4)[1:] * 2)


@pytest.mark.exhaustive
def test_point_attention_is_invariant_under_a_rigid_motion_of_all_frames(structure):
    (inputs,), frames = draw(REPRESENTATIONS), random_frames(0, 2, 6, reach=2.0)
    out = structure.attention(inputs["single"], inputs["pair"], frames)
    assert out.shape == (2, 6, 16)
    for seed in (1, 2, 3):
        moved = random_frames(seed, 2, 1, reach=5.0).compose(frames)
        np.testing.assert_allclose(structure.attention(inputs["single"], inputs["pair"], moved), out, atol=1e-4)
    elsewhere = frames._replace(translation=frames.translation.at[:, 0].add(1))
    assert np.abs(structure.attention(inputs["single"], inputs["pair"], elsewhere) - out).max() > 0.01


@pytest.mark.exhaustive
def test_the_structure_moves_along_with_the_frames_it_starts_from(structure):
    (inputs,) = draw(REPRESENTATIONS)
    start, motion = Frames.identity(2, 6), random_frames(1, 2, 1, reach=5.0)
    frames, angles = structure.fold(inputs, start)
    moved, same = structure.fold(inputs, motion.compose(start))
    expected = motion.compose(frames)
    np.testing.assert_allclose(moved.rotation, expected.rotation, atol=1e-4)
    np.testing.assert_allclose(moved.translation, expected.translation, atol=1e-4)
    np.testing.assert_allclose(same, angles, atol=1e-4)


def test_residues_of_the_structure_have_no_order_of_their_own(structure):
    (inputs,), order = draw(REPRESENTATIONS), [2, 5, 0, 3, 1, 4]
    out = structure(inputs)
    moved = structure({"single": permuted(inputs["single"], order, 1), "pair": permuted(inputs["pair"], order, 1, 2)})
    for name in ("frames", "angles"):
        np.testing.assert_allclose(moved[name], permuted(out[name], order, 1), atol=1e-4)


def test_point_attention_uses_pairs_and_distances(structure):
    attention, (inputs,), frames = structure.attention, draw(REPRESENTATIONS), random_frames(0, 2, 6, reach=2.0)
    single, pair = inputs["single"], inputs["pair"]
    query_points = attention._points(attention.query_points(single), frames)
    points = attention._points(attention.key_value_points(single), frames)[..., :4, :]
    assert query_points.shape == (2, 6, 12, 4, 3)
    closeness = attention._closeness(query_points, points)
    # γ and w_C of algorithm 22, line 7, for 4 points.
    weight = np.log1p(np.exp(attention.head_weight[2])) * np.sqrt(2 / 36)
    apart = np.asarray(query_points)[0, 1, 2] - np.asarray(points)[0, 4, 2]
    np.testing.assert_allclose(closeness[0, 2, 1, 4], -weight / 2 * (apart**2).sum(), rtol=1e-5)
    assert np.abs(attention(single, pair[:, :, ::-1], frames) - attention(single, pair, frames)).max() > 0.01


def test_angles_leave_as_sine_and_cosine(structure):
    out = structure(*draw(REPRESENTATIONS))
    np.testing.assert_allclose((out["angles"] ** 2).sum(-1), 1, atol=1e-5)


def test_the_released_mean_divides_the_bias_as_well(block):
    released = build(replace(EVOFORMER, outer_mean="behind")).block(0)
    (msa,) = draw(ALIGNMENT)
    for one in (block, released):
        one.outer_product_mean.out.bias[...] = jnp.arange(10.0)
    nnx.update(released.outer_product_mean, nnx.state(block.outer_product_mean))
    whole = block.outer_product_mean(msa) - jnp.arange(10.0)
    expected = (whole * 5 + jnp.arange(10.0)) / 5.001
    np.testing.assert_allclose(released.outer_product_mean(msa), expected, atol=1e-5)


def test_the_alignment_leaves_where_there_is_no_single_representation():
    found = build(replace(EVOFORMER, single_channels=None))(*draw(ALIGNMENT, PAIRS))
    assert {name: tensor.shape[1:] for name, tensor in found.items()} == {"msa": ALIGNMENT, "pair": PAIRS}


@pytest.mark.exhaustive
def test_each_block_has_its_tensors_in_files_and_they_come_back():
    evoformer = build(replace(EVOFORMER, n_blocks=3))
    kept = nnx.to_pure_dict(nnx.state(evoformer, nnx.Param))
    apart = evoformer.canonical(kept)
    scale = apart["blocks"][2]["outgoing"]["left"]["kernel"]
    np.testing.assert_array_equal(scale, kept["blocks"]["outgoing"]["left"]["kernel"][2])
    jax.tree.map(np.testing.assert_array_equal, evoformer.arranged(apart), kept)


@pytest.mark.exhaustive
def test_the_length_of_a_quaternion_and_the_choice_of_axes_change_nothing():
    """What a residue leaves is seen from its own frame."""
    attention = build(L.InvariantPointAttention(8, 6, heads=2))
    single, pair, turn, shift = draw((4, 8), (4, 4, 6), (4, 4), (4, 3))
    found = attention(single, pair, turn, shift)
    np.testing.assert_allclose(attention(single, pair, 3 * turn, shift), found, atol=2e-5)
    motion = Frames(jnp.asarray([[[0.5, 0.5, -0.5, 0.5]]]), jnp.asarray([[[3.0, -2.0, 1.0]]]))
    moved = motion.compose(Frames(turn / jnp.linalg.norm(turn, axis=-1, keepdims=True), shift))
    np.testing.assert_allclose(attention(single, pair, *moved), found, atol=1e-4)
    assert np.abs(attention(single, pair, turn, 2 * shift) - found).max() > 1e-3
