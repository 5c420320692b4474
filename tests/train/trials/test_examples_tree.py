"""The example of a tree of thought: graphs, the network's lessons, what searches expand, find and keep."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse.csgraph import dijkstra

from netspec.vocabulary.reasoning.search import tree_of_thought
from train.trials.examples import roads, tree

GRAPHS = jax.vmap(lambda key: roads.drawn(key, 7, 0.3))(jax.random.split(jax.random.key(0), 12))
SMALL = tree.TRIAL.settings | {"nodes": 8, "chance": 0.2, "steps": 2, "batch": 2, "held_out": 6}


def _search(costs, budget=20, branches=1, seed=0):
    """A search whose proposer finds all nodes alike, and whose value head knows the truth."""
    nodes = len(costs)
    left = np.asarray(roads.remaining(jnp.asarray(costs)))
    said = roads.Guess(np.zeros((branches, nodes, nodes)), left, np.ones((branches, nodes, 3)))
    return tree.Search(np.asarray(costs), said, np.random.default_rng(seed), budget)


def _all_paths(costs):
    """Every path from the first node to the last that visits none twice."""
    inner = range(1, len(costs) - 1)
    orders = itertools.chain.from_iterable(itertools.permutations(inner, count) for count in range(len(costs) - 1))
    paths = [(0, *order, len(costs) - 1) for order in orders]
    return [path for path in paths if all(np.isfinite(costs[a, b]) for a, b in itertools.pairwise(path))]


def test_the_oracle_and_bellman_agree_with_scipy():
    for costs in np.asarray(GRAPHS):
        known = dijkstra(np.where(np.isfinite(costs), costs, 0))
        assert np.asarray(roads.remaining(jnp.asarray(costs))) == pytest.approx(known[:, -1])
        cost, path, expanded = roads.dijkstra(costs)
        assert cost == known[0, -1] == sum(costs[a, b] for a, b in itertools.pairwise(path))
        assert math.isfinite(cost) and 0 < expanded < len(costs)


def test_an_exhaustive_tree_finds_what_the_oracle_does():
    for costs in np.asarray(GRAPHS[:6]):
        search = _search(costs, budget=10**6)
        paths = _all_paths(costs)
        best, value = tree_of_thought(
            lambda path, s=search: [int(n) for n in np.flatnonzero(s.open(path) > -math.inf)],
            lambda path, s=search: -s.cost(path) if s.there(path) else -math.inf,
            0,
            depth=len(costs),
        )
        assert -value == roads.dijkstra(costs)[0] == min(map(search.cost, paths))
        assert best in paths


def test_the_four_nodes_have_the_printed_paths_and_costs():
    search = _search(roads.FOUR)
    costs = {"".join("ABCD"[node] for node in path): search.cost(path) for path in _all_paths(roads.FOUR)}
    assert costs == {"ABD": 8, "ACD": 7, "ABCD": 9, "AD": 10}
    assert roads.dijkstra(roads.FOUR)[:2] == (7, [0, 2, 3])
    for variant in ("complete", "scored", "beam", "beam-cost", "backtrack", "unpruned"):
        assert tree.searched(variant, _search(roads.FOUR)) == (0, 2, 3)


def test_a_perfect_value_head_finds_every_least_cost_within_the_budget():
    for costs in np.asarray(GRAPHS):
        least = roads.dijkstra(costs)[0]
        for variant in ("beam", "backtrack"):
            search = _search(costs)
            # Four of six nodes are proposed at most, and here more than four hardly ever follow.
            if (np.isfinite(costs).sum(-1) <= roads.BRANCHES).all():
                assert search.cost(tree.searched(variant, search)) == least


@pytest.mark.parametrize("variant", [one for one in tree.TRIAL.variants if one != "dijkstra"])
def test_no_search_expands_more_than_its_budget(variant):
    for costs in np.asarray(GRAPHS[:4]):
        search = _search(costs, budget=6, branches=4)
        path = tree.searched(variant, search)
        assert search.expanded <= 6 and all(at <= 6 for at, _, _ in search.found)
        assert not path or (path in [one for _, _, one in search.found] and path[0] == 0 and search.there(path))


def test_pruning_leaves_what_cannot_be_cheaper():
    spent = {True: 0, False: 0}
    for costs in np.asarray(GRAPHS):
        for prune in spent:
            search = _search(costs, budget=10**4)
            tree.backtrack(search, prune=prune)
            spent[prune] += search.expanded
            least = min(cost for _, cost, _ in search.found)
            assert prune or (np.isfinite(costs).sum(-1) > roads.BRANCHES).any() or least == roads.dijkstra(costs)[0]
    assert spent[True] < spent[False] / 2


def test_branches_of_nothing_of_their_own_are_the_same_and_cost_four_times_as_much():
    greedy, listed = _search(GRAPHS[0], budget=99), _search(GRAPHS[0], budget=99)
    assert tree.searched("greedy", greedy) == tree.searched("listing", listed)
    assert listed.expanded == 4 * greedy.expanded
    assert len({path for _, _, path in listed.found}) <= 1


def test_the_score_may_keep_a_dearer_path_that_is_surer():
    search = _search(roads.FOUR)
    paths = [((0, 2, 3), 0.1), ((0, 1, 3), 0.9)]
    assert search.cost((0, 1, 3)) == 8 and tree.chosen(search, paths) == (0, 1, 3)
    assert tree.chosen(search, [((0, 2, 3), 0.9), ((0, 1, 3), 0.9)]) == (0, 2, 3)
    assert tree.chosen(search, [((0, 1), 1.0)]) == ()


@pytest.mark.exhaustive
def test_the_losses_fall_to_the_entropy_of_equal_moves_where_all_is_known():
    """One graph of which the network is taught by heart: its next node becomes that of the shortest path."""
    params = roads.network(jax.random.key(3), 1)
    slope = jax.jit(jax.value_and_grad(lambda p: roads.losses(p, GRAPHS[:1], 0.0)))
    first = slope(params)[0]
    for _ in range(150):
        params = jax.tree.map(lambda w, by: w - 0.1 * by, params, slope(params)[1])
    assert slope(params)[0] < first / 2
    said = roads.guess(params, GRAPHS[0])
    assert jnp.exp(said.logs).sum(-1) == pytest.approx(np.ones((1, 7)), abs=1e-5)
    left = roads.remaining(GRAPHS[0])
    assert abs(float(said.left[0] - left[0])) < 0.35 * float(left[0])


@pytest.mark.exhaustive
def test_a_step_on_the_mended_loss_parts_branches_and_one_on_the_documents_joins_them():
    with jax.enable_x64(True):
        params = jax.tree.map(lambda leaf: leaf.astype(float), roads.network(jax.random.key(1), 4))
        graphs = GRAPHS.astype(float)

        def likeness(params):
            return roads.likeness(np.asarray(jax.vmap(lambda one: roads.guess(params, one))(graphs).states))

        def stepped(weight):
            slope = jax.grad(lambda p: roads.losses(p, graphs, weight) - roads.losses(p, graphs, 0.0))(params)
            return jax.tree.map(lambda w, by: w - 0.05 * by, params, slope)

        apart, now, alike = (likeness(stepped(0.1)), likeness(params), likeness(stepped(-0.1)))
    assert apart < now - 1e-5 < now + 1e-5 < alike
    assert tree.WEIGHTS == {"apart": 0.1, "alike": -0.1}


@pytest.mark.exhaustive
def test_gradients_reach_the_value_head_and_the_branches():
    slope = jax.grad(lambda p: roads.losses(p, GRAPHS[:2], 0.0))(roads.network(jax.random.key(2), 4))
    for name in ("left", "branch", "next"):
        kernels = [leaf for leaf in jax.tree.leaves(slope[name]) if jnp.ndim(leaf) > 1]
        assert kernels and all(float(jnp.abs(leaf).max()) > 0 for leaf in kernels)


@pytest.mark.exhaustive
@pytest.mark.parametrize("variant", ["scored", "apart", "beam"])
def test_a_variant_gives_its_figures_and_tells_of_the_four_nodes(variant):
    found = tree.make(variant, SMALL)(jax.random.key(0), 1e-2)
    told, along = found.pop("told"), found.pop("along", np.zeros(20))
    figures = {one.name for one in tree.TRIAL.figures} - ({"cosine"} if variant != "apart" else set())
    assert found.keys() == figures | {"params"}
    assert 0 <= found["solved"] <= 100 and 0 < found["expanded"] <= 20
    assert len(along) == len(tree.TRIAL.series[0].at(SMALL)) and (np.diff(along) >= 0).all()
    text = tree.tell(told, SMALL)
    assert "A→" in text and ("0.97, 0.98, 0.95, 0.71" in text) == (variant == "scored")
