"""Beyond pairs of nodes: tuples of them, and hyperedges that join any number."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def tuple_types(adjacency: jax.Array, k: int) -> jax.Array:
    """What each k-tuple of nodes looks like: which two of it are joined, and which two the same.

    ``(nodes, nodes)`` to ``(nodes, …, nodes, k (k − 1))`` with k axes of nodes.
    """
    nodes = expect.axes(adjacency=(adjacency, "nodes nodes"))["nodes"]
    features = []
    for i, j in combinations(range(expect.whole("k", k, 2)), 2):
        axes = [nodes if axis in (i, j) else 1 for axis in range(k)]
        for relation in (jnp.asarray(adjacency), jnp.eye(nodes)):
            features.append(jnp.broadcast_to(jnp.reshape(relation, axes), (nodes,) * k))
    return jnp.stack(features, axis=-1)


def higher_order_gnn(x: jax.Array, own: jax.Array, others: jax.Array, bias: jax.Array) -> jax.Array:
    """See what no layer of nodes can: features belong to k-tuples of nodes, and tuples that differ in one node speak.

    Formula: h(v₁…vₖ) = relu(x(v₁…vₖ) W + Σᵢ Σ_w x(v₁…w…vₖ) Wᵢ + b), w in the place of vᵢ
    Shapes: x (nodes, …, nodes, channels) with k axes of nodes, own W (channels, out), others Wᵢ (k, channels, out),
        bias (out,); the result has the axes of x with out channels. tuple_types gives the first x.
    Parameters: (k + 1) · channels · out + out.
    Cost: (k + 1) · nodesᵏ · channels · out multiply-adds.
    Training: as in evaluation.
    Caveats: memory grows as the k-th power of the nodes. In this form, pairs are no stronger than nodes; from triples
        on, every step of k tells more graphs apart.
    Raises: VocabularyError unless all axes of nodes are of one length, as many as others has kernels.
    Source: Morris et al. 2019 [1810.02244], sec. 4, with tuples for sets; vocabulary line 4084.

    >>> triangle = jnp.ones((3, 3)) - jnp.eye(3)
    >>> x = tuple_types(triangle, 2)  # (3, 3, 2)
    >>> higher_order_gnn(x, jnp.zeros((2, 1)), jnp.ones((2, 2, 1)), jnp.zeros(1))[0, 1].tolist()
    [6.0]
    """
    k = expect.axes(others=(others, "k channels out"))["k"]
    spelled = f"{' '.join(['nodes'] * k)} channels"
    expect.axes(x=(x, spelled), own=(own, "channels out"), others=(others, "k channels out"), bias=(bias, "out"))
    h = jnp.matmul(x, own) + bias
    for place in range(k):
        h = h + jnp.matmul(jnp.sum(x, axis=place, keepdims=True), others[place])
    return jax.nn.relu(h)


def hypergraph_tips(
    x: jax.Array,
    incidence: jax.Array,
    read: Callable[[jax.Array], jax.Array],
    write: Callable[[jax.Array], jax.Array],
    rate: float = 0.1,
    aggregate: str = "mean",
) -> jax.Array:
    """Connect sets instead of pairs: members of a hyperedge pool what they say, and all of them hear the same answer.

    Formula: a_e = φ{f(xᵢ) : i in e}, m_e = ψ(a_e), xᵢ' = xᵢ + α Σ m_e over the hyperedges e of i; φ sum, mean or max
    Shapes: x (nodes, channels), incidence (nodes, hyperedges) of zeros and ones; read f maps (nodes, channels) to
        (nodes, wide), write ψ maps (hyperedges, wide) to (hyperedges, channels); the result has the shape of x.
    Parameters: those of read and write; rate is α.
    Cost: 2 · nodes · hyperedges · channels multiply-adds besides read and write.
    Training: as in evaluation.
    Caveats: all hyperedges speak at once. One after another, as a loop over them may be read, their order would matter.
    Raises: VocabularyError for a hyperedge without members, or another aggregate.
    Source: vocabulary line 1262.

    >>> x, triplet = jnp.array([[1.0], [2.0], [3.0], [9.0]]), jnp.array([[1], [1], [1], [0]])
    >>> hypergraph_tips(x, triplet, lambda h: h, lambda a: a, rate=1.0)[:, 0].tolist()
    [3.0, 4.0, 5.0, 9.0]
    """
    expect.axes(x=(x, "nodes channels"), incidence=(incidence, "nodes hyperedges"))
    expect.one_of("aggregate", aggregate, ("sum", "mean", "max"))
    _members("incidence", incidence, axis=0)
    said, member = read(jnp.asarray(x)), jnp.asarray(incidence)
    if aggregate == "max":
        pooled = jnp.max(jnp.where(member[..., None] > 0, said[:, None], -jnp.inf), axis=0)
    else:
        pooled = jnp.matmul(member.T, said)
        pooled = pooled / jnp.sum(member, axis=0)[:, None] if aggregate == "mean" else pooled
    return x + rate * jnp.matmul(member, write(pooled))


def hypergraph_convolution(
    x: jax.Array, incidence: jax.Array, kernel: jax.Array, weights: jax.Array | None = None
) -> jax.Array:
    """Smooth features along hyperedges: each is the mean of its members, each node a mean of its hyperedges, by degree.

    Formula: X' = D_v^(−½) H W D_e^(−1) Hᵀ D_v^(−½) X Θ, with D_e the members of each hyperedge, D_v the sums of weights
        of each node's
    Shapes: x (nodes, channels), incidence H (nodes, hyperedges) of zeros and ones, kernel Θ (channels, out), weights W
        (hyperedges,), all one where not given; the result is (nodes, out).
    Parameters: channels · out, and the weights where they are trained.
    Cost: nodes · channels · out + 2 · nodes · hyperedges · out multiply-adds.
    Training: as in evaluation; the activation stands behind it.
    Caveats: with pairs as hyperedges it is not quite a graph convolution: half of it stays at the node, (I + D^(−½) A
        D^(−½)) / 2.
    Raises: VocabularyError for a node in no hyperedge, a hyperedge without members, or a weight of 0 or less.
    Source: Feng et al. 2019 [1809.09401], eq. 10; vocabulary line 4129.

    >>> x, incidence = jnp.array([[3.0], [0.0], [0.0]]), jnp.array([[1], [1], [1]])
    >>> hypergraph_convolution(x, incidence, jnp.eye(1))[:, 0].tolist()
    [1.0, 1.0, 1.0]
    """
    sizes = expect.axes(
        x=(x, "nodes channels"), incidence=(incidence, "nodes hyperedges"), kernel=(kernel, "channels out")
    )
    member = jnp.asarray(incidence)
    weights = jnp.ones(sizes["hyperedges"]) if weights is None else jnp.asarray(weights)
    expect.axes(sizes, weights=(weights, "hyperedges"))
    expect.positive("weights", weights)
    _members("incidence", incidence, axis=0)
    _members("incidence", incidence, axis=1)
    scale = 1 / jnp.sqrt(jnp.matmul(member, weights))[:, None]
    pooled = jnp.matmul(member.T, scale * jnp.matmul(x, kernel)) / jnp.sum(member, axis=0)[:, None]
    return scale * jnp.matmul(member * weights, pooled)


def _members(name: str, incidence: jax.Array, axis: int) -> None:
    if isinstance(incidence, jax.core.Tracer):
        return
    member = jnp.asarray(incidence)
    if not bool(jnp.all((member == 0) | (member == 1))):
        raise VocabularyError(f"{name}: arrived with other numbers, expected zeros and ones")
    if not bool(jnp.all(jnp.sum(member, axis=axis) > 0)):
        missing = "a hyperedge without members" if axis == 0 else "a node in no hyperedge"
        raise VocabularyError(f"{name}: arrived with {missing}, expected at least one")
