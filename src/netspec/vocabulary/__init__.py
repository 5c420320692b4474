"""The vocabulary: every term of the document as something to look up, to import and to hold to a property.

``find("gqa")`` gives an :class:`~netspec.vocabulary.entry.Entry`, whose ``load()`` imports what it means; the functions
stand in a module a family, such as :mod:`netspec.vocabulary.activations`, and what must hold of them in
:mod:`netspec.vocabulary.properties`. Importing this imports no jax.
"""

from netspec.vocabulary.entry import EXECUTABLE, FAMILIES, STATUSES, Entry, Erratum, entries, errata
from netspec.vocabulary.search import find, search
from netspec.vocabulary.term import Mistake, Property, Term

__all__ = [
    "EXECUTABLE",
    "FAMILIES",
    "STATUSES",
    "Entry",
    "Erratum",
    "Mistake",
    "Property",
    "Term",
    "entries",
    "errata",
    "find",
    "search",
]
