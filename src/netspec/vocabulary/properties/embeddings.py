"""What must hold of the embeddings."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import netspec
from netspec.layers import PatchEmbed
from netspec.vocabulary import embeddings
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _passages(case: Case) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    rng = case.rng(9)
    tables = [case.normal(rows, 3, seed=seed) for seed, rows in enumerate((7, 6, 2))]
    return rng.integers(0, 7, (2, 4)), rng.integers(0, 2, (2, 4)), tables


def _one_hot(embed: Implementation, case: Case) -> float:
    """Three products with one-hot rows."""
    tokens, segments, tables = _passages(case)
    rows = np.eye(7)[tokens] @ tables[0] + np.eye(6)[:4] @ tables[1] + np.eye(2)[segments] @ tables[2]
    return apart(program(embed)(tokens, segments, *tables), rows)


def _other_passage(embed: Implementation, case: Case) -> float:
    """A token of the other passage is E_seg[1] − E_seg[0] away, wherever it stands."""
    tokens, segments, tables = _passages(case)
    one, other = (np.asarray(program(embed)(tokens, np.full_like(segments, kind), *tables)) for kind in (0, 1))
    return apart(other - one, np.broadcast_to(tables[2][1] - tables[2][0], one.shape))


def _of_positions(tokens: jax.Array, segments: jax.Array, *tables: jax.Array) -> jax.Array:
    """Segments by where a token stands."""
    halves = jnp.broadcast_to(jnp.arange(4) // 2, segments.shape)
    return embeddings.segment_embedding(tokens, halves, *tables)


def _by_token(tokens: jax.Array, segments: jax.Array, *tables: jax.Array) -> jax.Array:
    """Positions looked up by the token."""
    return tables[0][tokens] + tables[1][tokens % 6] + tables[2][segments]


def _sentences(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return case.normal(3, 5, 4), np.arange(5) < case.rng(1).integers(1, 5, (3, 1))


def _mean_by_hand(embed: Implementation, case: Case) -> float:
    states, mask = _sentences(case)
    means = np.stack([state[each].mean(0) for state, each in zip(states, mask, strict=True)])
    return apart(program(embed)(states, mask), means / np.linalg.norm(means, axis=-1, keepdims=True))


def _padding(embed: Implementation, case: Case) -> float:
    """What stands in the padding has no part in it, and lengths are one."""
    states, mask = _sentences(case)
    found = program(embed)(states, mask)
    other = program(embed)(np.where(mask[..., None], states, 100.0), mask)
    return max(apart(other, found), apart(np.linalg.norm(found, axis=-1), np.ones(3)))


def _unit_first(states: jax.Array, mask: jax.Array) -> jax.Array:
    """The mean of unit vectors, which is no unit vector."""
    unit = states / jnp.linalg.norm(states, axis=-1, keepdims=True)
    return (unit * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)


def _padded_mean(states: jax.Array, mask: jax.Array) -> jax.Array:
    """Padding is read too."""
    return embeddings.sentence_embedding(states, jnp.ones_like(mask))


def _last_token(states: jax.Array, mask: jax.Array) -> jax.Array:
    last = jnp.take_along_axis(states, (mask.sum(1) - 1)[:, None, None], 1)[:, 0]
    return last / jnp.linalg.norm(last, axis=-1, keepdims=True)


def _vit(layer: Implementation, case: Case) -> float:
    """196 patches of 16 · 16 · 3 numbers, a class token and 197 positions; 590,592 numbers are the projection's."""
    embed = layer(3, 768, 16, 196)
    shape = embed.output_shape((224, 224, 3))
    return wrong(shape == (197, 768) and embed.params() == 590_592 + 768 + 197 * 768)


@cache
def _program(layer: Implementation) -> tuple[Any, Any]:
    """Weights by name, and the network of 2 × 3 patches of 2 × 2 × 2 numbers, as a program."""
    network = netspec.build(netspec.NetSpec("patches", (4, 6, 2), (layer(2, 5, 2, 6),)), nnx.Rngs(0))
    names = {name.rsplit(".", 1)[-1]: np.asarray(array) for name, array in netspec.canonical_state(network).items()}
    graph, state = nnx.split(network)
    return names, jax.jit(lambda x: nnx.merge(graph, state)(x))


def _cut_and_project(layer: Implementation, case: Case) -> float:
    """Patches row by row, flattened and projected, behind a class token, positions added."""
    weights, program = _program(layer)
    x = case.normal(2, 4, 6, 2).astype(np.float32)
    patches = x.reshape(2, 2, 2, 3, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(2, 6, 8)
    tokens = patches @ weights["kernel"].reshape(8, 5) + weights["bias"]
    first = np.broadcast_to(weights.get("class_token", np.zeros((1, 5))), (2, 1, 5))
    whole = np.concatenate([first, tokens], 1)
    if weights["position_table"].shape != (7, 5):
        return float("inf")
    return apart(program(x), whole + weights["position_table"])


def _grid(in_channels: int, width: int, patch: int, n_patches: int) -> PatchEmbed:
    return PatchEmbed(in_channels, width, patch, n_patches, layout="grid")


def _larger(in_channels: int, width: int, patch: int, n_patches: int) -> PatchEmbed:
    return PatchEmbed(in_channels, width, 2 * patch, n_patches // 4)


TERMS = (
    Term(
        "segment-embedding",
        embeddings.segment_embedding,
        (
            Property(
                "It is three products with one-hot rows.",
                _one_hot,
                1e-12,
                (
                    Mistake("segments by where a token stands", _of_positions),
                    Mistake("positions looked up by the token", _by_token),
                ),
            ),
            Property(
                "A token of the other passage is E_seg[1] − E_seg[0] away.",
                _other_passage,
                1e-12,
                (Mistake("segments by where a token stands", _of_positions),),
            ),
        ),
    ),
    Term(
        "sentence-embedding",
        embeddings.sentence_embedding,
        (
            Property(
                "It is the mean of the tokens' vectors, divided by its length.",
                _mean_by_hand,
                1e-12,
                (
                    Mistake("padding read too", _padded_mean),
                    Mistake("the last token", _last_token),
                    Mistake("the mean of unit vectors", _unit_first),
                ),
            ),
            Property(
                "Padding has no part in it, and its length is one.",
                _padding,
                1e-12,
                (Mistake("padding read too", _padded_mean), Mistake("the mean of unit vectors", _unit_first)),
            ),
        ),
    ),
    Term(
        "patch-embedding",
        PatchEmbed,
        (
            Property(
                "Of a picture of 224 · 224 it makes 197 tokens; its projection has 590,592 numbers.",
                _vit,
                0.0,
                (
                    Mistake("a grid, without a class token", _grid),
                    Mistake("patches of twice the side", _larger),
                ),
            ),
            Property(
                "It is patches cut out row by row, flattened and projected, behind a class token.",
                _cut_and_project,
                1e-6,  # float32, as all parameters
                (Mistake("a grid, without a class token", _grid),),
            ),
        ),
    ),
)
