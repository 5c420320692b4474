"""Layers that mix the features of neighbours: by degree, by attention, by sampling, by any message; and readouts."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect
from netspec.vocabulary.graphs import arcs


def gcn(x: jax.Array, senders: jax.Array, receivers: jax.Array, kernel: jax.Array) -> jax.Array:
    """Smooth features along the edges of a graph: each node becomes a sum of itself and its neighbours, less by degree.

    Formula: X' = D^(−½) (A + I) D^(−½) X W, with D the degrees of A + I
    Shapes: x (nodes, channels), senders and receivers (arcs,), kernel (channels, out); the result is (nodes, out). Both
        arcs of an edge are listed, and no arc from a node to itself.
    Parameters: channels · out.
    Cost: nodes · channels · out + (arcs + nodes) · out multiply-adds.
    Training: as in evaluation; the activation stands behind it.
    Caveats: without the self-loops a node forgets itself, and one without neighbours divides by zero. Many layers in a
        row make all nodes of a component alike, up to their degrees.
    Raises: VocabularyError for the number of a node that does not exist.
    Source: Kipf and Welling 2017 [1609.02907], eq. 2; vocabulary line 3882.

    >>> x = jnp.array([[3.0], [0.0], [0.0]])
    >>> edge = jnp.array([0, 1]), jnp.array([1, 0])  # nodes 0 and 1 are joined, 2 is alone
    >>> gcn(x, *edge, jnp.eye(1)).tolist()
    [[1.5], [1.5], [0.0]]
    """
    nodes = expect.axes(x=(x, "nodes channels"), kernel=(kernel, "channels out"))["nodes"]
    senders, receivers = arcs.with_loops(*arcs.checked(senders, receivers, nodes), nodes)
    h = jnp.matmul(x, kernel)
    degree = jax.ops.segment_sum(jnp.ones(receivers.shape, h.dtype), receivers, nodes)
    weights = 1 / jnp.sqrt(degree[senders] * degree[receivers])
    return jax.ops.segment_sum(weights[:, None] * h[senders], receivers, nodes)


def gat(
    x: jax.Array, senders: jax.Array, receivers: jax.Array, kernel: jax.Array, attention: jax.Array, slope: float = 0.2
) -> jax.Array:
    """Let a node decide which neighbours to listen to: the weights of its mean come from attention.

    Formula: αᵢⱼ = softmax_j LeakyReLU(a · [W xᵢ ‖ W xⱼ]) over the neighbours j of i and i itself; xᵢ' = Σⱼ αᵢⱼ W xⱼ,
        heads side by side
    Shapes: x (nodes, channels), senders and receivers (arcs,), kernel (heads, channels, out), attention (heads, 2 ·
        out), first the part for the receiver; the result is (nodes, heads · out).
    Parameters: heads · out · (channels + 2).
    Cost: nodes · heads · channels · out + 3 · (arcs + nodes) · heads · out multiply-adds.
    Training: with dropout of features and weights in the paper; the activation stands behind it.
    Caveats: the order in which neighbours are ranked is the same for every node that hears them (Brody et al. 2022
        [2105.14491]), since the two parts of the score are added before anything bends.
    Raises: VocabularyError for a negative slope, or the number of a node that does not exist.
    Source: Veličković et al. 2018 [1710.10903], eq. 3 to 5; vocabulary line 3891.

    >>> x, kernel = jnp.array([[3.0], [0.0]]), jnp.ones((1, 1, 1))
    >>> edge = jnp.array([0, 1]), jnp.array([1, 0])
    >>> gat(x, *edge, kernel, jnp.zeros((1, 2))).tolist()  # without a preference the mean
    [[1.5], [1.5]]
    """
    sizes = expect.axes(x=(x, "nodes channels"), kernel=(kernel, "heads channels out"))
    nodes, heads, out = sizes["nodes"], sizes["heads"], sizes["out"]
    expect.axes(sizes, attention=(attention, f"heads {2 * out}"))
    expect.not_negative("slope", slope)
    senders, receivers = arcs.with_loops(*arcs.checked(senders, receivers, nodes), nodes)
    h = jnp.einsum("nc,hco->nho", x, kernel)
    to_receiver, to_sender = jnp.einsum("nho,kho->knh", h, jnp.reshape(attention, (heads, 2, out)).swapaxes(0, 1))
    scores = jax.nn.leaky_relu(to_receiver[receivers] + to_sender[senders], slope)
    # The softmax does not change when the largest score of each node is taken off, and no exponential overflows.
    weights = jnp.exp(scores - jax.ops.segment_max(scores, receivers, nodes)[receivers])
    weights = weights / jax.ops.segment_sum(weights, receivers, nodes)[receivers]
    return jax.ops.segment_sum(weights[..., None] * h[senders], receivers, nodes).reshape(nodes, -1)


def graphsage(
    x: jax.Array, senders: jax.Array, receivers: jax.Array, kernel: jax.Array, aggregate: str = "mean"
) -> jax.Array:
    """Learn a rule instead of a table of nodes: what a node is follows from itself and a summary of its neighbours.

    Formula: hᵥ = relu([xᵥ ‖ agg of x_u over the neighbours u] W), then hᵥ / ‖hᵥ‖
    Shapes: x (nodes, channels), senders and receivers (arcs,), kernel (2 · channels, out); the result is (nodes, out),
        rows of length one, or of zeros where the activation leaves none.
    Parameters: 2 · channels · out.
    Cost: 2 · nodes · channels · out + arcs · channels multiply-adds.
    Training: on some neighbours of each node, drawn anew: sampling makes the list of arcs shorter, and is not done
        here.
    Caveats: a mean does not know how many neighbours there are, nor does the largest: see gin.
    Raises: VocabularyError for an aggregate other than sum, mean and max.
    Source: Hamilton et al. 2017 [1706.02216], algorithm 1; vocabulary line 3900.

    >>> x, edge = jnp.array([[3.0], [4.0]]), (jnp.array([0, 1]), jnp.array([1, 0]))
    >>> [[f"{value:.1f}" for value in row] for row in graphsage(x, *edge, jnp.eye(2))]
    [['0.6', '0.8'], ['0.8', '0.6']]
    """
    sizes = expect.axes(x=(x, "nodes channels"))
    expect.axes(sizes, kernel=(kernel, f"{2 * sizes['channels']} out"))
    senders, receivers = arcs.checked(senders, receivers, sizes["nodes"])
    heard = arcs.gathered(jnp.asarray(x)[senders], receivers, sizes["nodes"], aggregate)
    h = jax.nn.relu(jnp.matmul(jnp.concatenate([x, heard], axis=1), kernel))
    square = jnp.sum(jnp.square(h), axis=1, keepdims=True)
    # The root of zero has no slope; a row of zeros is divided by one.
    return h / jnp.sqrt(jnp.where(square > 0, square, 1))


def mpnn(
    x: jax.Array,
    senders: jax.Array,
    receivers: jax.Array,
    edges: jax.Array,
    message: Callable[[jax.Array, jax.Array, jax.Array], jax.Array],
    update: Callable[[jax.Array, jax.Array], jax.Array],
) -> jax.Array:
    """The frame of all graph layers here: what passes along each arc is added up, and changes the node it reaches.

    Formula: mᵥ = Σ over the arcs u → v of M(xᵥ, x_u, e_uv), xᵥ' = U(xᵥ, mᵥ)
    Shapes: x (nodes, channels), senders and receivers (arcs,), edges (arcs, …); message maps (arcs, channels) of
        receivers, of senders, and edges to (arcs, wide); update maps (nodes, channels) and (nodes, wide) to (nodes,
        out).
    Parameters: those of message and update.
    Cost: one message an arc, one update a node.
    Training: as in evaluation.
    Caveats: a network of such layers ends in a readout (see graph-readout) where it has to judge whole graphs, and
        tells apart no more graphs than colour refinement does.
    Raises: VocabularyError unless there is one row of edges for each arc.
    Source: Gilmer et al. 2017 [1704.01212], eq. 1 and 2; vocabulary line 3909.

    >>> x, edge = jnp.array([[1.0], [2.0]]), (jnp.array([0, 1]), jnp.array([1, 0]))
    >>> weights = jnp.array([[10.0], [100.0]])
    >>> mpnn(x, *edge, weights, lambda to, by, e: e * by, lambda own, heard: own + heard).tolist()
    [[201.0], [12.0]]
    """
    nodes = expect.axes(x=(x, "nodes channels"))["nodes"]
    senders, receivers = arcs.checked(senders, receivers, nodes)
    arcs.one_each("edges", edges, senders)
    x = jnp.asarray(x)
    heard = arcs.gathered(message(x[receivers], x[senders], jnp.asarray(edges)), receivers, nodes)
    return update(x, heard)


def graph_readout(x: jax.Array, graph_of: jax.Array, graphs: int, aggregate: str = "sum") -> jax.Array:
    """From nodes to graphs: sum up, average or take the largest of all nodes of each graph of a batch.

    Formula: g_k = Σ xᵥ over the nodes v of graph k; or their mean, or the largest in each channel
    Shapes: x (nodes, channels), graph_of (nodes,) whole numbers below graphs; the result is (graphs, channels).
    Parameters: none.
    Cost: nodes · channels additions.
    Training: as in evaluation.
    Caveats: only the sum tells one copy of a graph from two. A graph without nodes is a row of zeros.
    Raises: VocabularyError for the number of a graph that does not exist, or another aggregate.
    Source: Xu et al. 2019 [1810.00826], sec. 5; jax.ops.segment_sum and segment_max; vocabulary line 4020.

    >>> x, graph_of = jnp.array([[1.0], [3.0], [5.0]]), jnp.array([0, 0, 1])
    >>> [graph_readout(x, graph_of, 2, how)[:, 0].tolist() for how in ("sum", "mean", "max")]
    [[4.0, 5.0], [2.0, 5.0], [3.0, 5.0]]
    """
    expect.axes(x=(x, "nodes channels"), graph_of=(graph_of, "nodes"))
    expect.within("graph_of", graph_of, 0, expect.whole("graphs", graphs) - 1)
    return arcs.gathered(jnp.asarray(x), jnp.asarray(graph_of), graphs, aggregate)
