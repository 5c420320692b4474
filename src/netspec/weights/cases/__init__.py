"""Which network of ours is the twin of which recorded case: a name, or a function of a family, and the rules of its
weights.

A module per field holds a mapping ``CASES``. A case whose constructor is a network of a library by name needs none.
"""

from __future__ import annotations

import importlib
import re
from functools import cache

from netspec import exact
from netspec.weights.cases.base import Cases, named
from netspec.weights.parity import Case, Twin
from netspec.weights.plan import WeightsError

#: The modules of this package that hold cases.
FIELDS = ("language", "transformers", "vision", "images", "detectors")

#: How the constructor of a case names a network of a library.
NAMED = (
    re.compile(r"torchvision\.models\.(\w+)\(weights=None(?:, aux_logits=False, init_weights=(?:False|True))?\)"),
    re.compile(r"timm\.create_model\('([\w.]+)', pretrained=False(?:, num_classes=1000)?\)"),
)


@cache
def cases() -> Cases:
    """All of them by name."""
    modules = (importlib.import_module(f"netspec.weights.cases.{field}") for field in FIELDS)
    return {name: twin for module in modules for name, twin in module.CASES.items()}


def twin_of(case: Case) -> Twin:
    """Our side of ``case``; raises :class:`WeightsError` where none is known."""
    if case.name in cases():
        return cases()[case.name]()
    for pattern in NAMED:
        if (found := pattern.fullmatch(case.manifest["constructor"])) and exact.known(found[1]):
            return named(found[1])
    raise WeightsError(f"{case.name}: no network is known for {case.manifest['constructor']}; name one with --model")
