"""Compiling once what properties call often: a function of the vocabulary, and the slope of a loss."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import jax

from netspec.vocabulary.term import Implementation


def quick(implementation: Implementation, *static: str) -> Callable[..., Any]:
    """``implementation`` compiled, if it is one of the vocabulary; ``static`` names arguments that are no arrays.

    A mistake is returned as it is: it calls this for what it has in common with the right form.
    """
    module = getattr(inspect.getmodule(implementation), "__name__", "") if inspect.isfunction(implementation) else ""
    if not module.startswith("netspec.vocabulary.") or module.startswith("netspec.vocabulary.properties"):
        return implementation
    return _compiled(implementation, static)


@cache
def slope(function: Callable[..., Any], argument: int = 0) -> Callable[..., Any]:
    """The gradient of ``function`` by one argument, compiled."""
    return jax.jit(jax.grad(function, argnums=argument))


@cache
def _compiled(function: Callable[..., Any], static: tuple[str, ...]) -> Callable[..., Any]:
    return jax.jit(function, static_argnames=static)
