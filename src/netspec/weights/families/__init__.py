"""The rules of the families, by the names that published networks give (:class:`netspec.exact.Published`)."""

from __future__ import annotations

import importlib
from functools import cache

from netspec.weights.plan import WeightsError
from netspec.weights.rules import Table

#: The modules of this package; each has a mapping ``TABLES`` from a name to a table.
FAMILIES = (
    *("small", "shuffle", "regnet", "inception", "compact", "mobilevit", "detr", "dit", "sam", "llava"),
    "resnet",
    "vgg",
    "vit",
    "gpt",
    "bert",
    "t5",
    "llama",
    "pairs",
    "clip",
    "mixer",
    "segformer",
    "mamba",
    "wavenet",
    "qanet",
    "protein",
    "primitives",
    "densenet",
    "mobilenet",
    "convnext",
    "swin",
    "unet",
    "gan",
    "yolo",
    "diffusion",
    "segmentation",
    "detection",
    "fields",
)


@cache
def tables() -> dict[str, Table]:
    """All tables by name."""
    modules = (importlib.import_module(f"netspec.weights.families.{family}") for family in FAMILIES)
    return {name: table for module in modules for name, table in module.TABLES.items()}


def find(name: str) -> Table:
    """The table called ``name``; raises :class:`WeightsError` with the names that there are."""
    if name not in tables():
        raise WeightsError(f"no rules are called {name!r}; there are {', '.join(sorted(tables()))}")
    return tables()[name]
