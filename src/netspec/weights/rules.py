"""What a library calls the tensors of a network and how it lays them out: rules as values, a table per family.

A :class:`Rule` pairs a path in :func:`netspec.canonical_state` with the library's name. Both are of a *module*; the
names of its tensors follow from what it is (``kernel`` and ``weight``, ``mean`` and ``running_mean``), and so does
the layout. Only a parameter that is no module, such as a class token, is named itself.

In ``ours``, ``{b}`` is a number, ``{p:conv|norm}`` one of these words, ``{last}`` the place of the last layer of the
listing. In ``theirs``, braces hold an expression of what was found, so that
``layers.{s}.layers.{b}.body.layers.{k}.conv`` can be ``layer{s-1}.{b}.conv{k+1}``; the ``words`` of the table and its
running ``numbers`` are at hand there, too. A path must match as a whole; the first rule that it matches is its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

#: ``oi``: outputs first, as in PyTorch. ``io``: inputs first, as in the ``Conv1D`` of transformers. ``conv``: a 1×1
#: convolution of two axes where we have a dense map. ``conv1d``: of one. ``dense``: the other way round.
Layout = Literal["oi", "io", "conv", "conv1d", "dense"]

_HOLE = re.compile(r"\{(\w+)(?:-(\d+))?(?::([^{}]*))?\}")
_EXPRESSION = re.compile(r"\{([^{}]*)\}")


class Piece(NamedTuple):
    """Of ``of`` equal pieces of a library's tensor along its outputs, those from ``start`` up to ``stop``."""

    start: int
    stop: int
    of: int


@dataclass(frozen=True)
class Rule:
    """A module or tensor of ours, and what the library calls it.

    Several names in ``theirs`` are joined along the outputs, in this order; ``piece`` takes only some of the outputs
    of the library's tensor, which other rules must use up. ``lead`` is the number of axes of length one in front of
    the library's tensor that ours lacks, ``trail`` that behind it. ``heads`` says that the outputs of a fused map of
    queries, keys and values are sorted by that many heads first, in the library; ``"heads"`` reads their number off
    the layer. ``no_bias`` names those of ``theirs``, by place, that lack the bias that ours has, which is then zero.
    ``stacked`` joins them along the first axis instead, one row each. ``square`` says that a table of positions has
    two axes of them in the library. ``by_head`` says that ``piece`` is one of each head's, where the library sorts the
    outputs of a fused map by heads first. ``pieces`` are those of each of ``theirs``, where they differ.
    """

    ours: str
    theirs: str | tuple[str, ...]
    piece: tuple[int, int, int] | None = None
    layout: Layout = "oi"
    lead: int = 0
    trail: int = 0
    heads: int | None = None
    no_bias: tuple[int, ...] = ()
    stacked: bool = False
    square: bool = False
    by_head: bool = False
    pieces: tuple[tuple[int, int, int], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The templates of the library's names."""
        return (self.theirs,) if isinstance(self.theirs, str) else self.theirs

    def match(self, path: str, last: int) -> dict[str, Any] | None:
        """What the holes of ``ours`` hold if all of ``path`` is of that form."""
        return _match(self.ours, path, last)


@dataclass(frozen=True)
class Table:
    """The rules of a family in a library.

    ``numbers`` gives running numbers: ``{"n": "layers.{s}.layers.{b}"}`` counts, from 0, the paths that begin in this
    way, in the order of the network; how many there are is ``n_count`` in every rule. ``tied`` are names of the library
    that mean a tensor again, by the name that rules give it. ``buffers`` are patterns of what it keeps besides:
    counters, index tables, constants. ``earlier`` are patterns in names of files that the library wrote before it
    renamed its modules, each with what stands in its place now; they are applied in order.
    """

    rules: tuple[Rule, ...]
    numbers: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)
    tied: Mapping[str, str] = field(default_factory=dict)
    buffers: tuple[str, ...] = ()
    earlier: tuple[tuple[str, str], ...] = ()

    @cached_property
    def known_buffers(self) -> re.Pattern[str]:
        """What of a library's tensors is neither a parameter nor a statistic."""
        return re.compile("|".join((r"(?:.*\.)?num_batches_tracked", *self.buffers)))

    def current(self, name: str) -> str:
        """What the library calls now what a file calls ``name``."""
        for pattern, now in self.earlier:
            name = re.sub(pattern, now, name)
        return name

    def running(self, paths: Iterable[str], last: int) -> dict[str, dict[tuple[int, ...], int]]:
        """For each of ``numbers``, the count by what its holes hold."""
        paths = list(paths)
        found = {}
        for name, pattern in self.numbers.items():
            begins = re.compile(_regex(pattern, last) + r"(?:\.|$)")
            held = {tuple(_values(match.groupdict()).values()) for path in paths if (match := begins.match(path))}
            found[name] = {key: place for place, key in enumerate(sorted(held))}
        return found


def filled(template: str, held: Mapping[str, Any]) -> str:
    """``template`` with its expressions computed."""
    return _EXPRESSION.sub(lambda match: str(eval(match[1], {"__builtins__": {}}, dict(held))), template)


def _match(pattern: str, path: str, last: int) -> dict[str, Any] | None:
    found = re.fullmatch(_regex(pattern, last), path)
    return _values(found.groupdict()) if found else None


def holes(pattern: str) -> list[str]:
    """Names of the holes of a pattern, in order."""
    return [name for name, *_ in _HOLE.findall(pattern) if name != "last"]


def _values(held: Mapping[str, str]) -> dict[str, Any]:
    return {name: int(text) if text.isdigit() else text for name, text in held.items()}


def _regex(pattern: str, last: int) -> str:
    """The regular expression of a pattern, a named group for each hole; one that is repeated must hold the same."""
    parts, at, seen = [], 0, set()
    for hole in _HOLE.finditer(pattern):
        parts.append(re.escape(pattern[at : hole.start()]))
        name, before, allowed = hole.groups()
        if name == "last":
            parts.append(str(last - int(before or 0)))
        elif name in seen:
            parts.append(f"(?P={name})")
        else:
            parts.append(f"(?P<{name}>{allowed or '[0-9]+'})")
            seen.add(name)
        at = hole.end()
    return "".join(parts) + re.escape(pattern[at:])
