"""What must hold of what tunes a frozen network, and of capsules."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from scipy.special import softmax

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.layers import adapters, capsules
from netspec.vocabulary.programs import compiled, pullback
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

RANK, ALPHA = 3, 12.0


def _low_rank(case: Case) -> tuple[np.ndarray, ...]:
    c = case.channels
    return (
        case.normal(case.batch, c),
        case.normal(c, c + 1, seed=1),
        case.normal(c, RANK, seed=2),
        case.normal(RANK, c + 1, seed=3),
    )


def _merged(lora: Implementation, case: Case) -> float:
    x, kernel, down, up = _low_rank(case)
    return apart(compiled(lora)(x, kernel, down, up, ALPHA), x @ (kernel + ALPHA / RANK * down @ up))


def _as_flax(lora: Implementation, case: Case) -> float:
    """flax.nnx.LoRA with the same factors, times α / r."""
    x, kernel, down, up = _low_rank(case)
    theirs = nnx.eval_shape(lambda: nnx.LoRA(case.channels, RANK, case.channels + 1, rngs=nnx.Rngs(0)))
    theirs.lora_a, theirs.lora_b = nnx.LoRAParam(jnp.asarray(down)), nnx.LoRAParam(jnp.asarray(up))
    change = ALPHA / RANK * np.asarray(theirs(jnp.asarray(x)))
    return apart(np.asarray(compiled(lora)(x, kernel, down, up, ALPHA)) - x @ kernel, change)


def _unscaled(x: Any, kernel: Any, down: Any, up: Any, alpha: float) -> Any:
    return x @ kernel + x @ down @ up


LORA = Term(
    "lora",
    adapters.lora,
    (
        Property(
            "Merged into the kernel it gives the same: x (W + (α / r) A B).",
            _merged,
            1e-12,
            (
                Mistake("without α / r", _unscaled, line=1815),
                Mistake("α without r", lambda x, w, a, b, alpha: x @ w + alpha * (x @ a @ b)),
            ),
        ),
        Property(
            "What it adds is α / r times what flax.nnx.LoRA adds.",
            _as_flax,
            1e-12,
            (Mistake("without α / r", _unscaled),),
        ),
    ),
)


def _module(case: Case) -> tuple[np.ndarray, ...]:
    c = case.channels
    shapes = ((case.batch, case.tokens, c), (c, 2), (2,), (2, c), (c,))
    return tuple(case.normal(*shape, seed=index) for index, shape in enumerate(shapes))


def _identity_at_first(adapter: Implementation, case: Case) -> float:
    x, down, down_bias, up, up_bias = _module(case)
    return apart(compiled(adapter)(x, down, down_bias, 0 * up, 0 * up_bias), x)


def _vector_by_vector(adapter: Implementation, case: Case) -> float:
    x, down, down_bias, up, up_bias = _module(case)
    expected = x.copy()
    for place in np.ndindex(*x.shape[:2]):
        inner = [max(sum(x[place] * down[:, unit]) + down_bias[unit], 0) for unit in range(2)]
        expected[place] += inner[0] * up[0] + inner[1] * up[1] + up_bias
    return apart(compiled(adapter)(x, down, down_bias, up, up_bias), expected)


def _not_round(x: Any, down: Any, down_bias: Any, up: Any, up_bias: Any) -> Any:
    return np.maximum(x @ down + down_bias, 0) @ up + up_bias


def _active_end(x: Any, down: Any, down_bias: Any, up: Any, up_bias: Any) -> Any:
    return x + np.maximum((x @ down + down_bias) @ up + up_bias, 0)


ADAPTER = Term(
    "adapter",
    adapters.adapter,
    (
        Property(
            "With zeros for the way up it is the identity.",
            _identity_at_first,
            0.0,
            (Mistake("no way round", _not_round),),
        ),
        Property(
            "It adds to each vector what two units make of it.",
            _vector_by_vector,
            1e-12,
            (Mistake("the activation at the end", _active_end), Mistake("no way round", _not_round)),
        ),
    ),
)


def _prefixed(case: Case) -> tuple[np.ndarray, ...]:
    tokens = [case.normal(2, 1 if case.tokens == 1 else 5, 4, seed=index) for index in range(3)]
    return (*tokens, case.normal(2, 4, seed=3), case.normal(2, 4, seed=4))


def _attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The output, and the sum of exponentials of each query."""
    weights = np.exp(q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]))
    return weights @ v / weights.sum(-1, keepdims=True), weights.sum(-1, keepdims=True)


def _blend(prefix: Implementation, case: Case) -> float:
    """A blend of attention to the tokens and to the prefix, by their sums of exponentials."""
    q, k, v, prefix_keys, prefix_values = _prefixed(case)
    (plain, mass), (steered, extra) = _attention(q, k, v), _attention(q, prefix_keys, prefix_values)
    return apart(compiled(prefix)(*_prefixed(case)), (mass * plain + extra * steered) / (mass + extra))


def _nothing_attended(prefix: Implementation, case: Case) -> float:
    """Keys of a prefix with which each query scores ten thousand less."""
    q, k, v, prefix_keys, prefix_values = _prefixed(case)
    q = np.abs(q) + 1
    plain, _ = _attention(q, k, v)
    return apart(compiled(prefix)(q, k, v, 0 * prefix_keys - 1e4, prefix_values), plain)


