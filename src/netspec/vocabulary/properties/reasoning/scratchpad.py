"""What must hold of a scratchpad."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.properties.reasoning.drawn import drawn
from netspec.vocabulary.reasoning import scratchpad
from netspec.vocabulary.reasoning.scratchpad import Reasoner, Scratchpad
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: One size for all cases, since each other one is compiled anew: batch, tokens of steps and question, channels, heads.
_BATCH, _TOKENS, _OTHERS, _CHANNELS, _HEADS = 2, 5, 3, 6, 2


@partial(jax.jit, static_argnames=("heads", "causal", "look"))
def _variant(
    steps: Any, question: Any, weights: Scratchpad, *, heads: int, causal: bool = True, look: bool = True
) -> Any:
    """The block with a mask or without, with a look at the question or without."""
    first, second, third = weights.norms
    h = first(steps + weights.own(steps, steps, heads, causal=causal))
    h = second(h + weights.cross(h, question if look else h, heads))
    return third(h + weights.feed(h))


def _anticausal(steps: Any, question: Any, weights: Scratchpad, *, heads: int) -> Any:
    block = compiled(scratchpad.scratchpad_block, "heads")
    return np.asarray(block(steps[:, ::-1], question, weights, heads=heads))[:, ::-1]


def _only_backwards(steps: Any, question: Any, weights: Scratchpad, *, heads: int) -> Any:
    """Sums over the question in its order, in place of the question."""
    return compiled(scratchpad.scratchpad_block, "heads")(steps, np.cumsum(question, axis=1), weights, heads=heads)


def _inputs(case: Case) -> tuple[Any, Any, Scratchpad]:
    steps = case.normal(_BATCH, _TOKENS, _CHANNELS)
    question = case.normal(_BATCH, _OTHERS, _CHANNELS, seed=1)
    return steps, question, drawn(case, scratchpad.scratchpad, _CHANNELS)


def _past_only(block: Implementation, case: Case) -> float:
    """A change of one token leaves those before it as they were, and changes it and all after."""
    steps, question, weights = _inputs(case)
    run = compiled(block, "heads")
    at = case.tokens % _TOKENS
    changed = steps.copy()
    changed[:, at] += case.normal(_BATCH, _CHANNELS, seed=2)
    before, after = (np.asarray(run(each, question, weights, heads=_HEADS)) for each in (steps, changed))
    moved = np.abs(after - before).max(axis=(0, 2))
    return max(float(moved[:at].max(initial=0.0)), wrong(moved[at:] > 1e-9))


def _order(block: Implementation, case: Case) -> float:
    """The question's tokens in another order give the same, another question does not."""
    steps, question, weights = _inputs(case)
    run = compiled(block, "heads")
    first, turned, other = (
        run(steps, each, weights, heads=_HEADS) for each in (question, question[:, ::-1], question + steps[:, :1])
    )
    return max(apart(turned, first), wrong(apart(other, first) > 1e-9))


@partial(jax.jit, static_argnums=(0, 1))
def _log_probabilities(shift: int, causal: bool, question: Any, chain: Any, weights: Reasoner) -> Any:
    """The reasoner with its chain shifted by ``shift`` tokens, with a mask or without."""
    attention, feed, first, second = weights.encoder
    x = jnp.asarray(weights.table)[question] + weights.places[: question.shape[1]]
    x = first(x + attention(x, x, 1))
    before = jnp.pad(jnp.asarray(weights.table)[chain], ((0, 0), (shift, 0), (0, 0)))[:, : chain.shape[1]]
    before = before + weights.places[: chain.shape[1]]
    written = _variant(before, second(x + feed(x)), weights.scratchpad, heads=1, causal=causal)
    logs = jax.nn.log_softmax(written @ weights.table.T)
    return jnp.take_along_axis(logs, chain[..., None], axis=-1)[..., 0]


def _blind(question: Any, chain: Any, weights: Reasoner) -> Any:
    return compiled(scratchpad.scratchpad_log_probabilities)(question * 0, chain, weights)


def _chains(case: Case) -> tuple[Any, Any, Reasoner]:
    """All chains of three tokens out of two, after one question."""
    chains = np.asarray(list(itertools.product(range(2), repeat=3)))
    question = np.tile(case.rng().integers(0, 2, 3), (len(chains), 1))
    return question, chains, drawn(case, scratchpad.reasoner, 2, 3, 4)


def _sums_to_one(log_probabilities: Implementation, case: Case) -> float:
    found = np.asarray(compiled(log_probabilities)(*_chains(case)))
    return apart(np.exp(found.sum(axis=-1)).sum(), 1.0)


def _reads(log_probabilities: Implementation, case: Case) -> float:
    """The first token is as probable whatever follows it, and not so after another question."""
    question, chains, weights = _chains(case)
    run = compiled(log_probabilities)
    first, other = (np.asarray(run(each, chains, weights))[:4, 0] for each in (question, 1 - question))
    return max(apart(first, np.full(4, first[0])), wrong(apart(other, first) > 1e-9))


TERMS = (
    Term(
        "o3-scratchpad-model",
        scratchpad.scratchpad_log_probabilities,
        (
            Property(
                "The probabilities of all chains of one length sum to 1, since each token knows only those before it.",
                _sums_to_one,
                1e-12,
                (
                    Mistake("no causal mask", partial(_log_probabilities, 1, False)),
                    Mistake("a token that sees itself", partial(_log_probabilities, 0, True)),
                ),
            ),
            Property(
                "How probable the first token is depends on the question and not on what follows.",
                _reads,
                1e-12,
                (
                    Mistake("no causal mask", partial(_log_probabilities, 1, False)),
                    Mistake("a decoder that reads the same question always", _blind),
                ),
            ),
        ),
    ),
    Term(
        "reasoning-scratchpad",
        scratchpad.scratchpad_block,
        (
            Property(
                "A change of one step reaches it and the steps after, and none before it.",
                _past_only,
                1e-12,
                (
                    Mistake("no causal mask", partial(_variant, causal=False)),
                    Mistake("a mask that hides the past instead of the future", _anticausal),
                ),
            ),
            Property(
                "The question counts, the order in which its tokens are given does not.",
                _order,
                1e-12,
                (
                    Mistake("attention to the steps in place of the question", partial(_variant, look=False)),
                    Mistake("sums over the question as it is read", _only_backwards),
                ),
            ),
        ),
    ),
)
