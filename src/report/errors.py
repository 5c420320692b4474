"""The one error a reader of the command line sees: a sentence naming the file, the key and what was expected."""

from __future__ import annotations


class ReportError(Exception):
    """An input that the report cannot be made from."""
