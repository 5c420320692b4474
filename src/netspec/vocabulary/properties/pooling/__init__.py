"""What must hold of the pools."""

from netspec.vocabulary.properties.pooling import drawn, sides, windows

TERMS = (*windows.TERMS, *sides.TERMS, *drawn.TERMS)
