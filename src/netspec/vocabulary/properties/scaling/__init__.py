"""What must hold of what makes networks smaller, and trains them in less memory or on several devices."""

from __future__ import annotations

from netspec.vocabulary.entry import entries
from netspec.vocabulary.properties.scaling import compression, parallel, precision

#: The document's order is that of its rows.
_ROWS = list(entries())

TERMS = tuple(sorted((*compression.TERMS, *precision.TERMS, *parallel.TERMS), key=lambda term: _ROWS.index(term.id)))
