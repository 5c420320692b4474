"""Optimizers as a reader knows them: the names of recipes in the field's spelling, with what is around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from report.engine.formats import count, number, words

#: Titles of the names that are not spelled by a first capital letter.
TITLES = {
    "adamw": "AdamW",
    "sgd": "SGD with momentum",
    "momentum": "SGD with momentum",
    "nesterov": "SGD with Nesterov momentum",
    "adadelta": "AdaDelta",
    "rmsprop": "RMSProp",
    "nadam": "NAdam",
    "radam": "RAdam",
    "amsgrad": "AMSGrad",
    "adamax": "AdaMax",
    "adabelief": "AdaBelief",
    "lamb": "LAMB",
    "lars": "LARS",
    "novograd": "NovoGrad",
    "schedule-free-sgd": "schedule-free SGD",
    "schedule-free-adamw": "schedule-free AdamW",
}


def title(optimizer: Mapping[str, Any], own: str | None = None) -> str:
    """The block of a recipe in a phrase; ``own`` is the place of one that takes the place of the named one."""
    name = optimizer["name"]
    plain = name == "sgd" and not optimizer.get("momentum")
    text = f"`{own}`" if own else "SGD" if plain else TITLES.get(name, name.capitalize())
    if around := optimizer.get("lookahead"):
        text += f" in lookahead of {words(around['period'], 'step')} by {number(around['rate'])}"
    if around := optimizer.get("sam"):
        text += f" by SAM’s gradient at {number(around['radius'])}"
    if scaling := optimizer.get("rate_scaling"):
        law = "square root of the batch" if scaling["by"] == "square-root" else "batch"
        text += f" with a rate for batches of {count(scaling['of_batch'])} that grows with the {law}"
    return text
