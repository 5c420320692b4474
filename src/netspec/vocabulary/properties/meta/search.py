"""What must hold of searched layers and of early exits."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.special import expit, softmax

from netspec.vocabulary import meta
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled, pullback
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


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
