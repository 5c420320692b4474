"""Recipes: files of ``config/recipes``, each complete by itself or together with the ones that it extends."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from train.config import schema
from train.config.printable import shown
from train.config.schema import ConfigError


def load(name: str, folder: Path) -> dict[str, Any]:
    """The recipe ``name`` of ``folder`` (``config/recipes``) with the keys of those that it extends.

    Raises :class:`ConfigError` naming file and key, also for recipes that extend each other in a circle.
    """
    path = folder / f"{name}.yaml"
    recipe = schema.completed(_merged(path, (path,)), "recipe")
    schema.validate(recipe, "recipe", shown(path, 300))
    return recipe


def _merged(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    recipe = schema.load(path)
    where = shown(path, 300)
    extends = isinstance(recipe, dict) and "extends" in recipe
    schema.validate(recipe, "recipe", where, partial=extends)
    if not extends:
        return recipe
    base = path.with_name(f"{recipe.pop('extends')}.yaml")
    if base in seen:
        raise ConfigError(
            f"{where}: key 'extends' is {base.stem!r}, which extends this one, expected a recipe that stands without it"
        )
    try:
        inherited = _merged(base, (*seen, base))
    except ConfigError as error:
        missing = str(error).startswith(f"{shown(base, 300)}: no such file")
        raise ConfigError(f"{where}: key 'extends': {error}") from None if missing else error
    inherited.pop("description", None)
    return _changed(inherited, recipe)


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A recipe with ``changes``, blocks key by key, and the defaults of what neither has.

    Another optimizer has other settings, and so replaces the block; so does another file to start from; another
    schedule leaves the options of the old one. Where ``changes`` count in steps what ``base`` counts in epochs, or the
    other way round, they replace all that it counts. A model that begins with ``with`` is that of ``base`` with another
    attention.
    """
    return schema.completed(_changed(base, changes), "recipe")


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged, changes = _explicit(copy.deepcopy(base)), _explicit(changes)
    for unit, other in (("steps", "epochs"), ("epochs", "steps")):
        if unit in changes:
            for key in (other, f"evaluate_every_{other}", f"checkpoint_every_{other}"):
                merged.pop(key, None)
            merged.get("schedule", {}).pop(f"warmup_{other}", None)
    for key, value in changes.items():
        if key == "model" and isinstance(value, str) and value.startswith("with "):
            merged[key] = f"{merged.get(key, '')} {value}"
            continue
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        if nested and key == "optimizer":
            nested = value.get("name", merged[key].get("name")) == merged[key].get("name")
        if nested and key == "start":
            nested = "file" not in value
        merged[key] = {**schema.inherited(key, merged[key], value), **value} if nested else value
    return merged


def _explicit(recipe: dict[str, Any]) -> dict[str, Any]:
    """With a file to start from as a block, whose other keys something else may give."""
    start = recipe.get("start")
    return {**recipe, "start": {"file": start}} if isinstance(start, str) else recipe
