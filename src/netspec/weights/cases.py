"""Which network of ours is the twin of which recorded case: a name or a function of a family, and the rules of its
weights.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from netspec import exact
from netspec.exact import gpt, vit
from netspec.spec import NetSpec
from netspec.weights import families
from netspec.weights.parity import Case, Twin
from netspec.weights.plan import WeightsError


def named(name: str) -> Twin:
    """The published network of that name, by its own rules."""
    network = exact.find(name)
    return Twin(network.spec(), families.find(network.rules))


def made(rules: str, make: Callable[..., NetSpec], *arguments: Any, **options: Any) -> Twin:
    """A network of a family that nobody gave a name."""
    return Twin(make(*arguments, **options), families.find(rules))


#: How the constructor of a case names a network of a library.
NAMED = (
    re.compile(r"torchvision\.models\.(\w+)\(weights=None\)"),
    re.compile(r"timm\.create_model\('([\w.]+)', pretrained=False(?:, num_classes=1000)?\)"),
)

#: Cases by name, where the constructor does not say all.
TWINS: dict[str, Callable[[], Twin]] = {
    "gpt2_small": partial(named, "gpt2"),
    "gpt1": partial(named, "openai-gpt"),
    "tiny_gpt2_a": partial(made, "gpt2", gpt.gpt, 32, 4, 2, vocabulary=100, positions=32),
    "timm_vit_tiny_p4_32": partial(named, "vit_tiny_patch4_32"),
    "tiny_vit_timm": partial(made, "timm_vit", vit.vit, 64, 4, 2, patch=4, height=32, classes=10),
}


def twin_of(case: Case) -> Twin:
    """Our side of ``case``; raises :class:`WeightsError` where none is known."""
    if case.name in TWINS:
        return TWINS[case.name]()
    for pattern in NAMED:
        if (found := pattern.fullmatch(case.manifest["constructor"])) and exact.known(found[1]):
            return named(found[1])
    raise WeightsError(f"{case.name}: no network is known for {case.manifest['constructor']}; name one with --model")
