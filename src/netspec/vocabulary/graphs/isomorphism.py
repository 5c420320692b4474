"""Graph isomorphism networks, and the test of Weisfeiler and Leman that they are as strong as."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from netspec.errors import VocabularyError
from netspec.vocabulary import expect
from netspec.vocabulary.graphs import arcs
from netspec.vocabulary.layers.dense import mlp

Layers = Sequence[tuple[jax.Array, jax.Array]]


def gin(
    x: jax.Array, senders: jax.Array, receivers: jax.Array, layers: Layers, epsilon: float | jax.Array = 0.0
) -> jax.Array:
    """Tell neighbourhoods apart: a sum counts neighbours, where a mean or a maximum forgets how many there were.

    Formula: xᵥ' = MLP((1 + ε) xᵥ + Σ x_u over the neighbours u of v)
    Shapes: x (nodes, channels), senders and receivers (arcs,), layers the kernels (in, out) and biases (out,) of the
        MLP, which ends without activation; epsilon one number; the result is (nodes, out).
    Parameters: those of the MLP, and one more where epsilon is trained.
    Cost: arcs · channels additions and the MLP at each node.
    Training: as in evaluation; the paper has batch norms in and behind the MLP.
    Caveats: as strong as colour refinement (wl-test) and no stronger: it takes a hexagon for two triangles. That holds
        for an MLP that maps different sums to different values; nearly every one does on graphs that are few and small.
    Raises: VocabularyError for the number of a node that does not exist.
    Source: Xu et al. 2019 [1810.00826], eq. 4.1; vocabulary line 3919.

    >>> x = jnp.ones((4, 1))  # a node with one neighbour, and one with two, all alike
    >>> once, twice = (jnp.array([1]), jnp.array([0])), (jnp.array([1, 2]), jnp.array([0, 0]))
    >>> identity = [(jnp.eye(1), jnp.zeros(1))]
    >>> gin(x, *once, identity)[0].item(), gin(x, *twice, identity)[0].item()
    (2.0, 3.0)
    """
    nodes = expect.axes(x=(x, "nodes channels"), epsilon=(epsilon, ""))["nodes"]
    senders, receivers = arcs.checked(senders, receivers, nodes)
    x = jnp.asarray(x)
    return mlp((1 + epsilon) * x + arcs.gathered(x[senders], receivers, nodes), layers)


def gin_0(x: jax.Array, senders: jax.Array, receivers: jax.Array, layers: Layers) -> jax.Array:
    """The graph isomorphism network without a weight for the node itself: it counts as one neighbour more.

    Formula: xᵥ' = MLP(xᵥ + Σ x_u over the neighbours u of v), that is X' = MLP((A + I) X)
    Shapes: as those of gin.
    Parameters: those of the MLP.
    Cost: as that of gin.
    Training: as in evaluation.
    Caveats: it does not know a node from its neighbours: the ends of a single edge become alike. Yet it generalised at
        least as well in the paper.
    Source: Xu et al. 2019 [1810.00826], sec. 7, where the form with a trained ε is called GIN-ε; vocabulary line 4081.

    >>> x, edge = jnp.array([[1.0], [2.0]]), (jnp.array([0, 1]), jnp.array([1, 0]))
    >>> gin_0(x, *edge, [(jnp.eye(1), jnp.zeros(1))]).tolist()
    [[3.0], [3.0]]
    """
    return gin(x, senders, receivers, layers, 0.0)


def gin_virtual_node(
    x: jax.Array,
    virtual: jax.Array,
    senders: jax.Array,
    receivers: jax.Array,
    layers: Layers,
    epsilon: float | jax.Array = 0.0,
) -> tuple[jax.Array, jax.Array]:
    """Shorten all ways to two steps: a further node is joined to all others, hears them and speaks to them.

    Formula: X' = MLP((1 + ε) X + A X + 1 vᵀ), v' = MLP((1 + ε) v + Σᵤ xᵤ)
    Shapes: x (nodes, channels), virtual v (channels,), senders and receivers (arcs,) among the nodes, layers and
        epsilon as in gin; the results are (nodes, out) and (out,).
    Parameters: those of gin, and the channels of v where it starts trained.
    Cost: that of gin with one node more, and two arcs more a node.
    Training: as in evaluation.
    Caveats: in practice the virtual node has an MLP of its own; here it is one node more, and nothing else changes.
    Source: Gilmer et al. 2017 [1704.01212], sec. 5.2, as "master node"; vocabulary line 4082.

    >>> x, none = jnp.array([[1.0], [2.0]]), jnp.zeros(0, int)
    >>> nodes, virtual = gin_virtual_node(x, jnp.array([10.0]), none, none, [(jnp.eye(1), jnp.zeros(1))])
    >>> nodes.tolist(), virtual.tolist()
    ([[11.0], [12.0]], [13.0])
    """
    nodes = expect.axes(x=(x, "nodes channels"), virtual=(virtual, "channels"))["nodes"]
    senders, receivers = arcs.checked(senders, receivers, nodes)
    own, new = jnp.arange(nodes), jnp.full(nodes, nodes)
    found = gin(
        jnp.concatenate([x, jnp.asarray(virtual)[None]]),
        jnp.concatenate([senders, own, new]),
        jnp.concatenate([receivers, new, own]),
        layers,
        epsilon,
    )
    return found[:-1], found[-1]


def gin_edge(
    x: jax.Array,
    senders: jax.Array,
    receivers: jax.Array,
    edges: jax.Array,
    layers: Layers,
    epsilon: float | jax.Array = 0.0,
) -> jax.Array:
    """The graph isomorphism network where edges have features, too: bonds between atoms, say.

    Formula: xᵥ' = MLP((1 + ε) xᵥ + Σ relu(x_u + e_uv) over the arcs u → v)
    Shapes: x (nodes, channels), senders and receivers (arcs,), edges (arcs, channels), layers and epsilon as in gin;
        the result is (nodes, out).
    Parameters: those of gin.
    Cost: that of gin and arcs · channels additions.
    Training: as in evaluation.
    Caveats: without edge features it is gin only where features are not negative: the activation is inside the sum.
        Linear messages would add up to the sum of neighbours and the sum of edges, and lose which edge leads where.
    Source: Hu et al. 2020 [1905.12265]; the activation as in PyTorch Geometric's GINEConv; vocabulary line 4083.

    >>> x, edge = jnp.array([[1.0], [2.0]]), (jnp.array([0, 1]), jnp.array([1, 0]))
    >>> gin_edge(x, *edge, jnp.array([[0.5], [-5.0]]), [(jnp.eye(1), jnp.zeros(1))]).tolist()
    [[1.0], [3.5]]
    """
    nodes = expect.axes(x=(x, "nodes channels"), epsilon=(epsilon, ""))["nodes"]
    senders, receivers = arcs.checked(senders, receivers, nodes)
    arcs.one_each("edges", edges, senders)
    x = jnp.asarray(x)
    heard = arcs.gathered(jax.nn.relu(x[senders] + edges), receivers, nodes)
    return mlp((1 + epsilon) * x + heard, layers)


def color_refinement(adjacency: np.ndarray, colors: np.ndarray | None = None, rounds: int | None = None) -> np.ndarray:
    """Ask whether two graphs could be the same: nodes that see different things get different colours, until none do.

    Formula: c(v) ← number of (c(v), multiset of c(u) over the neighbours u of v), numbers in the order of these pairs
    Shapes: adjacency (nodes, nodes) of zeros and ones; colors (nodes,) whole numbers, all alike where not given; the
        result is (nodes,) whole numbers. For two graphs, refine both as one with two components and compare the counts
        of colours.
    Parameters: none.
    Cost: at most nodes − 1 rounds, each with a sorting of all neighbourhoods.
    Training: none.
    Caveats: where counts differ the graphs differ. Where they agree nothing is said: a hexagon and two triangles agree.
    Raises: VocabularyError for a matrix that is not square and symmetric, of zeros and ones.
    Source: Weisfeiler and Leman 1968; vocabulary line 3921.

    >>> path, star = np.zeros((4, 4), int), np.zeros((4, 4), int)
    >>> for a, b in ((0, 1), (1, 2), (2, 3)):
    ...     path[a, b] = path[b, a] = 1
    >>> star[0, 1:] = star[1:, 0] = 1
    >>> color_refinement(path).tolist(), color_refinement(star).tolist()
    ([0, 1, 1, 0], [1, 0, 0, 0])
    """
    matrix = np.asarray(adjacency)
    nodes = expect.axes(adjacency=(matrix, "nodes nodes"))["nodes"]
    if not (np.array_equal(matrix, matrix.T) and np.isin(matrix, (0, 1)).all()):
        raise VocabularyError("adjacency: arrived another matrix, expected a symmetric one of zeros and ones")
    neighbours = [np.flatnonzero(row) for row in matrix]
    now = np.zeros(nodes, int) if colors is None else np.unique(np.asarray(colors), return_inverse=True)[1]
    for _ in range(nodes if rounds is None else expect.whole("rounds", rounds, 0)):
        seen = [(int(now[v]), tuple(sorted(now[neighbours[v]].tolist()))) for v in range(nodes)]
        number = {pair: index for index, pair in enumerate(sorted(set(seen)))}
        after = np.array([number[pair] for pair in seen])
        if len(number) == len(set(now.tolist())) and rounds is None:
            return after
        now = after
    return now
