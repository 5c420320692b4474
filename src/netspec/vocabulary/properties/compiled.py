"""Functions of an implementation, compiled as one: where each operation is compiled for itself, that takes longest."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import jax


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function(implementation, *arrays)`` compiled once for each implementation and all shapes, with NumPy results.

    An implementation has to be the same object each time, or it is compiled again. What is computed with the results
    is then NumPy's, and compiles nothing.
    """
    fast = jax.jit(function, static_argnums=0)

    @wraps(function)
    def run(implementation: Any, *arrays: Any) -> Any:
        return jax.device_get(fast(implementation, *arrays))

    return run
