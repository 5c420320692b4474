"""What must hold of learning to learn."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import expit, log_softmax, softmax

from netspec.vocabulary import meta
from netspec.vocabulary.cases import Case, apart, compiled, pullback, wrong
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

SHAPES = ((2, 3), (3,))


def _writer(case: Case) -> tuple[np.ndarray, ...]:
    return case.normal(4), case.normal(4, 5, seed=1), case.normal(5, 9, seed=2)


def _generated(writer: Implementation, case: Case) -> float:
    """What the written layer says, each of its weights computed alone."""
    task, first, second = _writer(case)
    x, hidden = case.normal(6, 2, seed=3), np.tanh(task @ first)
    kernel = np.array([[hidden @ second[:, 3 * row + column] for column in range(3)] for row in range(2)])
    bias = np.array([hidden @ second[:, 6 + column] for column in range(3)])
    found = [np.asarray(each) for each in compiled(writer, 3)(task, first, second, SHAPES)]
    return apart(x @ found[0] + found[1], x @ kernel + bias)


def _reaches_the_writer(writer: Implementation, case: Case) -> float:
    """The gradient of the writer's second matrix: hidden units by the gradients of what is written."""
    task, first, second = _writer(case)
    cotangents = case.normal(2, 3, seed=4), case.normal(3, seed=5)
    found = pullback(writer, 2, 3)(cotangents, task, first, second, SHAPES)
    return apart(found, np.outer(np.tanh(task @ first), np.concatenate([each.ravel() for each in cotangents])))


def _straight(task: Any, first: Any, second: Any, shapes: Any) -> Any:
    flat = task @ first @ second
    return flat[:6].reshape(2, 3), flat[6:]


def _columns_first(task: Any, first: Any, second: Any, shapes: Any) -> Any:
    flat = np.tanh(task @ first) @ second
    return flat[:6].reshape(3, 2).T, flat[6:]


def _detached(task: Any, first: Any, second: Any, shapes: Any) -> Any:
    return meta.hypernetwork(task, first, jax.lax.stop_gradient(second), shapes)


HYPERNETWORK = Term(
    "hypernetwork",
    meta.hypernetwork,
    (
        Property(
            "It is the layer whose weights are written, each from the hidden units of the writer.",
            _generated,
            1e-12,
            (
                Mistake("weights written column by column", _columns_first),
                Mistake("no activation in the writer", _straight),
            ),
        ),
        Property(
            "Gradients of what is written reach the writer.",
            _reaches_the_writer,
            1e-12,
            (Mistake("a writer that is not trained", _detached),),
        ),
    ),
)

RATE = 0.3


def _bowl(parameters: Any, examples: Any) -> Any:
    """A quadratic loss with its own curvature."""
    curvature, centre = examples
    return 0.5 * (parameters - centre) @ curvature @ (parameters - centre)


def _bent(parameters: Any, examples: Any) -> Any:
    x, y = examples
    return jnp.mean(jnp.square(jnp.tanh(x @ parameters) - y))


def _bowls(case: Case) -> list[tuple[np.ndarray, np.ndarray]]:
    factors = [case.normal(3, 3, seed=index) for index in (1, 2)]
    return [(factor @ factor.T, case.normal(3, seed=5 + index)) for index, factor in enumerate(factors)]


def _quadratic(gradient: Implementation, case: Case) -> float:
    """(I − α H)² ∇L_query(θ'') after two steps."""
    start, ((curvature, centre), (other, goal)) = case.normal(3), _bowls(case)
    now, shrink = start, np.eye(3) - RATE * curvature
    for _ in range(2):
        now = now - RATE * curvature @ (now - centre)
    expected = shrink @ shrink @ other @ (now - goal)
    run = _run(gradient)
    return apart(run(_bowl, start, (curvature, centre), (other, goal), RATE, 2), expected)


def _run(gradient: Implementation) -> Any:
    return jax.jit(gradient, static_argnums=(0, 5))


def _tasks(case: Case) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(case.normal(4, 3, seed=index), case.normal(4, seed=5 + index)) for index in (1, 2)]


