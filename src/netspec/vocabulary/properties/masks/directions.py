"""Masks by direction."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.modules.attention import attend
from netspec.vocabulary import masks
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.masks.shared import pairs, same
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _no_later(attention: Implementation, case: Case) -> float:
    query, key, value = plain.heads(case)
    seen = plain.reaches(lambda v: attention(query, key, v, is_causal=True), value)
    return same(seen, np.tri(case.tokens))


def _prefixes(attention: Implementation, case: Case) -> float:
    """Token t is as in the attention of the first t tokens, which has no mask."""
    query, key, value = plain.heads(case)
    each = [plain.attention(query[:, t : t + 1], key[:, : t + 1], value[:, : t + 1]) for t in range(case.tokens)]
    return apart(attention(query, key, value, is_causal=True), np.concatenate(each, 1))


def _under(mask: Any) -> Implementation:
    """Attention under another mask of so many tokens."""
    return lambda query, key, value, is_causal: attend(query, key, value, mask=mask(query.shape[1]))


def _masked_late(query: Any, key: Any, value: Any, *, is_causal: bool) -> Any:
    """Weights of later tokens set to zero behind the softmax."""
    logits = jnp.einsum("bthc,bshc->bhts", query, key) / query.shape[-1] ** 0.5
    return jnp.einsum("bhts,bshd->bthd", jnp.tril(jax.nn.softmax(logits)), value)


ANTICAUSAL = Mistake("the anti-causal mask", _under(lambda tokens: np.tri(tokens, dtype=bool).T))


CAUSAL = Term(
    "causal-attention",
    attend,
    (
        Property(
            "Token t depends on tokens up to t, on each of them, and on no later one.",
            _no_later,
            0.0,
            (
                ANTICAUSAL,
                Mistake("the next token is seen", _under(lambda tokens: np.tri(tokens, k=1, dtype=bool))),
                Mistake("the token itself is not seen", _under(lambda tokens: np.tri(tokens, k=-1, dtype=bool))),
                Mistake("no mask", _under(lambda tokens: np.ones((tokens, tokens), bool))),
            ),
        ),
        Property(
            "Token t is as in the attention over the first t tokens alone.",
            _prefixes,
            ROUNDING,
            (
                ANTICAUSAL,
                Mistake("the mask behind the softmax, so that weights no longer sum to one", _masked_late),
            ),
        ),
    ),
)


def _cycle(mask: Implementation, case: Case) -> float:
    tokens = case.tokens
    expected = [np.ones((tokens, tokens)), np.tri(tokens), np.tri(tokens).T] * 2
    return max(same(mask(layer, tokens), one) for layer, one in enumerate(expected))


def _composed(mask: Implementation, case: Case) -> float:
    """The second and the third layer together reach everything, though neither does."""
    second, third = (np.asarray(mask(layer, case.tokens + 1)).astype(int) for layer in (1, 2))
    return wrong(not second.all() and not third.all() and (second @ third > 0).all())


OSCILLATING = Term(
    "oscillating-attention",
    masks.oscillating_mask,
    (
        Property(
            "Layers see all, what was, what comes, and begin again.",
            _cycle,
            0.0,
            (
                Mistake("causal first", lambda layer, tokens: masks.oscillating_mask(layer + 1, tokens)),
                Mistake("never backwards", lambda layer, tokens: masks.oscillating_mask(min(layer % 3, 1), tokens)),
            ),
        ),
        Property(
            "The second and the third layer together reach every token, though neither alone does.",
            _composed,
            0.0,
            (Mistake("never backwards", lambda layer, tokens: masks.oscillating_mask(min(layer % 3, 1), tokens)),),
        ),
    ),
)


def _reversed(mask: Implementation, case: Case) -> float:
    query, key, value = plain.heads(case)
    turned = plain.attention(query[:, ::-1], key[:, ::-1], value[:, ::-1], np.tri(case.tokens, dtype=bool))
    return apart(plain.attention(query, key, value, np.asarray(mask(case.tokens))), turned[:, ::-1])


ANTICAUSAL_ATTENTION = Term(
    "anticausal-attention",
    masks.anticausal_mask,
    (
        Property(
            "It is causal attention over the tokens in reverse.",
            _reversed,
            ROUNDING,
            (
                Mistake("the causal mask", masks.causal_mask),
                Mistake("no mask", lambda tokens: np.ones((tokens, tokens), bool)),
            ),
        ),
    ),
)


def _triangle(mask: Implementation, case: Case) -> float:
    seen = np.asarray(mask(case.tokens))
    blocked = (~seen).sum() if seen.dtype == bool else -1
    return wrong(blocked == case.tokens * (case.tokens - 1) // 2 and seen.diagonal().all())


def _as_causal(mask: Implementation, case: Case) -> float:
    query, key, value = plain.heads(case)
    expected = plain.attention(query, key, value, np.tri(case.tokens, dtype=bool))
    seen = np.asarray(mask(case.tokens))
    return apart(attend(jnp.asarray(query), key, value, mask=seen), expected)


AUTOREGRESSIVE = Term(
    "autoregressive-flow",
    masks.causal_mask,
    (
        Property(
            "Of n² pairs n(n − 1)/2 are closed, and none of a token with itself.",
            _triangle,
            0.0,
            (
                Mistake("True where closed", lambda tokens: ~masks.causal_mask(tokens)),
                Mistake("the token itself closed", lambda tokens: np.tri(tokens, k=-1, dtype=bool)),
            ),
        ),
        Property(
            "Under it attention is causal.",
            _as_causal,
            ROUNDING,
            (
                Mistake("rows and columns exchanged", masks.anticausal_mask),
                Mistake("the next token open", lambda tokens: np.tri(tokens, k=1, dtype=bool)),
            ),
        ),
    ),
)


def _between(mask: Implementation, case: Case) -> float:
    tokens = case.tokens
    return max(
        same(mask(tokens, 0), np.tri(tokens)),
        same(mask(tokens, tokens), np.ones((tokens, tokens))),
        same(np.sum(np.asarray(mask(tokens, tokens // 2)), 1), np.maximum(tokens // 2, np.arange(1, tokens + 1))),
    )


def _alone(mask: Implementation, case: Case) -> float:
    """The prefix is as in full attention over itself: it sees nothing of what follows."""
    tokens, prefix = case.tokens + 2, case.tokens
    query, key, value = plain.heads(case, tokens)
    found = plain.attention(query, key, value, np.asarray(mask(tokens, prefix)))[:, :prefix]
    return apart(found, plain.attention(query[:, :prefix], key[:, :prefix], value[:, :prefix]))


def _prefix_sees_all(tokens: int, prefix: int) -> Any:
    return pairs(tokens, lambda i, j: j <= i or i < prefix)


def _prefix_unseen(tokens: int, prefix: int) -> Any:
    """What follows sees itself only."""
    return pairs(tokens, lambda i, j: (i < prefix and j < prefix) or prefix <= j <= i)


PREFIX = Term(
    "prefix-lm",
    masks.prefix_mask,
    (
        Property(
            "Without a prefix it is causal, all prefix it is full, and row i has max(p, i + 1) open pairs.",
            _between,
            0.0,
            (
                Mistake("the prefix sees what follows", _prefix_sees_all),
                Mistake("what follows does not see the prefix", _prefix_unseen),
                Mistake("the prefix is causal too", lambda tokens, prefix: np.tri(tokens)),
            ),
        ),
        Property(
            "The prefix is as in full attention over itself alone.",
            _alone,
            ROUNDING,
            (
                Mistake("the prefix sees what follows", _prefix_sees_all),
                Mistake("the prefix is causal too", lambda tokens, prefix: np.tri(tokens, dtype=bool)),
            ),
        ),
    ),
)
