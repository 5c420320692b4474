"""Attention that knows where its tokens are."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from netspec.modules.attention import attend
from netspec.vocabulary import attention
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _single(x: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """One head over the tokens (batch, tokens, c)."""
    return plain.attention(*(x[:, :, None] @ part for part in maps))[:, :, 0]


def _grid(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = case.normal(case.batch, case.height, case.width, 2)
    return x, case.normal(3, 2, 2, seed=1), case.normal(3, 2, 2, seed=2)


def _line_by_line(axial: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, rows, columns = _grid(case)
    y = np.stack([_single(x[:, row], rows) for row in range(case.height)], 1)
    z = np.stack([_single(y[:, :, column], columns) for column in range(case.width)], 2)
    return apart(program(axial)(x, rows, columns), z)


def _everywhere(axial: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, rows, columns = _grid(case)

    def flat(pixels: Any) -> Any:
        return program(axial)(pixels.reshape(x.shape), rows, columns).reshape(pixels.shape)

    return wrong(plain.reaches(flat, x.reshape(case.batch, -1, 2)))


def _rows_only(x: Any, rows: Any, columns: Any) -> Any:
    alone = jnp.zeros((3, 2, 2)).at[2].set(jnp.eye(2))
    return attention.axial_attention(x.reshape(-1, 1, *x.shape[2:]), rows, alone).reshape(x.shape)


def _columns_first(x: Any, rows: Any, columns: Any) -> Any:
    return jnp.swapaxes(attention.axial_attention(jnp.swapaxes(x, 1, 2), columns, rows), 1, 2)


def _all_pairs(x: Any, rows: Any, columns: Any) -> Any:
    for maps in (rows, columns):
        flat = x.reshape(x.shape[0], -1, 1, x.shape[-1])
        x = attend(*(flat @ part for part in maps)).reshape(x.shape)
    return x


AXIAL = Term(
    "axial-attention",
    attention.axial_attention,
    (
        Property(
            "It is attention over each row, then over each column of the result.",
            _line_by_line,
            ROUNDING,
            (
                Mistake("columns first", _columns_first),
                Mistake("over all pairs of pixels, twice", _all_pairs),
                Mistake("rows only", _rows_only),
            ),
        ),
        Property(
            "Every pixel depends on every other.",
            _everywhere,
            0.0,
            (Mistake("rows only", _rows_only),),
        ),
    ),
)


def _read(case: Case) -> tuple[np.ndarray, ...]:
    return (
        case.normal(4, 3, seed=1),
        case.normal(case.batch, case.tokens, case.channels),
        case.normal(3, 5, seed=2),
        case.normal(case.channels, 5, seed=3),
        case.normal(case.channels, 2, seed=4),
    )


def _latents_ask(perceiver: Implementation, case: Case) -> float:
    case = plain.few(case)
    latents, inputs, query, key, value = given = _read(case)
    asked = np.broadcast_to(latents @ query, (case.batch, 4, 5))
    expected = plain.attention(*(part[:, :, None] for part in (asked, inputs @ key, inputs @ value)))[:, :, 0]
    return apart(program(perceiver)(*given), expected)


def _inputs_are_a_set(perceiver: Implementation, case: Case) -> float:
    case = plain.few(case)
    latents, inputs, *maps = _read(case)
    order = case.rng(5).permutation(case.tokens)
    run = program(perceiver)
    found, expected = run(latents, inputs[:, order], *maps), run(latents, inputs, *maps)
    return apart(found, expected) if np.shape(found)[1] == 4 else float("inf")


def _inputs_ask(latents: Any, inputs: Any, query: Any, key: Any, value: Any) -> Any:
    memory = jnp.broadcast_to(latents @ query, (inputs.shape[0], latents.shape[0], query.shape[1]))[:, :, None]
    return attend((inputs @ key)[:, :, None], memory, memory)[:, :, 0]


def _placed(latents: Any, inputs: Any, *maps: Any) -> Any:
    return attention.perceiver_attention(latents, inputs + jnp.arange(inputs.shape[1])[:, None], *maps)


PERCEIVER = Term(
    "perceiver-attention",
    attention.perceiver_attention,
    (
        Property(
            "It is attention with the latents as queries and the inputs as keys and values.",
            _latents_ask,
            ROUNDING,
            (
                Mistake("the inputs attend to the latents", _inputs_ask, line=2535),
                Mistake(
                    "no scale in the softmax",
                    lambda z, x, q, k, v: attention.perceiver_attention(z, x, q * q.shape[1] ** 0.5, k, v),
                ),
            ),
        ),
        Property(
            "The inputs may come in any order, and as many vectors leave as there are latents.",
            _inputs_are_a_set,
            ROUNDING,
            (Mistake("positions added unasked", _placed),),
        ),
    ),
)

#: Distances that the tables of the properties tell apart on either side.
REACH = 3


def _placement(case: Case) -> tuple[np.ndarray, ...]:
    tables = [case.normal(2 * REACH, case.heads, case.channels // case.heads, seed=seed) for seed in (5, 6)]
    return (*plain.heads(case), *tables)


def _three_products(disentangled: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value, asks, answers = given = _placement(case)
    scores = np.einsum("bihc,bjhc->bhij", query, key)
    for i in range(case.tokens):
        for j in range(case.tokens):
            there, back = (min(max(d + REACH, 0), 2 * REACH - 1) for d in (i - j, j - i))
            scores[:, :, i, j] += (query[:, i] * answers[there]).sum(-1) + (key[:, j] * asks[back]).sum(-1)
    weights = plain.softmax(scores / np.sqrt(3 * query.shape[-1]))
    return apart(program(disentangled)(*given), np.einsum("bhij,bjhd->bihd", weights, value))


def _content_only(disentangled: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value, asks, answers = _placement(case)
    found = program(disentangled)(query, key, value, 0 * asks, 0 * answers)
    return apart(found, plain.attention(query, key, value, scale=1 / np.sqrt(3 * query.shape[-1])))


def _root_of_c(query: Any, key: Any, value: Any, asks: Any, answers: Any) -> Any:
    root = 3**0.25
    return attention.disentangled_attention(root * query, root * key, value, root * asks, root * answers)


def _same_distance(query: Any, key: Any, value: Any, asks: Any, answers: Any) -> Any:
    """The distance of i from j where that of j from i belongs."""
    return attention.disentangled_attention(query, key, value, jnp.roll(asks[::-1], 1, 0), answers)


def _no_answer(query: Any, key: Any, value: Any, asks: Any, answers: Any) -> Any:
    return attention.disentangled_attention(query, key, value, 0 * asks, answers)


DISENTANGLED = Term(
    "disentangled-attention",
    attention.disentangled_attention,
    (
        Property(
            "Its scores are, pair by pair, content to content, content to place and place to content over √(3c).",
            _three_products,
            ROUNDING,
            (
                Mistake("divided by √c", _root_of_c),
                Mistake("the same distance in both products", _same_distance),
                Mistake("no place to content", _no_answer),
            ),
        ),
        Property(
            "With empty tables it is content attention with the scale 1/√(3c).",
            _content_only,
            ROUNDING,
            (Mistake("divided by √c", _root_of_c),),
        ),
    ),
)