def _brute_force(gradient: Implementation, case: Case) -> float:
    """Central differences of the loss after a step, itself by a slope in closed form."""
    start, (support, query) = case.normal(3), _tasks(case)

    def adapted(parameters: np.ndarray) -> float:
        x, y = support
        out = np.tanh(x @ parameters)
        after = parameters - RATE * 2 / len(y) * x.T @ ((out - y) * (1 - out**2))
        return float(np.mean((np.tanh(query[0] @ after) - query[1]) ** 2))

    step = 1e-5 * np.eye(3)
    slopes = [(adapted(start + h) - adapted(start - h)) / 2e-5 for h in step]
    return apart(_run(gradient)(_bent, start, support, query, RATE, 1), slopes)


def _no_step(gradient: Implementation, case: Case) -> float:
    """At a rate of zero: the gradient of the query's loss."""
    start, (support, query) = case.normal(3), _tasks(case)
    x, y = query
    out = np.tanh(x @ start)
    return apart(_run(gradient)(_bent, start, support, query, 0.0, 1), 2 / len(y) * x.T @ ((out - y) * (1 - out**2)))


def _support_again(loss: Any, parameters: Any, support: Any, query: Any, rate: float, steps: int) -> Any:
    return meta.maml_gradient(loss, parameters, support, support, rate, steps)


_FIRST_ORDER = partial(meta.maml_gradient, first_order=True)

MAML = Term(
    "maml",
    meta.maml_gradient,
    (
        Property(
            "It is the derivative of the loss after a step, by differences.",
            _brute_force,
            1e-7,
            (
                Mistake("no second derivatives", _FIRST_ORDER),
                Mistake("the support for the query", _support_again),
            ),
        ),
        Property(
            "Of quadratic losses it is (I − α H)ⁿ times the gradient after n steps.",
            _quadratic,
            1e-12,
            (Mistake("no second derivatives", _FIRST_ORDER),),
        ),
        Property(
            "At a rate of zero it is the gradient of the query's loss.",
            _no_step,
            1e-12,
            (Mistake("the support for the query", _support_again),),
        ),
    ),
)

LABELS = np.array([0, 1, 2, 0, 1, 0])


