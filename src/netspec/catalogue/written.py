"""Members of a family by their text, ``ConvBlocks(norm="group", depth=16)``: read, and never run as code."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from functools import cache

from netspec.catalogue.blocks import ConvBlocks, Family, TextBlocks
from netspec.errors import UnknownSpecError
from netspec.spec import NetSpec

FAMILIES: dict[str, type[Family]] = {family.__name__: family for family in (ConvBlocks, TextBlocks)}
_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\(.*\)\s*", re.DOTALL)


@cache
def written(text: str) -> NetSpec | None:
    """The network that ``text`` names, or ``None`` where it names no family.

    Raises :class:`netspec.SpecError` for a part that the family has not, or a value that a part cannot have.
    """
    call = _CALL.fullmatch(text)
    if call is None or call[1] not in FAMILIES:
        return None
    family = FAMILIES[call[1]]
    known = [field.name for field in fields(family)]
    wanted = f"expected parts such as {known[0]}=… of {', '.join(known)}"
    try:
        node = ast.parse(text.strip(), mode="eval").body
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        given = [(one.arg or "**", ast.literal_eval(one.value)) for one in node.keywords]
    except (SyntaxError, ValueError, AssertionError, RecursionError, MemoryError):
        raise UnknownSpecError(f"{text}: cannot be read, {wanted}") from None
    if node.args:
        raise UnknownSpecError(f"{text}: a part has no name, {wanted}")
    names = [name for name, _ in given]
    for name in names:
        if name not in known:
            raise UnknownSpecError(f"{text}: {family.__name__} has no part {name}, {wanted}")
        if names.count(name) > 1:
            raise UnknownSpecError(f"{text}: part {name} stands there twice, expected once")
    return family(**dict(given)).spec()
