"""Networks exactly as libraries and releases have them, beside the book's: to the last parameter and in what they
compute.

A module per family holds a tuple ``NETWORKS`` of :class:`Published`, whose specs are made when they are asked for.
"""

from __future__ import annotations

import importlib
from functools import cache

from netspec.errors import UnknownSpecError
from netspec.exact.published import Published

#: The modules of this package that hold networks.
FAMILIES = (
    *("small", "shuffle", "regnet", "inception", "compact", "mobilevit", "detr", "dit", "llava"),
    *(
        "resnet",
        "vgg",
        "densenet",
        "mobilenet",
        "efficientnet",
        "convnext",
        "swin",
        "vit",
        "segformer",
        "mixer",
        "sam",
        "clip",
    ),
    *(
        "bert",
        "nystromformer",
        "gpt",
        "t5",
        "llama",
        "bart",
        "transformer",
        "whisper",
        "mamba",
        "wavenet",
        "qanet",
        "protein",
    ),
    *("unet", "gan", "yolo", "diffusion", "segmentation", "detection", "fields"),
)


@cache
def networks() -> dict[str, Published]:
    """All of them by name, in the order of the families."""
    modules = (importlib.import_module(f"netspec.exact.{family}") for family in FAMILIES)
    return {network.name: network for module in modules for network in module.NETWORKS}


@cache
def aliases() -> dict[str, str]:
    """Names by the other names that libraries have for the same network."""
    return {alias: network.name for network in networks().values() for alias in network.aliases}


def known(name: str) -> Published | None:
    """The network called ``name`` in the spelling of its library; ``None`` where there is none."""
    return networks().get(aliases().get(name, name))


def find(name: str) -> Published:
    """The network called ``name``; raises :class:`UnknownSpecError` where no library is known to have it."""
    if found := known(name):
        return found
    raise UnknownSpecError(
        f"no published network is called {name!r}; `netspec list --role published` prints their names"
    )
