"""What must hold of personas."""

from __future__ import annotations

from netspec.vocabulary.properties.personas import identity, manners

TERMS = (*manners.TERMS, *identity.TERMS)
