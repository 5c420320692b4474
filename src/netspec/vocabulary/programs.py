"""Compiling once what properties call often: where each operation is compiled for itself, that takes nearly all time.

An implementation has to be the same object each time, or it is compiled again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.term import Implementation


@cache
def program(function: Callable[..., Any], *static: str | int) -> Callable[..., Any]:
    """``function`` as one program a shape; ``static`` are names or places of arguments that are no arrays."""
    names = [name for name in static if isinstance(name, str)]
    places = [place for place in static if isinstance(place, int)]
    return jax.jit(function, static_argnames=names, static_argnums=places)


def compiled(implementation: Implementation, *static: str | int) -> Callable[..., Any]:
    """A function of the vocabulary as one program; a wrong one, which is often in numpy, as it is."""
    module = implementation.__module__ if inspect.isfunction(implementation) else ""
    ours = module.startswith("netspec.vocabulary.") and not module.startswith("netspec.vocabulary.properties.")
    return program(implementation, *static) if ours else implementation


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function(implementation, *arrays)`` as one program for each implementation and all shapes, giving numpy arrays.

    What is computed with the results is then numpy's, and compiles nothing.
    """
    fast = jax.jit(function, static_argnums=0)

    @wraps(function)
    def run(implementation: Implementation, *arrays: Any) -> Any:
        return jax.device_get(fast(implementation, *arrays))

    return run


@cache
def gradient(function: Callable[..., Any], argument: int = 0) -> Callable[..., Any]:
    """The gradient of the sum of what ``function`` returns by one argument, as one program."""
    return jax.jit(jax.grad(lambda *arguments: jnp.sum(function(*arguments)), argnums=argument))


@cache
def pullback(implementation: Implementation, place: int, *static: int) -> Callable[..., Any]:
    """The gradient by the argument at ``place`` as one program, called with a cotangent and then all arguments."""

    def back(cotangent: Any, *args: Any) -> Any:
        before, after = args[:place], args[place + 1 :]
        return jax.vjp(lambda one: implementation(*before, one, *after), args[place])[1](cotangent)[0]

    return jax.jit(back, static_argnums=tuple(index + 1 for index in static))
