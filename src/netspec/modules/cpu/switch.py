"""Whether the forms of this folder are used: one switch for all of them, and one way to ask where a program runs."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from jax import lax

from netspec.errors import InputError

#: The environment variable that is ``on`` (the default) or ``off``. It is read when a program is traced, so that what
#: was compiled before stays as it is.
SWITCH = "NETSPEC_CPU_FORMS"

Given = ParamSpec("Given")
Returned = TypeVar("Returned")


def is_on() -> bool:
    """Whether the forms written for CPU are used. Raises :class:`netspec.InputError` for a word that is neither."""
    word = os.environ.get(SWITCH, "on")
    if word not in ("on", "off"):
        raise InputError(f"environment variable {SWITCH} is {word!r}, expected 'on' or 'off'")
    return word == "on"


def instead_of(plain: Callable[..., Any]) -> Callable[[Callable[Given, Returned]], Callable[Given, Returned]]:
    """A decorator for a form that takes the place of ``plain``, and of its arguments, while the switch is on."""

    def switched(written: Callable[Given, Returned]) -> Callable[Given, Returned]:
        @functools.wraps(written)
        def chosen(*given: Given.args, **named: Given.kwargs) -> Returned:
            return (written if is_on() else plain)(*given, **named)

        return chosen

    return switched


def by_platform(*arrays: Any, cpu: Callable[..., Returned], elsewhere: Callable[..., Returned]) -> Returned:
    """``cpu(*arrays)`` in a program for CPU while the switch is on, else ``elsewhere(*arrays)``.

    Both are traced, and the one for the platform that the program is lowered for is kept.
    """
    return lax.platform_dependent(*arrays, cpu=cpu, default=elsewhere) if is_on() else elsewhere(*arrays)
