"""The network that a configuration names: one of the catalogue, or a spec of one's own in a Python file."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import netspec
from netspec import NetSpec, SpecError
from netspec.cli import sources
from netspec.layers.attention import Attention
from train.config import written

#: A network of that name with an attention in place of its own: of a Python file, or written out.
WITH = re.compile(r"(.+?) with (\S+\.py:\w+|Attention\(.*\))", re.DOTALL)


@cache
def model_of(name: str) -> NetSpec:
    """The spec called ``name`` in the catalogue, or ``FILE.py:NAME``, relative to the current folder, as on netspec's
    command line: the file is run as code, once per process.

    What enters a result is the spec itself, so that editing the file retrains what its layers change, and nothing for a
    comment. ``NETWORK with FILE.py:NAME`` is a network whose transformers have the attention that is there (a value of
    :class:`netspec.layers.attention.Attention`), and so is ``NETWORK with Attention(kv_heads=1, positions="rope")``,
    which is read by :mod:`train.config.written` and not run.

    Raises :class:`netspec.SpecError` naming the file and line of what is wrong.
    """
    if changed := WITH.fullmatch(name):
        part = own(changed[2]) if sources.is_file(changed[2]) else written.attention(changed[2])
        return with_attention(model_of(changed[1]), part, name)
    if not sources.is_file(name):
        return netspec.find(name)
    try:
        return sources.one(name)
    except sources.CommandError as error:
        raise SpecError(str(error)) from None


def own(argument: str) -> Any:
    """The value of ``FILE.py:NAME``; the file is run as code. Raises :class:`netspec.SpecError` naming a mistake."""
    try:
        return sources.value(argument)
    except sources.CommandError as error:
        raise SpecError(str(error)) from None


def with_attention(spec: NetSpec, attention: Any, name: str) -> NetSpec:
    """``spec``, called ``name``, with this attention in all of its layers that have one.

    Raises :class:`netspec.SpecError` where it is no attention, or no layer has one.
    """
    if not isinstance(attention, Attention):
        raise SpecError(f"{name}: is {type(attention).__name__}, expected a value of netspec's Attention")
    changed = tuple(_changed(layer, attention) for layer in spec.layers)
    if changed == spec.layers and not any(_has_attention(layer) for layer in spec.layers):
        raise SpecError(f"{name}: {spec.name} has no layer with attention, expected a transformer")
    return replace(spec, name=name, layers=changed)


def _has_attention(layer: Any) -> bool:
    return is_dataclass(layer) and any(isinstance(getattr(layer, one.name), Attention) for one in fields(layer))


def _changed(layer: Any, attention: Attention) -> Any:
    if not _has_attention(layer):
        return layer
    names = [one.name for one in fields(layer) if isinstance(getattr(layer, one.name), Attention)]
    return replace(layer, **dict.fromkeys(names, attention))
