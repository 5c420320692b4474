"""Activation functions: what stands between two linear maps, so that they do not collapse into one."""

from __future__ import annotations

import jax

from netspec.vocabulary import expect


def relu(x: jax.Array) -> jax.Array:
    """Keep what is positive and drop the rest: a nonlinearity whose slope does not vanish where it is active.

    Formula: relu(x) = max(x, 0)
    Shapes: x of any shape; the result has the same.
    Parameters: none.
    Cost: one comparison an element.
    Training: as in evaluation.
    Caveats: where a unit's input is negative for all examples its slope is zero, and it stays so (a dead unit).
    Source: Nair and Hinton 2010, sec. 2; vocabulary line 2702.

    >>> relu(jax.numpy.array([-2.0, 0.0, 3.0])).tolist()
    [0.0, 0.0, 3.0]
    """
    expect.axes(x=(x, "..."))
    return jax.nn.relu(x)
