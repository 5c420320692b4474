"""What must hold of the blocks that networks are made of, as described and as computed."""

from netspec.vocabulary.properties.blocks import parallel, residual

TERMS = (*residual.TERMS, *parallel.TERMS)
