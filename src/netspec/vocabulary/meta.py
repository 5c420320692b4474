"""Learning to learn: networks that make networks, starts that adapt, classes from a few examples, searched layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def hypernetwork(
    task: jax.Array, first: jax.Array, second: jax.Array, shapes: Sequence[tuple[int, ...]]
) -> tuple[jax.Array, ...]:
    """Let a network write the weights of another one, so that one set of weights serves many tasks.

    Formula: θ = tanh(e F) S, cut in order into tensors of the given shapes
    Shapes: task e (embedding,), first F (embedding, hidden), second S (hidden, total), where total is the number of
        entries of all shapes; the result is a tensor for each shape.
    Parameters: hidden · (embedding + total).
    Cost: hidden · (embedding + total) multiply-adds a task.
    Training: gradients pass through the weights that are written to F, S and e, which alone are trained.
    Caveats: S is hidden times as large as the network that it writes; large layers are written in pieces.
    Raises: VocabularyError unless the shapes have as many entries as S has columns.
    Source: Ha et al. 2016 [1609.09106], sec. 3.1; vocabulary line 4340.

    >>> kernel, bias = hypernetwork(jnp.ones(2), jnp.ones((2, 4)), jnp.ones((4, 9)), [(2, 3), (3,)])
    >>> kernel.shape, bias.shape
    ((2, 3), (3,))
    """
    total = sum(math.prod(shape) for shape in shapes)
    expect.axes(task=(task, "embedding"), first=(first, "embedding hidden"), second=(second, "hidden total"))
    if jnp.shape(second)[1] != total:
        raise VocabularyError(
            f"second: arrived with {jnp.shape(second)[1]} columns, expected the entries of shapes, {total}"
        )
    flat = jnp.matmul(jnp.tanh(jnp.matmul(task, first)), second)
    written, start = [], 0
    for shape in shapes:
        size = math.prod(shape)
        written.append(jnp.reshape(flat[start : start + size], shape))
        start += size
    return tuple(written)


def maml_gradient(
    loss: Callable[[Any, Any], jax.Array],
    parameters: Any,
    support: Any,
    query: Any,
    rate: float = 0.01,
    steps: int = 1,
    *,
    first_order: bool = False,
) -> Any:
    """Find a start from which a few steps suffice: the gradient of the loss after adapting, by the weights before.

    Formula: θ' = θ − α ∇L_support(θ), steps times; g = ∇_θ L_query(θ'(θ)) = (I − α H_support(θ)) ∇L_query(θ') for one
        step
    Shapes: loss maps (parameters, examples) to one number; the result has the tree of parameters. Sum it over tasks.
    Parameters: those of the loss; rate is α.
    Cost: steps + 1 gradients and, through them, about as much again for the second derivatives.
    Training: θ ← θ − β Σ g over tasks; in evaluation only the steps on the support of a new task.
    Caveats: with first_order the second derivatives are left out, and g is ∇L_query(θ'). Support and query are
        different examples of a task: on the same ones it rewards learning by heart.
    Raises: VocabularyError for a negative rate or fewer steps than one.
    Source: Finn et al. 2017 [1703.03400], eq. 1 and algorithm 2; vocabulary line 4349.

    >>> def loss(w, target):
    ...     return 0.5 * (w - target) ** 2
    >>> maml_gradient(loss, 0.0, 1.0, 1.0, rate=0.5).item()  # (1 - 0.5) (0.5 - 1)
    -0.25
    """
    expect.not_negative("rate", rate)
    expect.whole("steps", steps)

    def adapted(start: Any) -> jax.Array:
        now = start
        for _ in range(steps):
            slope = jax.grad(loss)(now, support)
            if first_order:
                slope = jax.lax.stop_gradient(slope)
            now = jax.tree.map(lambda one, by: one - rate * by, now, slope)
        return loss(now, query)

    return jax.grad(adapted)(parameters)


def prototypical(query: jax.Array, support: jax.Array, labels: jax.Array, classes: int) -> jax.Array:
    """Know a class from a few examples: it is their mean, and what is near the mean belongs to it.

    Formula: c_k = mean of sᵢ with label k; log p(k | q) = log softmax_k(−‖q − c_k‖²)
    Shapes: query (queries, width) and support (examples, width), both embedded; labels (examples,) whole numbers below
        classes; the result is (queries, classes).
    Parameters: none besides those of the embedding.
    Cost: (examples + queries · classes) · width multiply-adds.
    Training: on episodes: few classes, few examples of each, drawn anew; the loss is −log p of the queries.
    Caveats: it is a linear classifier with weights 2 c_k and biases −‖c_k‖², so classes must be apart in the embedding.
    Raises: VocabularyError for a label that does not exist, or a class without examples.
    Source: Snell et al. 2017 [1703.05175], eq. 1 and 2; vocabulary line 4359.

    >>> support, labels = jnp.array([[0.0], [2.0], [9.0], [11.0]]), jnp.array([0, 0, 1, 1])
    >>> prototypical(jnp.array([[3.0], [7.0]]), support, labels, 2).argmax(axis=1).tolist()
    [0, 1]
    """
    expect.axes(query=(query, "queries width"), support=(support, "examples width"), labels=(labels, "examples"))
    expect.within("labels", labels, 0, expect.whole("classes", classes) - 1)
    member = jax.nn.one_hot(labels, classes)
    counts = jnp.sum(member, axis=0)
    if not isinstance(counts, jax.core.Tracer) and not bool(jnp.all(counts > 0)):
        raise VocabularyError(
            f"labels: arrived without class {int(jnp.argmin(counts))}, expected examples of all {classes}"
        )
    means = jnp.matmul(member.T, support) / counts[:, None]
    return jax.nn.log_softmax(-jnp.sum(jnp.square(jnp.asarray(query)[:, None] - means), axis=-1), axis=-1)


def matching_network(query: jax.Array, support: jax.Array, labels: jax.Array, temperature: float = 1.0) -> jax.Array:
    """Classify by attention to examples: each lends its label by how alike it is.

    Formula: y = Σᵢ softmaxᵢ(cos(q, sᵢ) / T) yᵢ
    Shapes: query (queries, width) and support (examples, width), both embedded; labels y (examples, classes), one-hot
        or any distribution; the result is (queries, classes), a distribution.
    Parameters: none besides those of the embeddings.
    Cost: queries · examples · (width + classes) multiply-adds.
    Training: on episodes, as prototypical networks are.
    Caveats: at T = 1, the paper's, cosines lie between −1 and 1 and the weights of any two differ by a factor of e² at
        most. Vectors of zeros have no direction.
    Raises: VocabularyError for a temperature of 0 or less, or labels outside [0, 1].
    Source: Vinyals et al. 2016 [1606.04080], eq. 1 and sec. 2.1.1; vocabulary line 4368.

    >>> support, labels = jnp.array([[1.0, 0.0], [0.0, 1.0]]), jnp.eye(2)
    >>> matching_network(jnp.array([[5.0, 0.0]]), support, labels, temperature=0.01).round(2).tolist()
    [[1.0, 0.0]]
    """
    expect.axes(
        query=(query, "queries width"), support=(support, "examples width"), labels=(labels, "examples classes")
    )
    expect.positive("temperature", temperature)
    expect.probability("labels", labels)
    query, support = (x / jnp.linalg.norm(x, axis=-1, keepdims=True) for x in (query, support))
    return jnp.matmul(jax.nn.softmax(jnp.matmul(query, support.T) / temperature, axis=-1), labels)


def mixed_operation(
    x: jax.Array, logits: jax.Array, operations: Sequence[Callable[[jax.Array], jax.Array]]
) -> jax.Array:
    """Search for a layer by gradients: run all candidates, mix them by trained weights, and keep the heaviest.

    Formula: o = Σ_k softmax(α)_k o_k(x)
    Shapes: x of any shape that all operations take; logits α (operations,); the result has the shape of what they give.
    Parameters: one logit a candidate, besides their own.
    Cost: that of all candidates together.
    Training: logits on one half of the data, weights on the other, in turn; afterwards the candidate with the largest
        logit stands alone.
    Caveats: what is kept is not what was trained: the mixture and its heaviest part differ.
    Raises: VocabularyError for another number of logits than of operations, or operations that differ in shape.
    Source: Liu et al. 2019, DARTS [1806.09055], eq. 2; vocabulary line 4372.

    >>> mixed_operation(jnp.array([2.0, -3.0]), jnp.array([0.0, 100.0]), [jnp.negative, jax.nn.relu]).tolist()
    [2.0, 0.0]
    """
    expect.axes(x=(x, "..."))
    if not operations:
        raise VocabularyError("operations: arrived none, expected at least one")
    expect.axes(logits=(logits, str(len(operations))))
    results = [operation(x) for operation in operations]
    if len({jnp.shape(result) for result in results}) > 1:
        raise VocabularyError(
            f"operations: arrived giving {[jnp.shape(result) for result in results]}, expected one shape"
        )
    return jnp.tensordot(jax.nn.softmax(logits), jnp.stack(results), axes=1)


def early_exit(
    x: jax.Array,
    blocks: Sequence[Callable[[jax.Array], jax.Array]],
    heads: Sequence[Callable[[jax.Array], jax.Array]],
    threshold: float,
) -> tuple[jax.Array, jax.Array]:
    """Spend less on what is easy: an example leaves at the first head that is sure of it.

    Formula: p⁽ˡ⁾ = softmax(head_l(block_l(… block₁(x)))), leave at the first l with max_k p⁽ˡ⁾_k ≥ τ, or at the last
    Shapes: blocks map (batch, …) to (batch, …), heads to (batch, classes); the results are probabilities (batch,
        classes) and how many blocks each example passed (batch,).
    Parameters: those of blocks and heads.
    Cost: that of the blocks up to the exit, for each example; here all blocks run for all.
    Training: the losses of all heads are added, with weights.
    Caveats: a head that is sure and wrong ends the matter. In a batch, what is saved is only saved once all have left.
    Raises: VocabularyError for a negative threshold, or another number of heads than of blocks.
    Source: Teerapittayanon et al. 2016, BranchyNet [1709.01686], which looks at the entropy; vocabulary line 4381.

    >>> double = [lambda h: 2 * h] * 3
    >>> heads = [lambda h: jnp.concatenate([h, -h], axis=1)] * 3
    >>> early_exit(jnp.array([[1.0], [0.1]]), double, heads, 0.9)[1].tolist()
    [1, 3]
    """
    expect.axes(x=(x, "..."))
    expect.not_negative("threshold", threshold)
    if not len(blocks) == len(heads) > 0:
        raise VocabularyError(f"heads: arrived {len(heads)}, expected one for each of {len(blocks)} blocks")
    probabilities, depth, left = None, jnp.zeros(()), jnp.zeros(())
    for index, (block, head) in enumerate(zip(blocks, heads, strict=True)):
        x = block(x)
        found = jax.nn.softmax(head(x), axis=-1)
        if probabilities is None:
            probabilities, depth, left = found, jnp.ones(len(found), int), jnp.zeros(len(found), bool)
        else:
            probabilities = jnp.where(left[:, None], probabilities, found)
            depth = jnp.where(left, depth, index + 1)
        left = left | (jnp.max(found, axis=-1) >= threshold)
    assert probabilities is not None  # there is at least one block
    return probabilities, depth


def elastic_weight_consolidation(parameters: Any, anchor: Any, fisher: Any, strength: float = 1.0) -> jax.Array:
    """Learn a new task and keep the old one: weights that mattered to it are held by springs, the others are free.

    Formula: (λ/2) Σᵢ Fᵢ (θᵢ − θᵢ*)², added to the loss of the new task
    Shapes: parameters θ, anchor θ* (those after the old task) and fisher F (the mean square of each gradient there) are
        trees of the same arrays; the result is one number.
    Parameters: none trained; anchor and fisher are kept, as large as the network each.
    Cost: 3 multiplications a parameter.
    Training: added to the loss; evaluation has no use for it.
    Caveats: forgetting gets less and does not end. Springs know each weight alone: where losses are quadratic and
        weights do not interact it is the loss of both tasks, elsewhere a stand-in for it.
    Raises: VocabularyError for a negative strength or fisher, or trees that differ.
    Source: Kirkpatrick et al. 2017 [1612.00796], eq. 3; vocabulary line 6008.

    >>> old, new, fisher = {"w": jnp.zeros(2)}, {"w": jnp.array([1.0, 1.0])}, {"w": jnp.array([4.0, 0.0])}
    >>> elastic_weight_consolidation(new, old, fisher).item()  # the second weight is free
    2.0
    """
    expect.not_negative("strength", strength)
    trees = [jax.tree.structure(tree) for tree in (parameters, anchor, fisher)]
    if len(set(trees)) > 1:
        raise VocabularyError(f"anchor, fisher: arrived as {trees[1]} and {trees[2]}, expected {trees[0]}")
    total = jnp.zeros(())
    for now, then, matters in zip(*map(jax.tree.leaves, (parameters, anchor, fisher)), strict=True):
        if not jnp.shape(now) == jnp.shape(then) == jnp.shape(matters):
            raise VocabularyError(f"anchor: arrived with shape {jnp.shape(then)}, expected that of parameters")
        expect.not_negative("fisher", matters)
        total = total + jnp.sum(matters * jnp.square(now - then))
    return strength / 2 * total
