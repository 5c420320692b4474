"""A person's own part as a variant of a comparison: what a Python file has under a name, and what of a recipe it is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netspec import NetSpec, SpecError
from netspec.layers.attention import Attention
from train.config import models
from train.config.schema import ConfigError


def variants(extra: str | Sequence[str], model: str, where: str) -> dict[str, dict[str, Any]]:
    """Cells, as a file of cells has them, for values ``FILE.py:NAME``: each the recipe with that part.

    A network takes the place of the recipe's, an attention that of ``model``, the recipe's; an optax transformation, or
    a function of the rate that gives one, that of the optimizer. The file is run as code. Raises :class:`ConfigError`,
    beginning with ``where``, for a file, name or kind that is wrong.
    """
    made: dict[str, dict[str, Any]] = {}
    for one in [extra] if isinstance(extra, str) else extra:
        try:
            value = models.own(one)
        except SpecError as error:
            raise ConfigError(f"{where}: {error}") from None
        name = _name(one.rpartition(":")[2])
        if name in made:
            raise ConfigError(f"{where}: two parts would be called {name!r}, expected other names")
        made[name] = {"description": f"your own: {one}", "recipe": _change(value, one, model, where)}
    return made


def text_of(own: str, where: str) -> str:
    """Twelve hex digits of the text of the file that ``FILE.py:NAME`` names. Raises :class:`ConfigError`."""
    path = Path(own.rpartition(":")[0])
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise ConfigError(f"{where}: {path}: cannot be read ({error.strerror or error})") from None


def _change(value: Any, place: str, model: str, where: str) -> dict[str, Any]:
    """What of the recipe a part changes."""
    if isinstance(value, NetSpec):
        return {"model": place}
    if isinstance(value, Attention):
        return {"model": f"{model} with {place}"}
    if callable(value) or (callable(getattr(value, "init", None)) and callable(getattr(value, "update", None))):
        return {"own_optimizer": place}
    raise ConfigError(
        f"{where}: {place} is {type(value).__name__}, expected a NetSpec, an Attention, an optax transformation, or a "
        "function of the rate that gives one"
    )


def _name(name: str) -> str:
    """A name of Python as one of a cell: ``MyAttention`` is ``my-attention``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40] or "own"
