"""Constructor calls as data: read from text, never run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from netspec.weights.plan import WeightsError


@dataclass(frozen=True)
class Call:
    """``name(*args, **options)``, and the ``part`` of what it makes that is meant, as in ``….vision_encoder``."""

    name: str
    args: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    part: str = ""


class Name(str):
    """What is referred to without a call, such as a class: its dotted name."""


def read(text: str) -> Call:
    """The call that ``text`` writes down, with numbers, strings, lists, tuples, dictionaries, names and further calls.

    Raises :class:`WeightsError` for anything else.
    """
    try:
        found = _value(ast.parse(text.strip(), mode="eval").body, text)
    except SyntaxError:
        raise WeightsError(f"{text!r} is no call, expected one such as library.Network(width=64)") from None
    if not isinstance(found, Call):
        raise WeightsError(f"{text!r} is no call, expected one such as library.Network(width=64)")
    return found


def _value(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.List(elts=elements):
            return [_value(one, text) for one in elements]
        case ast.Tuple(elts=elements):
            return tuple(_value(one, text) for one in elements)
        case ast.Dict(keys=keys, values=values) if all(keys):
            return {_value(key, text): _value(value, text) for key, value in zip(keys, values, strict=True) if key}
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int() as times)):
            repeated = _value(left, text)
            if isinstance(repeated, list | tuple):
                return repeated * times
        case ast.Call(func=function, args=arguments, keywords=keywords) if all(one.arg for one in keywords):
            options = {str(one.arg): _value(one.value, text) for one in keywords}
            name = _dotted(function, text)
            if name == "dict" and not arguments:
                return options
            return Call(name, tuple(_value(one, text) for one in arguments), options)
        case ast.Attribute(value=ast.Call() as call, attr=part):
            made = _value(call, text)
            return Call(made.name, made.args, made.options, part)
        case ast.Name() | ast.Attribute():
            return Name(_dotted(node, text))
    raise WeightsError(f"{text!r}: {ast.unparse(node)!r} is not read, expected values, names and calls")


def _dotted(node: ast.expr, text: str) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value, text)}.{name}"
    raise WeightsError(f"{text!r}: {ast.unparse(node)!r} is not read, expected a dotted name")


def defaults(source: str, name: str) -> dict[str, Any]:
    """What a function, or a class's ``__init__``, called ``name`` in Python code takes where nothing is given.

    Values that :func:`read` would not read are left out, as is everything where no such thing is defined.
    """
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            inside = (one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__")
            return _defaults(next(inside, None))
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _defaults(node)
    return {}


def _defaults(function: ast.FunctionDef | None) -> dict[str, Any]:
    if function is None:
        return {}
    found = {}
    given = function.args.defaults
    for argument, value in zip(function.args.args[-len(given) :] if given else [], given, strict=True):
        try:
            found[argument.arg] = ast.literal_eval(value)
        except ValueError:
            continue
    return found
