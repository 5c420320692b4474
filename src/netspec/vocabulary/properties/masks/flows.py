"""Ways in which data flow."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from netspec.layers import TransformerDecoder
from netspec.vocabulary import recurrent
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.masks.shared import same
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _flow(layer: Implementation, case: Case) -> tuple[Any, np.ndarray, np.ndarray]:
    """What writes, given what was written and the source, where it reads that; and both."""
    described = layer(4, 2, 5, 1, 0, memory="source", causal=True)
    decoder = plain.module(described)

    def write(target: Any, source: Any) -> Any:
        return plain.run(decoder, target, *([source] if described.memory else []))

    return write, case.normal(1, 4, 4), case.normal(1, 3, 4, seed=1)


def _writes_forward(layer: Implementation, case: Case) -> float:
    write, target, source = _flow(layer, case)
    seen = plain.reaches(lambda x: write(x, source), target)
    return same(seen, np.tri(4))


def _reads_all(layer: Implementation, case: Case) -> float:
    write, target, source = _flow(layer, case)
    seen = plain.reaches(lambda x: write(target, x), source)
    return same(seen, np.ones((4, 3)))


def _seeing_ahead(*sizes: Any, **options: Any) -> TransformerDecoder:
    return TransformerDecoder(*sizes, **(options | {"causal": False}))


def _with_queries(width: int, heads: int, mlp_width: int, n_blocks: int, n_queries: int, **options: Any) -> Any:
    """What arrives is the memory of learned queries, and the source is not read."""
    return TransformerDecoder(width, heads, mlp_width, n_blocks, 4)


ENCODER_DECODER = Term(
    "encoder-decoder-flow",
    TransformerDecoder,
    (
        Property(
            "What is written depends on what was written before and on nothing later.",
            _writes_forward,
            0.0,
            (Mistake("no mask over what is written", _seeing_ahead),),
        ),
        Property(
            "Whatever is written depends on all of the source.",
            _reads_all,
            0.0,
            (Mistake("the source not read", _with_queries),),
        ),
    ),
)


def _decaying(state: Any, x: Any) -> tuple[Any, Any]:
    state = 0.5 * state + x
    return state, jnp.sin(state)


def _loop(run: Implementation, case: Case) -> float:
    case = plain.few(case)
    x = case.normal(case.batch, case.tokens, case.channels)
    start = state = case.normal(case.batch, case.channels, seed=1)
    each = []
    for t in range(case.tokens):
        state = 0.5 * state + x[:, t]
        each.append(np.sin(state))
    last, outputs = program(run, 0)(_decaying, start, x)
    return max(apart(outputs, np.stack(each, 1)), apart(last, state))


def _streamed(run: Implementation, case: Case) -> float:
    """Two halves, the second with the state that the first has left, are the whole."""
    case = plain.few(case)
    x, state = case.normal(case.batch, 6, case.channels), case.normal(case.batch, case.channels, seed=1)
    go = program(run, 0)
    whole, (middle, first) = go(_decaying, state, x)[1], go(_decaying, state, x[:, :3])
    return apart(jnp.concatenate([first, go(_decaying, middle, x[:, 3:])[1]], 1), whole)


def _always_anew(cell: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
    each = [cell(state, inputs[:, t]) for t in range(inputs.shape[1])]
    return each[-1][0], jnp.stack([output for _, output in each], 1)


def _backwards(cell: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
    last, outputs = recurrent.unroll(cell, state, inputs[:, ::-1])
    return last, outputs[:, ::-1]


RECURRENT = Term(
    "recurrent-flow",
    recurrent.unroll,
    (
        Property(
            "It is the loop of the cell over the tokens.",
            _loop,
            ROUNDING,
            (
                Mistake("the state not handed on", _always_anew),
                Mistake("from the end", _backwards),
            ),
        ),
        Property(
            "Piece by piece, with the state handed on, it is the run over the whole.",
            _streamed,
            ROUNDING,
            (Mistake("from the end", _backwards),),
        ),
    ),
)
