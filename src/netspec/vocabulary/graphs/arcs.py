"""What all graph layers do: check the lists of arcs, and gather what arrives at each node."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def checked(senders: Any, receivers: Any, nodes: int) -> tuple[jax.Array, jax.Array]:
    """Both lists as arrays of whole numbers.

    Raises: VocabularyError: unless they are of one length and name nodes that exist; lists may be empty.
    """
    for name, ends in (("senders", senders), ("receivers", receivers)):
        if np.ndim(ends) != 1 or np.shape(ends) != np.shape(senders):
            raise VocabularyError(f"{name}: arrived with shape {np.shape(ends)}, expected one list as long as senders")
        if np.size(ends) and not jnp.issubdtype(jnp.result_type(ends), jnp.integer):
            raise VocabularyError(
                f"{name}: arrived {jnp.result_type(ends)}, expected whole numbers, the numbers of nodes"
            )
        expect.within(name, ends, 0, nodes - 1)
    return jnp.asarray(senders, int), jnp.asarray(receivers, int)


def one_each(name: str, edges: Any, senders: jax.Array) -> None:
    """Raise :class:`VocabularyError` unless ``edges`` has a row for each arc."""
    if np.shape(edges)[:1] != senders.shape:
        raise VocabularyError(
            f"{name}: arrived with shape {np.shape(edges)}, expected a row for each of {len(senders)} arcs"
        )


def with_loops(senders: jax.Array, receivers: jax.Array, nodes: int) -> tuple[jax.Array, jax.Array]:
    """The same arcs, and one from each node to itself."""
    own = jnp.arange(nodes)
    return jnp.concatenate([senders, own]), jnp.concatenate([receivers, own])


def gathered(messages: jax.Array, receivers: jax.Array, nodes: int, how: str = "sum") -> jax.Array:
    """The sum, mean or largest of what arrives at each node; zero where nothing does.

    Raises: VocabularyError: for another ``how``.
    """
    expect.one_of("aggregate", how, ("sum", "mean", "max"))
    count = jax.ops.segment_sum(jnp.ones(receivers.shape, messages.dtype), receivers, nodes)
    count = count.reshape(nodes, *(1,) * (messages.ndim - 1))
    if how == "max":
        return jnp.where(count > 0, jax.ops.segment_max(messages, receivers, nodes), 0)
    total = jax.ops.segment_sum(messages, receivers, nodes)
    return total / jnp.maximum(count, 1) if how == "mean" else total
