"""What must hold of the activation functions."""

from netspec.vocabulary.properties.activations import rectifiers, smooth, squashing

TERMS = (*rectifiers.TERMS, *smooth.TERMS, *squashing.TERMS)
