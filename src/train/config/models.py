"""The network that a configuration names: one of the catalogue, or a spec of one's own in a Python file."""

from __future__ import annotations

from functools import cache

import netspec
from netspec import NetSpec, SpecError
from netspec.cli import sources


@cache
def model_of(name: str) -> NetSpec:
    """The spec called ``name`` in the catalogue, or ``FILE.py:NAME``, relative to the current folder, as on netspec's
    command line: the file is run as code, once per process.

    What enters a result is the spec itself, so that editing the file retrains what its layers change, and nothing for a
    comment. Raises :class:`netspec.SpecError` naming the file and line of what is wrong.
    """
    if not sources.is_file(name):
        return netspec.find(name)
    try:
        return sources.one(name)
    except sources.CommandError as error:
        raise SpecError(str(error)) from None
