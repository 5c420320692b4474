"""Which network of ours is the twin of which recorded case: a name, or a function of a family, and the rules of its
weights.

A module per field holds a mapping ``CASES`` by the names of cases, or ``CLASSES`` by what their constructors call. A
case whose constructor is a network of a library by name needs none.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType

from netspec import exact
from netspec.weights.cases.base import Cases, Classes, named
from netspec.weights.cases.constructor import Call, read
from netspec.weights.parity import Case, Twin
from netspec.weights.plan import WeightsError

#: The modules of this package that hold cases.
FIELDS = ("language", "transformers", "vision", "images", "detectors", "configured")

#: Options of a constructor by name that change nothing, or that a name of ours tells.
PLAIN = ("weights", "weights_backbone", "pretrained", "init_weights", "num_classes", "img_size", "patch_size")


def _modules() -> Iterator[ModuleType]:
    return (importlib.import_module(f"netspec.weights.cases.{field}") for field in FIELDS)


@cache
def cases() -> Cases:
    """All of them by name."""
    return {name: twin for module in _modules() for name, twin in getattr(module, "CASES", {}).items()}


@cache
def classes() -> Classes:
    """What reads a configuration, by the name of the class that it is for."""
    return {name: twin for module in _modules() for name, twin in getattr(module, "CLASSES", {}).items()}


def twin_of(case: Case) -> Twin:
    """Our side of ``case``; raises :class:`WeightsError` where none is known."""
    if case.name in cases():
        return cases()[case.name]()
    if (call := read(case.manifest["constructor"])) is not None:
        if call.name in classes():
            return classes()[call.name](call, case)
        if name := _published(call):
            return named(name, call.get("num_classes"))
    raise WeightsError(f"{case.name}: no network is known for {case.manifest['constructor']}; name one with --model")


def _published(call: Call) -> str | None:
    """The name under which we have the network that a library makes by name."""
    found = {name: value for name, value in call.options.items() if name not in PLAIN}
    if call.name == "timm.create_model" and len(call.arguments) == 1:
        name = _sized(call.arguments[0], call.get("patch_size"), call.get("img_size"))
        candidates = [f"{name}.timm", name]
    elif call.name == "open_clip.create_model" and len(call.arguments) == 1:
        candidates = [f"open_clip.{call.arguments[0]}"]
    elif call.name.startswith("torchvision.models."):
        name = call.name.rpartition(".")[2]
        aux = found.pop("aux_loss", None) or found.pop("aux_logits", None)
        candidates = [f"{name}_aux" if aux else name]
    else:
        return None
    return next((name for name in candidates if exact.known(name)), None) if not found else None


def _sized(name: str, patch: int | None, image: int | None) -> str:
    """The name that timm would give a Vision Transformer of that patch and image, ``vit_tiny_patch16_224``."""
    if patch is not None:
        name = re.sub(r"_patch[0-9]+", f"_patch{patch}", name)
    return name if image is None else re.sub(r"_[0-9]+$", f"_{image}", name)
