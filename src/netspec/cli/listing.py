"""A spec as the Python that makes it: a layer per line, as short as a person would write it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from itertools import groupby

from netspec.conventions import BOOK, Conventions
from netspec.layers import Attention, Combinator, Full, Layer, Pattern, Under
from netspec.spec import NetSpec

_WIDTH = 96
_STEP = "    "


def listing(spec: NetSpec) -> str:
    """``spec`` as a call of :class:`netspec.NetSpec`, without its provenance."""
    arguments = [_literal(spec.name), repr(spec.input_shape), _layers(spec.layers, _STEP)]
    if spec.extra_inputs:
        inputs = ", ".join(f"{_literal(name)}: {shape!r}" for name, shape in spec.extra_inputs)
        arguments.append(f"extra_inputs={{{inputs}}}")
    if spec.conventions != BOOK:
        arguments.append(f"conventions={_layer(spec.conventions, _STEP)}")
    return "NetSpec(\n" + "".join(f"{_STEP}{argument},\n" for argument in arguments) + ")"


def program(spec: NetSpec) -> str:
    """A Python file that defines ``spec``: what ``netspec count FILE.py`` reads."""
    parts = {type(part) for part in _all(spec.layers)}
    named = "Conventions, NetSpec" if Conventions in parts or spec.conventions != BOOK else "NetSpec"
    used = sorted(part.__name__ for part in parts - {Conventions})
    imports = f"from netspec.layers import {', '.join(used)}"
    if len(imports) > _WIDTH:
        imports = "from netspec.layers import (\n" + "".join(f"{_STEP}{name},\n" for name in used) + ")"
    return f"from netspec import {named}\n{imports}\n\nSPEC = {listing(spec)}\n"


def _all(layers: Sequence[Layer]) -> Iterator[Layer | Attention | Pattern | Conventions]:
    """Layers, what combinators hold, and parts that are values of their own."""
    for layer in layers:
        yield layer
        for part in vars(layer).values():
            if isinstance(part, Attention) and part != Attention():
                yield part
                yield from () if part.pattern == Full() else (part.pattern,)
        if isinstance(layer, Under):
            yield layer.conventions
        if isinstance(layer, Combinator):
            yield from _all(layer.held)


def _layers(layers: Sequence[Layer], indent: str) -> str:
    """A tuple of layers over several lines, runs of equal ones written once."""
    items = []
    for layer, run in groupby(layers):
        times = len(list(run))
        text = _value(layer, indent + _STEP)
        items.append(text if times == 1 else f"*[{text}] * {times}")
    return _broken("(", items, ")", indent)


def _value(value: object, indent: str) -> str:
    """``value`` as Python, broken over lines where it is too long for the rest of this one."""
    if isinstance(value, (Layer, Attention, Conventions)):
        return _layer(value, indent)
    if isinstance(value, Mapping):
        items = [f"{_literal(name)}: {_value(inner, indent + _STEP)}" for name, inner in value.items()]
        return _fit("{", items, "}", indent)
    if isinstance(value, tuple) and value and all(isinstance(item, Layer) for item in value):
        if len(value) == 1:
            return _value(value[0], indent)
        flat = f"({', '.join(map(str, value))})"
        return flat if len(indent + flat) <= _WIDTH and len(value) <= 3 else _layers(value, indent)
    if isinstance(value, tuple) and any(isinstance(item, (tuple, Layer)) for item in value):
        return _fit("(", [_value(item, indent + _STEP) for item in value], ")", indent, single=len(value) == 1)
    return _literal(value)


def _layer(layer: Layer | Attention | Conventions, indent: str) -> str:
    arguments = []
    for field in fields(layer):
        value = getattr(layer, field.name)
        if field.name == "heads" and isinstance(value, tuple):
            value = dict(value)
        if field.default is MISSING:
            arguments.append(_value(value, indent + _STEP))
        elif value != field.default:
            arguments.append(f"{field.name}={_value(value, indent + _STEP)}")
    return _fit(f"{type(layer).__name__}(", arguments, ")", indent)


def _fit(opening: str, items: list[str], closing: str, indent: str, single: bool = False) -> str:
    flat = opening + ", ".join(items) + ("," if single else "") + closing
    if "\n" not in flat and len(indent + flat) < _WIDTH:
        return flat
    hugs = opening != "{" and not single
    if hugs and "\n" in items[-1] and "\n" not in "".join(items[:-1]):
        hugging = opening + ", ".join([*items[:-1], items[-1].replace(f"\n{_STEP}", "\n")]) + closing
        if len(indent) + hugging.index("\n") < _WIDTH:
            return hugging
    return _broken(opening, items, closing, indent)


def _broken(opening: str, items: list[str], closing: str, indent: str) -> str:
    return opening + "\n" + "".join(f"{indent}{_STEP}{item},\n" for item in items) + indent + closing


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
