"""Networks read off the call that a library constructs them with, or off the configuration beside their weights.

What is not understood is an error, so that a network read in this way is the one that the library makes. A reader is a
function of what a constructor is given, registered by :func:`netspec.weights.constructors.readers.reads`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from netspec.exact.published import UNNAMED
from netspec.weights.constructors import libraries
from netspec.weights.constructors.calls import Call, defaults, read
from netspec.weights.constructors.readers import READERS, understood
from netspec.weights.parity import Twin
from netspec.weights.plan import WeightsError

#: The modules that hold readers.
FIELDS = ("texts", "pictures", "looking", "sequences", "libraries", "definitions")


@cache
def _load() -> None:
    for field in FIELDS:
        importlib.import_module(f"netspec.weights.constructors.{field}")


def constructed(text: str, definition: str = "") -> Twin | None:
    """Our side of what the call ``text`` makes; ``None`` where nobody reads such a constructor.

    ``definition`` is the code of the module ``definition`` that it may call. Raises :class:`WeightsError` for a text
    that is no call, and for arguments that are not understood.
    """
    _load()
    call = read(text)
    module, _, name = call.name.rpartition(".")
    found = understood(call, defaults(definition, name) if module == "definition" else {}) or libraries.by_name(call)
    return found and _called(found, name)


def _called(twin: Twin, name: str) -> Twin:
    """``twin`` with that name for a network that nobody gave one."""
    return replace(twin, spec=replace(twin.spec, name=name)) if twin.spec.name == UNNAMED else twin


def configured(config: Mapping[str, Any], where: str = "config.json") -> Twin:
    """Our side of the network that a ``config.json`` of transformers or diffusers describes.

    Raises :class:`WeightsError`, beginning with ``where``, for a network that is not known and for settings that are
    not understood.
    """
    _load()
    made = {"diffusers." + str(config["_class_name"])} if "_class_name" in config else set()
    made |= {f"transformers.{name}" for name in config.get("architectures") or ()}
    for name in sorted(made & READERS.keys()):
        try:
            found = understood(Call(name, (), _plain(config)))
        except WeightsError as error:
            raise WeightsError(f"{where}: {error}") from None
        if found is not None:
            return _called(found, name.rpartition(".")[2])
    told = ", ".join(sorted(made)) or "neither 'architectures' nor '_class_name'"
    known = ", ".join(sorted(name for name in READERS if name.startswith(("transformers.", "diffusers."))))
    raise WeightsError(f"{where}: {told}, expected one of {known}")


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with as many classes as there are labels."""
    labels = config.get("id2label")
    return dict(config) | ({"num_labels": len(labels)} if labels and "num_labels" not in config else {})
