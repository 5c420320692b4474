"""What must hold of staying one character, being several, and between two."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import personas
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled, gradient
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _replies(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return case.normal(3, 4), case.normal(4, seed=1)


def _from_angles(loss: Implementation, case: Case) -> float:
    """Half of the squared distance between directions, averaged: 0 along the persona, 2 against it."""
    responses, persona = _replies(case)
    run = compiled(loss)
    unit = responses / np.sqrt((responses**2).sum(axis=1, keepdims=True)) - persona / np.sqrt((persona**2).sum())
    along = 1 + np.asarray(run(np.outer([0.5, 1, 7], persona), persona))
    against = run(-np.outer([0.5, 1, 7], persona), persona)
    half = apart(run(responses, persona), (unit**2).sum(axis=1).mean() / 2)
    return max(half, apart(along, 1.0), apart(against, 2.0))


def _sideways(loss: Implementation, case: Case) -> float:
    """Its gradient by a response is orthogonal to it, since lengths do not count, and leads towards the persona."""
    responses, persona = _replies(case)
    found = np.asarray(gradient(loss)(responses, persona))
    towards = (found @ persona < 0).all()
    return max(float(np.abs((found * responses).sum(axis=1)).max()), wrong(towards))


def _products(responses: Any, persona: Any) -> Any:
    return 1 - (responses @ persona).mean()


def _mean_first(responses: Any, persona: Any) -> Any:
    """The cosine of the mean response."""
    mean = responses.mean(axis=0)
    return 1 - mean @ persona / ((mean**2).sum() * (persona**2).sum()) ** 0.5


def _adapters(case: Case) -> tuple[Any, Any, Any, Any]:
    x, down, up = case.normal(4, 5), case.normal(3, 5, 2, seed=1), case.normal(3, 2, 5, seed=2)
    return x, np.array([0, 2, 2, 0]), down, up


def _one_at_a_time(adapt: Implementation, case: Case) -> float:
    """A batch of several personas is each example with its own adapter; at U = 0 it is the base."""
    x, ids, down, up = _adapters(case)
    expected = [each + np.maximum(each @ down[id], 0) @ up[id] for each, id in zip(x, ids, strict=True)]
    run = compiled(adapt)
    return max(apart(run(x, ids, down, up), expected), apart(run(x, ids, down, 0 * up), x))


@jax.jit
def _squares(up: Any, x: Any, ids: Any, down: Any) -> Any:
    return (personas.multi_persona(x, ids, down, up) ** 2).sum()


def _others_untouched(adapt: Implementation, case: Case) -> float:
    """A persona without examples has no gradient, those with examples have one."""
    x, ids, down, up = _adapters(case)
    x = np.abs(x)
    down = np.abs(down)

    def squares(up: Any) -> Any:
        return (adapt(x, ids, down, up) ** 2).sum()

    found = (
        jax.jit(jax.grad(squares))(up) if adapt is not personas.multi_persona else gradient(_squares)(up, x, ids, down)
    )
    sizes = np.abs(np.asarray(found)).max(axis=(1, 2))
    return max(float(sizes[1]), wrong(sizes[[0, 2]] > 1e-6))


def _first_for_all(x: Any, ids: Any, down: Any, up: Any) -> Any:
    return compiled(personas.multi_persona)(x, np.full_like(ids, ids[0]), down, up)


def _mean_adapter(x: Any, ids: Any, down: Any, up: Any) -> Any:
    return x + jnp.einsum("bpr,prc->bc", jax.nn.relu(jnp.einsum("bc,pcr->bpr", x, down)), up) / 3


def _no_base(x: Any, ids: Any, down: Any, up: Any) -> Any:
    return compiled(personas.multi_persona)(x, ids, down, up) - x


def _ends_and_sides(blend: Implementation, case: Case) -> float:
    """At 0 and 1 it is one of the two, and from the other side it is the same; 0.3 is seven parts and three."""
    first, second = case.normal(2, 3), case.normal(2, 3, seed=1)
    run = compiled(blend, "spherical")
    residual = apart(run(first, second, 0.3), (7 * first + 3 * second) / 10)
    for arc in (False, True):
        ends = (
            apart(run(first, second, 0.0, spherical=arc), first),
            apart(run(first, second, 1.0, spherical=arc), second),
        )
        sides = apart(run(first, second, 0.3, spherical=arc), run(second, first, 0.7, spherical=arc))
        residual = max(residual, *ends, sides)
    return residual


def _along_the_arc(blend: Implementation, case: Case) -> float:
    """Between unit vectors the arc keeps length 1, and the angle to the first grows with the share."""
    first, second = (v / np.linalg.norm(v) for v in (case.normal(3), case.normal(3, seed=1)))
    run = compiled(blend, "spherical")
    pair = np.stack([first, first]), np.stack([second, second])
    angle = np.arccos(first @ second)
    residual = 0.0
    for share in (0.25, 0.5, 0.7):
        found = np.asarray(run(*pair, share, spherical=True))[0]
        turned = np.arctan2(np.linalg.norm(np.cross(first, found)), first @ found)
        residual = max(residual, apart(np.linalg.norm(found), 1.0), apart(turned, share * angle))
    return residual


def _swapped(first: Any, second: Any, share: Any, *, spherical: bool = False) -> Any:
    return compiled(personas.interpolate_personas, "spherical")(second, first, share, spherical=spherical)


def _always_the_line(first: Any, second: Any, share: Any, *, spherical: bool = False) -> Any:
    return (1 - share) * first + share * second


def _line_set_to_length(first: Any, second: Any, share: Any, *, spherical: bool = False) -> Any:
    """The line, scaled to length 1: the right arc at the wrong speed."""
    line = (1 - share) * first + share * second
    return line / np.linalg.norm(line, axis=-1, keepdims=True)


def _asked(case: Case) -> tuple[Any, ...]:
    """Queries near what the persona knows and believes, so that either verdict occurs."""
    knowledge, beliefs = case.normal(3, seed=1), case.normal(2, seed=2)
    maps = case.normal(4, 3, seed=3), case.normal(4, 2, seed=4)
    return case.normal(60, 4), knowledge, beliefs, *maps


def _two_cosines(respond: Implementation, case: Case) -> float:
    query, knowledge, beliefs, *maps = _asked(case)
    expected = []
    for one in query:
        cosines = [
            (one @ to) @ own / np.linalg.norm(one @ to) / np.linalg.norm(own)
            for own, to in zip((knowledge, beliefs), maps, strict=True)
        ]
        expected.append(cosines[0] > 0.5 and cosines[1] > 0.3)
    found = np.asarray(compiled(respond)(query, knowledge, beliefs, *maps))
    return wrong(found == expected)


def _lengths_do_not_count(respond: Implementation, case: Case) -> float:
    """The verdict is the same for a query, a knowledge and beliefs of other lengths."""
    query, knowledge, beliefs, *maps = _asked(case)
    run = compiled(respond)
    first = np.asarray(run(query, knowledge, beliefs, *maps))
    return wrong(first == run(30 * query, 0.1 * knowledge, 7 * beliefs, *maps))


def _relevance_only(query: Any, knowledge: Any, beliefs: Any, *maps: Any) -> Any:
    return (query @ maps[0]) @ knowledge > 0.5 * np.linalg.norm(query @ maps[0], axis=1) * np.linalg.norm(knowledge)


def _thresholds_swapped(*asked: Any) -> Any:
    return compiled(personas.should_respond)(*asked, relevant=0.3, aligned=0.5)


def _products_only(query: Any, knowledge: Any, beliefs: Any, *maps: Any) -> Any:
    return ((query @ maps[0]) @ knowledge > 0.5) & ((query @ maps[1]) @ beliefs > 0.3)


TERMS = (
    Term(
        "identity-consistency-loss",
        personas.identity_consistency_loss,
        (
            Property(
                "It is half of the mean squared distance between directions: 0 along the persona, 2 against it.",
                _from_angles,
                1e-12,
                (
                    Mistake("products in place of cosines", _products),
                    Mistake("the cosine of the mean response", _mean_first),
                ),
            ),
            Property(
                "Its gradient is orthogonal to each response and leads towards the persona.",
                _sideways,
                1e-12,
                (
                    Mistake("products in place of cosines", _products),
                    Mistake("the cosine of the mean response", _mean_first),
                ),
            ),
        ),
    ),
    Term(
        "multi-persona",
        personas.multi_persona,
        (
            Property(
                "Each example has its own persona's adapter, and with U = 0 all are the base.",
                _one_at_a_time,
                1e-12,
                (
                    Mistake("the first example's persona for all", _first_for_all),
                    Mistake("no base beside the adapter", _no_base),
                ),
            ),
            Property(
                "A persona without examples does not learn.",
                _others_untouched,
                0.0,
                (Mistake("the mean of all adapters", _mean_adapter),),
            ),
        ),
    ),
    Term(
        "persona-interpolation",
        personas.interpolate_personas,
        (
            Property(
                "At 0 and 1 it is one of the two, at 0.3 seven parts to three, and the same from the other side.",
                _ends_and_sides,
                1e-12,
                (
                    Mistake("the share of the other", _swapped),
                    Mistake("the line scaled to length 1", _line_set_to_length),
                ),
            ),
            Property(
                "The arc keeps the length, and its angle grows with the share.",
                _along_the_arc,
                1e-10,
                (
                    Mistake("the line", _always_the_line),
                    Mistake("the line scaled to length 1", _line_set_to_length),
                ),
            ),
        ),
    ),
    Term(
        "belief-persona",
        personas.should_respond,
        (
            Property(
                "It responds where both cosines are above their thresholds.",
                _two_cosines,
                0.0,
                (
                    Mistake("relevance alone", _relevance_only),
                    Mistake("thresholds the other way round", _thresholds_swapped),
                ),
            ),
            Property(
                "Lengths do not count.",
                _lengths_do_not_count,
                0.0,
                (Mistake("products in place of cosines", _products_only),),
            ),
        ),
    ),
)
