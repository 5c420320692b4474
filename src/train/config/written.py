"""An attention that is written out in a configuration, as its value prints: read, and never run as code."""

from __future__ import annotations

import ast
from dataclasses import fields
from typing import Any

from netspec import SpecError
from netspec.errors import LayerError
from netspec.layers import patterns
from netspec.layers.attention import Attention

#: What may be called, by its name.
CALLED: dict[str, type] = {
    "Attention": Attention,
    **{kind.__name__: kind for kind in (patterns.Full, patterns.Window, patterns.Dilated, patterns.Strided)},
    **{kind.__name__: kind for kind in (patterns.Global, patterns.BigBird)},
}


def attention(text: str) -> Attention:
    """The value of ``Attention(positions="rope", pattern=Dilated(4))``: parts with numbers, texts and patterns.

    Raises :class:`netspec.SpecError` naming what cannot be read, or a field or part that there is not.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SpecError(f"{text}: cannot be read, expected a value such as Attention(kv_heads=1, window=8)") from None
    found = _value(tree, text)
    if not isinstance(found, Attention):
        raise SpecError(f"{text}: is no attention, expected a value such as Attention(kv_heads=1, window=8)")
    return found


def _value(node: ast.expr, text: str) -> Any:
    """A constant, or a part with its arguments."""
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, (bool, int, str))):
        return node.value
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        said = ast.unparse(node)
        raise SpecError(f"{text}: has {said}, expected a number, a text in quotes, or one of {', '.join(CALLED)}")
    if node.func.id not in CALLED:
        raise SpecError(f"{text}: has {node.func.id}, expected one of {', '.join(CALLED)}")
    kind = CALLED[node.func.id]
    known = [field.name for field in fields(kind)]
    for keyword in node.keywords:
        if keyword.arg not in known:
            raise SpecError(f"{text}: {kind.__name__} has no {keyword.arg}, expected some of {', '.join(known)}")
    given = {keyword.arg: _value(keyword.value, text) for keyword in node.keywords}
    try:
        return kind(*(_value(argument, text) for argument in node.args), **given)
    except (TypeError, LayerError) as error:
        raise SpecError(f"{text}: {error}") from None
