"""Patterns of pairs that leave most of them out."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import masks
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.masks.shared import pairs, same
from netspec.vocabulary.properties.plain import FLOAT32, ROUNDING
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _longformer(mask: Implementation, case: Case) -> float:
    tokens, chosen = case.tokens + 4, (2,)
    expected = pairs(tokens, lambda i, j: abs(i - j) <= 1 or i in chosen or j in chosen)
    return same(mask(tokens, window=1, global_tokens=chosen), expected)


def _all_near(mask: Implementation, case: Case) -> float:
    return wrong(mask(case.tokens, window=case.tokens, global_tokens=(0,)))


def _not_seen(tokens: int, *, window: int, global_tokens: tuple[int, ...]) -> Any:
    """Global tokens attend to all, and are attended to by their neighbours only."""
    return pairs(tokens, lambda i, j: i in global_tokens or abs(i - j) <= window)


def _one_sided(tokens: int, *, window: int, global_tokens: tuple[int, ...]) -> Any:
    return pairs(tokens, lambda i, j: 0 <= i - j <= window or i in global_tokens or j in global_tokens)


SPARSE = Term(
    "sparse-attention",
    masks.sparse_mask,
    (
        Property(
            "It has the pairs at most w apart, and the rows and columns of the global tokens.",
            _longformer,
            0.0,
            (
                Mistake("global tokens see all but are not seen by all", _not_seen, line=2481),
                Mistake("a window on one side", _one_sided),
            ),
        ),
        Property(
            "A window as long as the sequence is full attention.",
            _all_near,
            0.0,
            (Mistake("a window on one side", _one_sided),),
        ),
    ),
)


def _two_steps(mask: Implementation, case: Case) -> float:
    tokens = case.tokens + 5
    for pattern in ("strided", "fixed"):
        seen = np.asarray(mask(tokens, 3, pattern=pattern)).astype(int)
        if not np.array_equal(seen @ seen > 0, np.tri(tokens, dtype=bool)):
            return 1.0
    return 0.0


def _few_a_row(mask: Implementation, case: Case) -> float:
    stride = case.tokens
    seen = [np.asarray(mask(stride**2, stride, pattern=pattern)) for pattern in ("strided", "fixed")]
    return wrong([each.sum(1).max() <= 2 * stride for each in seen])


FACTORIZED = Term(
    "strided-sparse-attention",
    masks.factorized_mask,
    (
        Property(
            "In two steps every token reaches each earlier one and no later one.",
            _two_steps,
            0.0,
            (
                Mistake("neighbours only", lambda n, stride, pattern: pairs(n, lambda i, j: 0 <= i - j < stride)),
                Mistake(
                    "both directions",
                    lambda n, stride, pattern: pairs(n, lambda i, j: abs(i - j) < stride or (i - j) % stride == 0),
                ),
            ),
        ),
        Property(
            "With a stride of √tokens a row has at most twice as many pairs.",
            _few_a_row,
            0.0,
            (Mistake("all earlier tokens", lambda n, stride, pattern: np.tri(n)),),
        ),
    ),
)


def _banded(attention: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value = plain.heads(case)
    band = pairs(case.tokens, lambda i, j: abs(i - j) <= 2)
    run = program(attention, "window")
    return apart(run(query, key, value, window=2), plain.attention(query, key, value, band))


def _stacked(attention: Implementation, case: Case) -> float:
    """Two layers of window 2 reach four tokens on either side."""
    case = plain.few(case)
    query, key, value = plain.heads(case, tokens=12)
    run = program(attention, "window")
    seen = plain.reaches(lambda v: run(query, key, run(query, key, v, window=2), window=2), value)
    return same(seen, pairs(12, lambda i, j: abs(i - j) <= 4))


def _behind(query: Any, key: Any, value: Any, *, window: int) -> Any:
    return jax.nn.dot_product_attention(query, key, value, local_window_size=(window, 0))


def _halved(query: Any, key: Any, value: Any, *, window: int) -> Any:
    return masks.sliding_window_attention(query, key, value, window=window // 2)


def _everywhere(query: Any, key: Any, value: Any, *, window: int) -> Any:
    return jax.nn.dot_product_attention(query, key, value)


SLIDING = Term(
    "sliding-window-attention",
    masks.sliding_window_attention,
    (
        Property(
            "It is dense attention under the mask |i − j| ≤ w.",
            _banded,
            FLOAT32,
            (
                Mistake("only what lies behind", _behind),
                Mistake("the window for both sides together", _halved),
                Mistake("no window", _everywhere),
            ),
        ),
        Property(
            "Two layers reach 2w tokens on either side, no more and no fewer.",
            _stacked,
            0.0,
            (Mistake("only what lies behind", _behind), Mistake("no window", _everywhere)),
        ),
    ),
)


def _multiples(mask: Implementation, case: Case) -> float:
    return same(mask(case.tokens, 2), pairs(case.tokens, lambda i, j: (i - j) % 2 == 0))


def _interwoven(mask: Implementation, case: Case) -> float:
    """It is full attention within each of the k sequences that are made of every k-th token."""
    query, key, value = plain.heads(case, tokens=case.tokens + 3)
    expected = np.empty_like(value)
    for first in range(3):
        expected[:, first::3] = plain.attention(query[:, first::3], key[:, first::3], value[:, first::3])
    return apart(plain.attention(query, key, value, np.asarray(mask(case.tokens + 3, 3))), expected)


def _later_only(tokens: int, step: int) -> Any:
    return pairs(tokens, lambda i, j: j >= i and (j - i) % step == 0)


def _within(tokens: int, step: int) -> Any:
    return pairs(tokens, lambda i, j: abs(i - j) < step)


DILATED = Term(
    "dilated-attention",
    masks.dilated_mask,
    (
        Property(
            "It has the pairs whose distance the step divides.",
            _multiples,
            0.0,
            (
                Mistake("later tokens only", _later_only, line=2494),
                Mistake("the step as a window", _within),
            ),
        ),
        Property(
            "It is full attention within each of the k sequences of every k-th token.",
            _interwoven,
            ROUNDING,
            (Mistake("later tokens only", _later_only),),
        ),
    ),
)


def _drawn(mask: Implementation, case: Case) -> np.ndarray:
    return np.asarray(mask(case.key, 12, window=1, chosen=3, global_tokens=2))


def _global(mask: Implementation, case: Case) -> float:
    seen = _drawn(mask, case)
    return wrong(seen[:2].all() and seen[:, :2].all())


def _number(mask: Implementation, case: Case) -> float:
    """Behind the global tokens a row has its neighbours, the global tokens, and three others."""
    near = pairs(12, lambda i, j: abs(i - j) <= 1 or j < 2)
    seen = _drawn(mask, case)
    return wrong(np.array_equal(seen[2:].sum(1), near[2:].sum(1) + 3) and (seen | ~near)[2:].all())


def _repeats(mask: Implementation, case: Case) -> float:
    return same(_drawn(mask, case), _drawn(mask, case))


def _from_all(key: Any, tokens: int, *, window: int, chosen: int, global_tokens: int) -> Any:
    """As printed: keys of all positions are drawn, and global tokens are only attended to."""
    order = np.asarray(jnp.argsort(jax.random.uniform(key, (tokens, tokens)), axis=1))[:, :chosen]
    return pairs(tokens, lambda i, j: abs(i - j) <= window or j < global_tokens or j in order[i])


def _unseeded(key: Any, tokens: int, **sizes: int) -> Any:
    return masks.bigbird_mask(jax.random.key(np.random.default_rng().integers(2**31)), tokens, **sizes)


RANDOM = Term(
    "random-attention",
    masks.bigbird_mask,
    (
        Property(
            "Global tokens see all and are seen by all.",
            _global,
            0.0,
            (Mistake("global tokens are seen by all and see no more than others", _from_all, line=2515),),
        ),
        Property(
            "Every other token sees its neighbours, the global tokens, and just r more.",
            _number,
            0.0,
            (
                Mistake("drawn of all tokens, neighbours and global ones among them", _from_all, line=2513),
                Mistake(
                    "one drawn in place of three",
                    lambda key, n, window, chosen, global_tokens: masks.bigbird_mask(
                        key, n, window=window, chosen=1, global_tokens=global_tokens
                    ),
                ),
            ),
        ),
        Property(
            "The same key draws the same pattern.",
            _repeats,
            0.0,
            (Mistake("drawn anew with every call", _unseeded),),
        ),
    ),
)
