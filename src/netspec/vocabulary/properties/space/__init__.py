"""What must hold of networks for sets, paths, frames, rules, splats and sounds."""

from netspec.vocabulary.properties.space import sensing, structures

TERMS = (*structures.TERMS, *sensing.TERMS)
