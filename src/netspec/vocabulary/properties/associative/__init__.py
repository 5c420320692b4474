"""What must hold of memories, maps and other algebras."""

from netspec.vocabulary.properties.associative import algebras, maps, memories

TERMS = (maps.STACKED, *algebras.TERMS, *memories.TERMS[:2], *maps.TERMS, *memories.TERMS[2:])
