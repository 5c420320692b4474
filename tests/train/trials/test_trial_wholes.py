"""Graphs, clouds and digits of which parts make a whole: problems, poolings, capsules and rules are what is said."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.graphs.convolutions import gcn
from netspec.vocabulary.graphs.isomorphism import gin_0
from netspec.vocabulary.space.logic import RealLogic
from train.trials import clouds, graph_pooling, rules, wholes


@pytest.fixture(scope="module")
def graphs():
    return jax.jit(graph_pooling.drawn, static_argnums=1)(jax.random.key(0), 24)


def test_communities_are_joined_by_the_motif_and_by_nothing_else(graphs):
    _, a, there, labels = (np.asarray(one) for one in graphs)
    assert (a == a.swapaxes(1, 2)).all() and not np.diagonal(a, axis1=1, axis2=2).any()
    assert not a[~there].any() and set(labels) == {0, 1, 2, 3}
    blocks = a.reshape(len(a), 4, graph_pooling.MOST, 4, graph_pooling.MOST).sum((2, 4))
    for found, label in zip(blocks, labels, strict=True):
        motif = [*graph_pooling.MOTIFS.values()][label]
        assert {pair for pair in graph_pooling.PAIRS if found[pair]} == {*motif}
        assert all(1 <= found[pair] <= graph_pooling.JOINS for pair in motif)


def test_nodes_of_a_community_show_one_colour_and_communities_four(graphs):
    x, _, there, _ = (np.asarray(one) for one in graphs)
    for one, nodes in zip(x, there, strict=True):
        means = [part[is_one].mean(0) for part, is_one in zip(np.split(one, 4), np.split(nodes, 4), strict=True)]
        assert sorted(int(mean.argmax()) for mean in means) == [0, 1, 2, 3]


@pytest.mark.exhaustive
def test_layers_on_matrices_are_those_on_lists_of_arcs(graphs):
    x, a = (one[0] for one in graphs[:2])
    senders, receivers = jnp.nonzero(a)
    eye = jnp.eye(x.shape[1])
    summed = gin_0(x, senders, receivers, [(eye, jnp.zeros(len(eye)))])
    assert jnp.allclose(4 * graph_pooling.heard("gin", x, a), summed, atol=1e-5)
    assert jnp.allclose(graph_pooling.heard("gcn", x, a), gcn(x, senders, receivers, eye), atol=1e-5)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("variant", sorted({*graph_pooling.TRIAL.variants} - {"random-k"}))
def test_answers_do_not_depend_on_the_order_of_nodes(variant, graphs):
    x, a, there = (one[:4] for one in graphs[:3])
    order = jax.random.permutation(jax.random.key(2), graph_pooling.NODES)
    params = graph_pooling.weights(variant, jax.random.key(1))
    one, _ = graph_pooling.answers(variant, params, (x, a, there), jax.random.key(3))
    moved = x[:, order], a[:, order][:, :, order], there[:, order]
    other, _ = graph_pooling.answers(variant, params, moved, jax.random.key(3))
    assert one.shape == (4, 4) and jnp.allclose(one, other, atol=1e-4)


@pytest.mark.exhaustive
def test_the_better_half_of_nodes_is_kept_and_gated(graphs):
    x, a, there = (one[:6] for one in graphs[:3])
    score = jax.random.normal(jax.random.key(0), there.shape)
    (states, near, stays), at = graph_pooling.kept(score, jnp.full_like(score, 0.5), (x, a, there))
    for one in range(6):
        nodes = np.flatnonzero(there[one])
        best = nodes[np.argsort(-score[one, nodes])][: (len(nodes) + 1) // 2]
        assert at[one][stays[one]].tolist() == best.tolist()
        assert jnp.allclose(states[one, : len(best)], 0.5 * x[one, best]) and not states[one, len(best) :].any()
        steps = ((a[one] + a[one] @ a[one]) > 0) & ~np.eye(len(a[one]), dtype=bool)
        assert jnp.array_equal(near[one, : len(best), : len(best)], steps[best][:, best])
        assert not near[one, len(best) :].any()


@pytest.mark.exhaustive
def test_clusters_that_are_the_communities_have_their_motif(graphs):
    """With a share read off clean colours the coarse graph has an edge where communities are joined."""
    _, a, there, labels = (one[:8] for one in graphs)
    community = jnp.arange(graph_pooling.NODES) // graph_pooling.MOST
    x = jax.nn.one_hot(community, 4) * there[..., None]
    params = [{"kernel": 50 * jnp.eye(4), "bias": jnp.zeros(4)}]
    (states, coarse, _), _ = graph_pooling.clustered(params, (x, a, there))
    mean = there.sum(1) / 4
    for one in range(8):
        motif = [*graph_pooling.MOTIFS.values()][int(labels[one])]
        found = {pair for pair in graph_pooling.PAIRS if coarse[one][pair] > 1e-3}
        assert found == {*motif}
        sizes = there[one].reshape(4, -1).sum(1)
        assert jnp.allclose(jnp.diag(states[one]) * mean[one], sizes, atol=1e-3)


def test_poolings_have_about_as_many_weights():
    counts = {
        name: graph_pooling.size(graph_pooling.weights(name, jax.random.key(0)))
        for name in graph_pooling.TRIAL.variants
    }
    assert max(counts.values()) < 1.3 * min(counts.values())


def test_a_smaller_graph_costs_less():
    cost = {name: graph_pooling.cost(name) for name in graph_pooling.TRIAL.variants}
    assert cost["mlp"] == pytest.approx((28 * (4 * 16 + 5 * 16**2) + 16 * 32 + 32 * 4) / 1000)
    assert cost["sum"] - cost["mlp"] == pytest.approx(28**2 * (4 + 2 * 16) / 1000)
    assert cost["diff-pool"] < cost["mlp"] < cost["top-k"] < cost["sum"] < cost["unet"]


@pytest.mark.exhaustive
def test_rotations_turn_and_do_not_mirror():
    found = clouds.rotations(jax.random.key(0), 200)
    assert jnp.allclose(found @ found.swapaxes(1, 2), jnp.eye(3), atol=1e-5)
    assert jnp.allclose(jnp.linalg.det(found), 1, atol=1e-5)
    # No direction is preferred: the mean of many rotations is near zero.
    assert jnp.abs(found.mean(0)).max() < 0.15


@pytest.mark.exhaustive
def test_points_lie_on_the_surfaces_they_are_named_for():
    u, v = jax.random.uniform(jax.random.key(0), (2, 500))
    found = dict(zip(clouds.SURFACES, jnp.moveaxis(clouds.surfaces(u, v), -2, 0), strict=True))
    assert jnp.allclose(jnp.linalg.norm(found["sphere"], axis=1), 1, atol=1e-5)
    assert jnp.allclose(jnp.abs(found["cube"]).max(1), 0.8, atol=1e-5)
    faces = jnp.argmax(jnp.abs(found["cube"]), 1) * 2 + (jnp.max(found["cube"], 1) > 0.799)
    assert len({*faces.tolist()}) == 6
    assert jnp.allclose(jnp.hypot(*found["cylinder"].T[:2]), 0.8, atol=1e-5)
    x, y, z = found["cone"].T
    assert jnp.allclose(jnp.hypot(x, y), (1 - z) / 2, atol=1e-5)
    x, y, z = found["torus"].T
    assert jnp.allclose((jnp.hypot(x, y) - 0.7) ** 2 + z**2, 0.09, atol=1e-5)
    x, y, z = found["saddle"].T
    assert jnp.allclose(z, x**2 - y**2, atol=1e-5)


@pytest.mark.exhaustive
def test_clouds_are_around_zero_and_of_size_one():
    points, labels = clouds.drawn(jax.random.key(0), 50, 32)
    assert jnp.allclose(points.mean(1), 0, atol=1e-5)
    assert jnp.allclose(jnp.mean(jnp.sum(points**2, -1), 1), 1, atol=1e-4)
    assert {*labels.tolist()} == {*range(6)}


@pytest.mark.thinned(3)
@pytest.mark.parametrize("variant", ["radii", "mean", "pointnet", "aligned-turned", "sorted", "flat"])
def test_sets_have_no_order_and_lists_as_they_come_do(variant):
    points, _ = clouds.drawn(jax.random.key(0), 5, 8)
    params = clouds.weights(variant, jax.random.key(1), 8)
    one, other = (clouds.answers(variant, params, cloud) for cloud in (points, points[:, ::-1]))
    assert jnp.allclose(one, other, atol=1e-4) == (variant != "flat")


def test_distances_from_the_middle_do_not_change_when_a_cloud_is_turned():
    points, _ = clouds.drawn(jax.random.key(0), 5, 8)
    turned = points @ clouds.rotations(jax.random.key(1), 5)
    for variant, alike in (("radii", True), ("pointnet", False)):
        params = clouds.weights(variant, jax.random.key(2), 8)
        one, other = (clouds.answers(variant, params, cloud) for cloud in (points, turned))
        assert jnp.allclose(one, other, atol=1e-4) == alike


@pytest.mark.parametrize("variant", ["flat", "pointnet"])
def test_lists_are_not_asked_with_half_of_the_points(variant):
    sizes = clouds.TRIAL.settings | clouds.TRIAL.smoke
    found = jax.eval_shape(clouds.make(variant, sizes), jax.random.key(0), 0.1)
    assert ("half" in found) == (variant == "pointnet")


@pytest.mark.exhaustive
def test_digits_are_moved_as_said():
    """By whole pixels and quarters of a turn, so that nothing lies between pixels."""
    x = jax.random.uniform(jax.random.key(0), (2, 64))
    still = wholes.moved(x, jnp.zeros((2, 2)), jnp.zeros(2))
    assert jnp.allclose(still[:, 2:10, 2:10], x.reshape(2, 8, 8), atol=1e-6)
    down = wholes.moved(x, jnp.array([[1.0, 0.0], [0.0, -2.0]]), jnp.zeros(2))
    assert jnp.allclose(down[0, 3:11, 2:10], still[0, 2:10, 2:10], atol=1e-5)
    assert jnp.allclose(down[1, 2:10, 0:8], still[1, 2:10, 2:10], atol=1e-5)
    quarter = wholes.moved(x, jnp.zeros((2, 2)), jnp.array([90.0, -90.0]))
    assert jnp.allclose(quarter[0], jnp.rot90(still[0]), atol=1e-4)
    assert jnp.allclose(quarter[1], jnp.rot90(still[1], -1), atol=1e-4)


@pytest.mark.exhaustive
def test_capsules_and_what_stands_beside_them_have_as_many_weights():
    counts = {name: wholes.size(wholes.weights(name, jax.random.key(0))) for name in wholes.TRIAL.variants}
    assert max(counts.values()) < 1.05 * min(counts.values())


@pytest.mark.exhaustive
def test_routing_changes_what_capsules_say_and_lengths_stay_below_one():
    pictures = jax.random.uniform(jax.random.key(0), (3, 12, 12))
    params = wholes.weights("capsules", jax.random.key(1))
    routed, states = wholes.told("capsules", params, pictures)
    once, _ = wholes.told("capsules-once", params, pictures)
    assert routed.shape == (3, 10) and states.shape == (3, 80)
    assert (routed < 1).all() and jnp.abs(routed - once).max() > 1e-6


def test_the_margin_loss_is_zero_for_one_long_vector_and_nine_short_ones():
    lengths = jnp.full((1, 10), 0.05).at[0, 3].set(0.95)
    assert float(wholes.margin(lengths, jnp.array([3]))) == 0
    assert float(wholes.margin(lengths, jnp.array([4]))) == pytest.approx(0.85**2 + 0.5 * 0.85**2)


def test_what_is_linear_is_explained_and_noise_is_not():
    one, two = jax.random.normal(jax.random.key(0), (2, 400, 5))
    goal = one @ jnp.ones((5, 3))
    assert float(wholes.explained(one, goal)) > 99
    assert float(wholes.explained(two, goal)) < 5


@pytest.mark.exhaustive
def test_as_many_of_each_digit_have_a_label():
    y = jax.random.randint(jax.random.key(0), (400,), 0, 10)
    has = rules.labelled(y, 3)
    assert has.shape == y.shape and all(float(has[y == digit].sum()) == 3 for digit in range(10))
    assert float(has[y == 4][:3].sum()) == 3


@pytest.mark.exhaustive
def test_rules_are_true_of_what_fulfils_them():
    logic = RealLogic(p=2.0)
    seven, four = jnp.eye(10)[7], jnp.eye(10)[4]
    assert float(rules.even(jnp.stack([seven, four]), jnp.array([False, True]), logic)) == 1
    # One of two breaks it: 1 − √(1/2).
    half = rules.even(jnp.stack([seven, seven]), jnp.array([False, True]), logic)
    assert float(half) == pytest.approx(1 - 0.5**0.5)
    assert rules.summed(seven[None], four[None], jnp.array([11]), logic).tolist() == [1]
    assert rules.summed(seven[None], four[None], jnp.array([10]), logic).tolist() == [0]


def test_sums_of_all_pairs_are_a_distribution():
    p, q = jax.nn.softmax(jax.random.normal(jax.random.key(0), (2, 10)))[:, None]
    every = [float(rules.summed(p, q, jnp.array([total]), RealLogic())[0]) for total in range(19)]
    assert sum(every) == pytest.approx(1, abs=1e-5)
    assert every[1] == pytest.approx(float(p[0, 0] * q[0, 1] + p[0, 1] * q[0, 0]), rel=1e-5)


def test_exactly_one_statement_is_true_as_counted_over_all_worlds():
    p = jnp.zeros((1, 10)).at[0, :3].set(jnp.array([0.2, 0.5, 0.9]))
    wanted = 0.2 * 0.5 * 0.1 + 0.8 * 0.5 * 0.1 + 0.8 * 0.5 * 0.9
    assert float(rules.exactly_one(p)[0]) == pytest.approx(wanted, rel=1e-5)
    assert float(rules.exactly_one(jnp.eye(10)[:1])[0]) == 1


def test_a_product_of_windows_is_a_convolution():
    x, kernel = jax.random.normal(jax.random.key(0), (2, 9, 9, 3)), jax.random.normal(jax.random.key(1), (4, 4, 3, 5))
    layer = {"kernel": kernel.reshape(-1, 5), "bias": jnp.arange(5.0)}
    for stride, side in ((1, 6), (2, 3)):
        found = wholes.convolved(x, layer, stride)
        asked = jax.lax.conv_general_dilated(
            x, kernel, (stride, stride), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        assert found.shape == (2, side, side, 5) and jnp.allclose(found, asked + layer["bias"], atol=1e-4)
