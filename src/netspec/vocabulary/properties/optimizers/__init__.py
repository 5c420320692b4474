"""What must hold of the optimizers."""

from __future__ import annotations

from netspec.vocabulary.entry import entries
from netspec.vocabulary.properties.optimizers import adaptive, around, estimated, layerwise, momentum

#: The document's order is that of its rows.
_ROWS = list(entries())

TERMS = tuple(
    sorted(
        (*momentum.TERMS, *adaptive.TERMS, *estimated.TERMS, *layerwise.TERMS, *around.TERMS),
        key=lambda term: _ROWS.index(term.id),
    )
)
