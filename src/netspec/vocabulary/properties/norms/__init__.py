"""What must hold of the norms."""

from netspec.vocabulary.properties.norms import layers, statistics, weights

TERMS = (*layers.TERMS, *statistics.TERMS, *weights.TERMS, statistics.ADAIN)
