"""T5 of transformers."""

from netspec.weights.rules import Table

TABLES: dict[str, Table] = {}