def _before_the_input(q: Any, k: Any, v: Any, prefix_keys: Any, prefix_values: Any) -> Any:
    before = [np.concatenate([np.stack([prefix_keys] * len(each)), each], 1) for each in (q, k, v)]
    return _attention(*before)[0]


def _added(q: Any, k: Any, v: Any, prefix_keys: Any, prefix_values: Any) -> Any:
    to_prefix = softmax(q @ prefix_keys.T / np.sqrt(q.shape[-1]), -1) @ prefix_values
    return _attention(q, k, v)[0] + to_prefix


PREFIX = Term(
    "prefix-tuning",
    adapters.prefix_attention,
    (
        Property(
            "It blends attention to the tokens with attention to the prefix, by their sums of exponentials.",
            _blend,
            1e-12,
            (
                Mistake("vectors put before the input, which gets longer", _before_the_input, line=1861),
                Mistake("attention to the prefix added", _added),
            ),
        ),
        Property(
            "Keys that no query attends to leave the frozen attention.",
            _nothing_attended,
            1e-12,
            (Mistake("attention to the prefix added", _added),),
        ),
    ),
)


def _before(prompt_tuning: Implementation, case: Case) -> float:
    x, prompt = case.normal(case.batch, case.tokens, case.channels), case.normal(4, case.channels, seed=1)
    found = np.asarray(compiled(prompt_tuning)(x, prompt))
    return max(apart(found[:, 4:], x), apart(found[:, :4], np.stack([prompt] * case.batch)))


def _gradient_summed(prompt_tuning: Implementation, case: Case) -> float:
    """The prompt stands before all examples, so their gradients add up."""
    x, prompt, cotangent = case.normal(3, 2, 3), case.normal(4, 3, seed=1), case.normal(3, 6, 3, seed=2)
    return apart(pullback(prompt_tuning, 1)(cotangent, x, prompt), cotangent[:, :4].sum(0))


def _first_example_only(x: Any, prompt: Any) -> Any:
    return adapters.prompt_tuning(x, prompt).at[1:, : len(prompt)].set(0)


def _behind(x: Any, prompt: Any) -> Any:
    return np.concatenate([x, np.stack([prompt] * len(x))], 1)


PROMPT = Term(
    "prompt-tuning",
    adapters.prompt_tuning,
    (
        Property(
            "The prompt stands before the tokens of every example, and these are as they were.",
            _before,
            0.0,
            (Mistake("behind the tokens", _behind),),
        ),
        Property(
            "The gradient of the prompt is the sum over the examples.",
            _gradient_summed,
            1e-13,
            (Mistake("before the first example only", _first_example_only),),
        ),
    ),
)


def _squash(s: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.sum(s**2, -1, keepdims=True))
    out: np.ndarray = length**2 / (1 + length**2) * s / length
    return out


def _round_by_round(routing: Implementation, case: Case) -> float:
    """Three rounds, whole by whole."""
    votes = case.normal(2, 1 if case.tokens == 1 else 5, 3, 4)
    logits = np.zeros(votes.shape[:3])
    for _ in range(3):
        coupling = softmax(logits, axis=2)
        wholes = np.stack([_squash(np.sum(coupling[:, :, j, None] * votes[:, :, j], 1)) for j in range(3)], 1)
        logits = logits + np.sum(votes * wholes[:, None], -1)
    return apart(compiled(routing, 1)(votes, 3), wholes)


def _shortened(routing: Implementation, case: Case) -> float:
    """One part and one whole: its vote in direction, of length n²/(1 + n²)."""
    vote = 3 * case.normal(2, 1, 1, 3)
    length = np.linalg.norm(vote, axis=-1, keepdims=True)
    found = np.asarray(compiled(routing, 1)(vote, 2))
    return apart(found, (vote / length * (1 - 1 / (1 + length**2)))[:, 0])


def _over_parts(votes: Any, iterations: int) -> Any:
    logits = np.zeros(votes.shape[:-1])
    for _ in range(iterations):
        wholes = _squash(np.einsum("bij,bijd->bjd", softmax(logits, axis=-2), votes))
        logits = logits + np.einsum("bijd,bjd->bij", votes, wholes)
    return wholes


def _one_round(votes: Any, iterations: int) -> Any:
    return _squash(votes.sum(1) / votes.shape[2])


def _unit_length(votes: Any, iterations: int) -> Any:
    wholes = votes.mean(1)
    return wholes / np.linalg.norm(wholes, axis=-1, keepdims=True)


CAPSULES = Term(
    "capsule-network",
    capsules.capsule_routing,
    (
        Property(
            "It is three rounds of couplings by softmax over wholes, sums, squashes and agreements.",
            _round_by_round,
            1e-12,
            (
                Mistake("softmax over the parts", _over_parts),
                Mistake("one round", _one_round),
            ),
        ),
        Property(
            "A single vote keeps its direction, and its length n becomes n² / (1 + n²).",
            _shortened,
            1e-12,
            (Mistake("vectors of unit length", _unit_length),),
        ),
    ),
)
