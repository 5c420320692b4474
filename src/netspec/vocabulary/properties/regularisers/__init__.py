"""What must hold of the regularisers."""

from netspec.vocabulary.properties.regularisers import dropping, kinds, mixing, penalties

TERMS = (*dropping.TERMS, *kinds.TERMS, *mixing.TERMS, *penalties.TERMS)
