"""How a case says its network is made: a call of a library, read as data and never run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """``name(*arguments, **options)``, and the attribute that is taken of it, if any.

    Arguments are literals or calls; ``dict(…)`` is a mapping.
    """

    name: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    attribute: str = ""

    def get(self, name: str, usual: Any = None) -> Any:
        """An option, or what it is by default."""
        return self.options.get(name, usual)

    def inner(self, name: str) -> Call:
        """The configuration that is an option of this one; one with nothing said where it is missing."""
        found = self.get(name, Call(name))
        return found if isinstance(found, Call) else Call(name, (), dict(found))

    @property
    def config(self) -> Call:
        """The configuration that is the first argument."""
        first = self.arguments[0] if self.arguments else None
        return first if isinstance(first, Call) else Call("")


def read(text: str) -> Call | None:
    """The call that ``text`` is; ``None`` for what is none, or holds more than literals and calls."""
    try:
        found = _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError):
        return None
    return found if isinstance(found, Call) else None


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Call(ast.Name("dict"), [], keywords):
            return {str(one.arg): _value(one.value) for one in keywords}
        case ast.Call(function, arguments, keywords):
            options = {str(one.arg): _value(one.value) for one in keywords}
            return Call(_name(function), tuple(map(_value, arguments)), options)
        case ast.Attribute(ast.Call() as inside, attribute):
            made = _value(inside)
            return Call(made.name, made.arguments, made.options, attribute)
        case ast.Attribute() | ast.Name():
            return Call(_name(node))
        case ast.List(items) | ast.Tuple(items):
            return tuple(map(_value, items))
        case ast.Dict(keys, values):
            pairs = zip(keys, values, strict=True)
            return {_value(key): _value(value) for key, value in pairs if key is not None}
        case ast.BinOp(left, ast.Mult(), right):
            return _value(left) * _value(right)
    return ast.literal_eval(node)


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(inside, name):
            return f"{_name(inside)}.{name}"
    raise ValueError("neither a name nor an attribute of one")
