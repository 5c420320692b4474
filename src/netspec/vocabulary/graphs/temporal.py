"""Graphs in time: each event between two nodes changes what both remember."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect
from netspec.vocabulary.graphs import arcs


@dataclass(frozen=True)
class MemoryCell:
    """Weights of a temporal memory: a code of times, and a gated recurrent unit that reads messages.

    ``frequency`` and ``phase`` (code,); ``inner`` (3, message, width), ``outer`` (3, width, width), ``bias`` (3, width)
    for update gate, reset gate and candidate, where message = 2 · width + code + features.
    """

    frequency: jax.Array
    phase: jax.Array
    inner: jax.Array
    outer: jax.Array
    bias: jax.Array


jax.tree_util.register_dataclass(MemoryCell, ["frequency", "phase", "inner", "outer", "bias"], [])


def temporal_graph_memory(
    memory: jax.Array,
    senders: jax.Array,
    receivers: jax.Array,
    times: jax.Array,
    features: jax.Array,
    cell: MemoryCell,
) -> jax.Array:
    """Follow a graph whose edges are events: both ends of an event update what they remember, and nobody else does.

    Formula: mᵢ = [sᵢ ‖ sⱼ ‖ cos(ω Δtᵢ + φ) ‖ e], sᵢ' = GRU(sᵢ, mᵢ), with Δtᵢ the time since the last event of i
    Shapes: memory s (nodes, width), senders and receivers (events,), times (events,) in order, features e (events,
        features); the result is (events, nodes, width), the memory after each event.
    Parameters: 2 · code + 3 · width · (message + width + 1), see MemoryCell.
    Cost: 6 · width · (message + width) multiply-adds an event.
    Training: on batches of events in the order of time; what is predicted of an event reads the memory before it.
    Caveats: an event before the first of a node counts from time zero. Both ends read the memories from before the
        event.
    Raises: VocabularyError for times that go back, or the number of a node that does not exist.
    Source: Rossi et al. 2020 [2006.10637], eq. 1 to 3; the code of times is that of Xu et al. 2020 [2002.07962];
        vocabulary line 4138.

    >>> cell = MemoryCell(jnp.ones(1), jnp.zeros(1), jnp.zeros((3, 4, 1)), jnp.zeros((3, 1, 1)), jnp.ones((3, 1)))
    >>> now = jnp.array([0, 1]), jnp.array([1, 2]), jnp.array([1.0, 2.0]), jnp.zeros((2, 1))
    >>> memories = temporal_graph_memory(jnp.zeros((4, 1)), *now, cell)
    >>> (memories[..., 0] > 0).astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 1, 0]]
    """
    sizes = expect.axes(memory=(memory, "nodes width"), times=(times, "events"), features=(features, "events features"))
    width = sizes["width"]
    sizes = expect.axes(sizes, frequency=(cell.frequency, "code"), phase=(cell.phase, "code"))
    message = 2 * width + sizes["code"] + sizes["features"]
    expect.axes(
        sizes,
        inner=(cell.inner, f"3 {message} width"),
        outer=(cell.outer, "3 width width"),
        bias=(cell.bias, "3 width"),
        senders=(senders, "events"),
        receivers=(receivers, "events"),
    )
    senders, receivers = arcs.checked(senders, receivers, sizes["nodes"])
    times = jnp.asarray(times)
    expect.not_negative("time between two events", jnp.diff(times, prepend=0.0))
    return _after_each(jnp.asarray(memory), senders, receivers, times, jnp.asarray(features), cell)


@jax.jit
def _after_each(
    memory: jax.Array, senders: jax.Array, receivers: jax.Array, times: jax.Array, features: jax.Array, cell: MemoryCell
) -> jax.Array:
    def event(
        state: tuple[jax.Array, jax.Array], now: tuple[jax.Array, ...]
    ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        memory, last = state
        i, j, time, feature = now
        one, other = (
            _updated(cell, memory[i], memory[j], time - last[i], feature),
            _updated(cell, memory[j], memory[i], time - last[j], feature),
        )
        memory = memory.at[i].set(one).at[j].set(other)
        return (memory, last.at[i].set(time).at[j].set(time)), memory

    start = memory, jnp.zeros(memory.shape[0], times.dtype)
    return jax.lax.scan(event, start, (senders, receivers, times, features))[1]


def _updated(cell: MemoryCell, own: jax.Array, other: jax.Array, elapsed: jax.Array, feature: jax.Array) -> jax.Array:
    code = jnp.cos(cell.frequency * elapsed + cell.phase)
    read = jnp.einsum("m,kmw->kw", jnp.concatenate([own, other, code, feature]), cell.inner) + cell.bias
    update, reset = jax.nn.sigmoid(read[:2] + jnp.einsum("v,kvw->kw", own, cell.outer[:2]))
    candidate = jnp.tanh(read[2] + reset * (own @ cell.outer[2]))
    return update * own + (1 - update) * candidate