def _episode(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return case.normal(4, case.channels), case.normal(len(LABELS), case.channels, seed=1)


def _nearest(classify: Implementation, case: Case) -> float:
    """The class whose mean is nearest."""
    query, support = _episode(case)
    means = [np.mean(support[label == LABELS], axis=0) for label in range(3)]
    distances = [[np.linalg.norm(each - mean) for mean in means] for each in query]
    found = np.asarray(compiled(classify, 3)(query, support, LABELS, 3))
    return wrong(np.argmax(found, axis=1) == np.argmin(distances, axis=1))


def _linear_classifier(classify: Implementation, case: Case) -> float:
    """Weights of twice the means, biases of minus their squares."""
    query, support = _episode(case)
    means = np.stack([support[label == LABELS].mean(0) for label in range(3)])
    expected = log_softmax(2 * query @ means.T - np.sum(means**2, axis=1), axis=1)
    return apart(compiled(classify, 3)(query, support, LABELS, 3), expected)


def _classified(kind: str) -> Implementation:
    def classify(query: Any, support: Any, labels: Any, classes: int) -> Any:
        how = np.sum if kind == "sum" else np.mean
        means = np.stack([how(support[labels == label], axis=0) for label in range(classes)])
        distances = np.linalg.norm(query[:, None] - means, axis=-1)
        return log_softmax(query @ means.T if kind == "product" else -distances, axis=1)

    return classify


PROTOTYPES = Term(
    "protonet",
    meta.prototypical,
    (
        Property(
            "The most probable class is that of the nearest mean.",
            _nearest,
            0.0,
            (
                Mistake("sums in place of means", _classified("sum")),
                Mistake("inner products in place of distances", _classified("product")),
            ),
        ),
        Property(
            "It is a linear classifier with weights 2 c and biases −‖c‖².",
            _linear_classifier,
            1e-12,
            (Mistake("distances that are not squared", _classified("distance")),),
        ),
    ),
)


def _matched(query: Any, support: Any, labels: Any, temperature: float, kind: str = "") -> Any:
    """Example by example in numpy."""
    out = []
    for one in query:
        scores = np.array([one @ each for each in support])
        if kind != "product":
            scores = scores / np.array([np.linalg.norm(one) * np.linalg.norm(each) for each in support])
        out.append(softmax(scores * temperature if kind == "times" else scores / temperature) @ labels)
    return np.stack(out)


def _one_hot() -> np.ndarray:
    return np.eye(3)[LABELS]


def _by_example(match: Implementation, case: Case) -> float:
    query, support = _episode(case)
    return apart(compiled(match)(query, support, _one_hot(), 0.5), _matched(query, support, _one_hot(), 0.5))


def _any_length(match: Implementation, case: Case) -> float:
    """Embeddings of other lengths, and rows that sum to one."""
    query, support = _episode(case)
    run = compiled(match)
    found = np.asarray(run(query, support, _one_hot(), 0.5))
    longer = run(3 * query, support * case.uniform(len(LABELS), 1, low=0.5, high=2.0, seed=2), _one_hot(), 0.5)
    return max(apart(longer, found), apart(found.sum(1), np.ones(4)))


MATCHING = Term(
    "matching-network",
    meta.matching_network,
    (
        Property(
            "Each example lends its label by the softmax of its cosine.",
            _by_example,
            1e-12,
            (Mistake("times the temperature", partial(_matched, kind="times")),),
        ),
        Property(
            "Lengths of embeddings change nothing, and what comes out is a distribution.",
            _any_length,
            1e-12,
            (Mistake("inner products in place of cosines", partial(_matched, kind="product")),),
        ),
    ),
)


def _bend(x: Any) -> Any:
    return jnp.tanh(3 * x)


OPERATIONS = (jnp.negative, _bend, jnp.square)


def _one_left(mixed: Implementation, case: Case) -> float:
    """One logit far above the others: its operation alone."""
    x = case.normal(5)
    return max(
        apart(compiled(mixed, 2)(x, 1e4 * np.eye(3)[index], OPERATIONS), result)
        for index, result in enumerate((-x, np.tanh(3 * x), x**2))
    )


def _by_logit(mixed: Implementation, case: Case) -> float:
    """p_k (⟨g, o_k⟩ − Σ p ⟨g, o⟩)."""
    x, logits, cotangent = case.normal(5), case.normal(3, seed=1), case.normal(5, seed=2)
    gains = np.array([cotangent @ result for result in (-x, np.tanh(3 * x), x**2)])
    share = softmax(logits)
    return apart(pullback(mixed, 1, 2)(cotangent, x, logits, OPERATIONS), share * (gains - share @ gains))


def _sigmoids(x: Any, logits: Any, operations: Any) -> Any:
    return np.tensordot(expit(logits), np.stack([operation(x) for operation in operations]), 1)


def _raw(x: Any, logits: Any, operations: Any) -> Any:
    return jnp.tensordot(logits, jnp.stack([operation(x) for operation in operations]), 1)


SEARCH = Term(
    "nas",
    meta.mixed_operation,
    (
        Property(
            "With one logit far above the others it is that operation.",
            _one_left,
            1e-12,
            (Mistake("the sigmoid of each logit", _sigmoids), Mistake("logits without softmax", _raw)),
        ),
        Property(
            "A logit gains by how much its operation is better than the mixture.",
            _by_logit,
            1e-12,
            (Mistake("logits without softmax", _raw),),
        ),
    ),
)

DEPTH = 4


def _ladder(case: Case) -> tuple[Any, Any, list[np.ndarray], list[np.ndarray]]:
    """Blocks and heads, and their kernels."""
    kernels = [case.normal(3, 3, seed=index) for index in range(DEPTH)]
    tops = [2 * case.normal(3, 4, seed=10 + index) for index in range(DEPTH)]
    blocks = [lambda h, kernel=kernel: np.tanh(h @ kernel) for kernel in kernels]
    heads = [lambda h, top=top: h @ top for top in tops]
    return blocks, heads, kernels, tops


def _one_by_one(case: Case, x: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Each example by itself, through as many blocks as it takes."""
    _, _, kernels, tops = _ladder(case)
    out, depths = [], []
    for h in x:
        for index in range(DEPTH):
            h = np.tanh(h @ kernels[index])
            found = softmax(h @ tops[index])
            if found.max() >= threshold:
                break
        out.append(found)
        depths.append(index + 1)
    return np.array(out), np.array(depths)


def _each_alone(leave: Implementation, case: Case) -> float:
    x, (blocks, heads, *_) = case.normal(8, 3, seed=20), _ladder(case)
    worst = 0.0
    for threshold in (0.0, 0.6, 0.9, 1.1):
        probabilities, depth = leave(x, blocks, heads, threshold)
        expected = _one_by_one(case, x, threshold)
        worst = max(worst, apart(probabilities, expected[0]), apart(depth, expected[1]))
    return worst


def _sooner(leave: Implementation, case: Case) -> float:
    """From the first head at zero to the last above one, and never sooner at a higher threshold."""
    x, (blocks, heads, *_) = case.normal(8, 3, seed=20), _ladder(case)
    depths = [np.asarray(leave(x, blocks, heads, threshold)[1]) for threshold in (0.0, 0.5, 0.7, 0.9, 1.1)]
    return wrong(np.all(depths[0] == 1) and np.all(depths[-1] == DEPTH) and np.all(np.diff(depths, axis=0) >= 0))


def _all_together(x: Any, blocks: Any, heads: Any, threshold: float) -> Any:
    """The batch leaves when it is sure in the mean."""
    depth = 0
    for block, head in zip(blocks, heads, strict=True):
        x, depth = block(x), depth + 1
        found = softmax(head(x), axis=1)
        if found.max(1).mean() >= threshold:
            break
    return found, np.full(len(x), depth)


def _while_sure(x: Any, blocks: Any, heads: Any, threshold: float) -> Any:
    """Who is sure goes on."""
    probabilities, depth = meta.early_exit(x, blocks, heads, 2.0)
    unsure = np.asarray(softmax(heads[0](blocks[0](x)), axis=1).max(1)) < threshold
    return probabilities, np.where(unsure, 1, depth)


DYNAMIC = Term(
    "dynamic-network",
    meta.early_exit,
    (
        Property(
            "Each example gets what it would get alone, and leaves where it would.",
            _each_alone,
            1e-12,
            (
                Mistake("a batch that leaves together", _all_together),
                Mistake("who is sure goes on", _while_sure),
            ),
        ),
        Property(
            "At zero all leave at the first head, above one at the last, and a higher threshold lets nobody go sooner.",
            _sooner,
            0.0,
            (Mistake("who is sure goes on", _while_sure),),
        ),
    ),
)


def _springs(penalty: Implementation, case: Case) -> float:
    """The gradient pulls each weight back by λ F."""
    now, then, fisher = case.normal(4), case.normal(4, seed=1), case.uniform(4, seed=2)
    return apart(pullback(penalty, 0)(1.0, now, then, fisher, 0.7), 0.7 * fisher * (now - then))


def _both_tasks(penalty: Implementation, case: Case) -> float:
    """Least squares with inputs that do not interact: the optimum with springs is that of both tasks at once.

    With F = Σ x² and λ = 1 the old task's loss is its least value and the springs, so gradients agree everywhere.
    """
    designs = [np.linalg.qr(case.normal(6, 4, seed=index))[0] * case.uniform(4, low=0.5, high=2.0) for index in (1, 2)]
    targets = [case.normal(6, seed=index) for index in (3, 4)]
    old = np.linalg.lstsq(designs[0], targets[0], rcond=None)[0]
    fisher = np.sum(designs[0] ** 2, axis=0)
    joint = np.linalg.lstsq(np.concatenate(designs), np.concatenate(targets), rcond=None)[0]
    pull = np.asarray(pullback(penalty, 0)(1.0, joint, old, fisher, 1.0))
    return apart(pull, -designs[1].T @ (designs[1] @ joint - targets[1]))


def _no_half(parameters: Any, anchor: Any, fisher: Any, strength: float) -> Any:
    return strength * jnp.sum(fisher * (parameters - anchor) ** 2)


def _all_alike(parameters: Any, anchor: Any, fisher: Any, strength: float) -> Any:
    return strength / 2 * jnp.sum((parameters - anchor) ** 2)


CONSOLIDATION = Term(
    "online-learning",
    meta.elastic_weight_consolidation,
    (
        Property(
            "It pulls each weight back to where it was, by its importance.",
            _springs,
            1e-12,
            (
                Mistake("all weights held alike", _all_alike),
                Mistake("no half", _no_half),
            ),
        ),
        Property(
            "With quadratic losses, weights that do not interact and springs, the new task has the optimum of both.",
            _both_tasks,
            1e-10,
            (Mistake("all weights held alike", _all_alike), Mistake("no half", _no_half)),
        ),
    ),
)

TERMS = (HYPERNETWORK, MAML, PROTOTYPES, MATCHING, SEARCH, DYNAMIC, CONSOLIDATION)
