"""Variables that flax assigns while a network is traced, at a cost that does not grow with the trace.

``variable[...] = x`` asks a traced ``x`` for its sharding, and JAX answers by walking everything traced so far: a
network with hundreds of running statistics or draws then takes time quadratic in its size. ``set_value`` asks nothing.
"""

from __future__ import annotations

from typing import Any

from flax import nnx


class _WholeAssignment(nnx.Variable):
    def __setitem__(self, key: Any, value: Any) -> None:
        if key is ...:
            self.set_value(value)
        else:
            super().__setitem__(key, value)


class RunningStatistic(_WholeAssignment, nnx.BatchStat):
    """A batch statistic."""


class DrawCount(_WholeAssignment, nnx.RngCount):
    """How many keys a stream has handed out."""


def count_cheaply(rngs: nnx.Rngs) -> nnx.Rngs:
    """Let the streams of ``rngs`` count with :class:`DrawCount`; they hand out the same keys."""
    for tag, stream in rngs.items():
        stream.count = DrawCount(stream.count.get_value(), tag=tag)
    return rngs
