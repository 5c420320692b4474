"""An optimizer of one's own: a function in a Python file that makes an optax transformation."""

from __future__ import annotations

from typing import Any

import optax

from train.config.own_file import file_and_name, text_of
from train.config.printable import shown
from train.config.schema import ConfigError


def made_by(own: str, rate: optax.Schedule) -> optax.GradientTransformation:
    """What the function that ``own`` names gives for the learning rate, a function of the number of steps taken.

    The file is run as code. Raises :class:`ConfigError` where it cannot be read or run, has no such function, or the
    function fails or gives no optax transformation.
    """
    path, name = file_and_name(own)
    text, found = text_of(own), {"__name__": "optimizer_of_a_recipe", "__file__": str(path)}
    where = f"key 'optimizer.file': {shown(path, 300)}"
    try:
        exec(compile(text, str(path), "exec"), found)
    except Exception as error:
        raise ConfigError(f"{where} fails when it is run ({_said(error)})") from None
    make = found.get(name)
    if not callable(make):
        raise ConfigError(f"{where} has no function '{name}', expected one that gives an optax transformation")
    try:
        made: Any = make(rate)
    except Exception as error:
        raise ConfigError(f"{where}: '{name}' fails with the learning rate as its argument ({_said(error)})") from None
    if not (callable(getattr(made, "init", None)) and callable(getattr(made, "update", None))):
        raise ConfigError(f"{where}: '{name}' gives {shown(repr(made))}, expected an optax transformation")
    return made


def _said(error: Exception) -> str:
    return shown(f"{type(error).__name__}: {error}")
