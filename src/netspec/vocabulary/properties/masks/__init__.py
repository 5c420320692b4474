"""What must hold of masks and of the ways in which data flow."""

from netspec.vocabulary.properties.masks.directions import (
    ANTICAUSAL_ATTENTION,
    AUTOREGRESSIVE,
    CAUSAL,
    OSCILLATING,
    PREFIX,
)
from netspec.vocabulary.properties.masks.flows import ENCODER_DECODER, RECURRENT
from netspec.vocabulary.properties.masks.patterns import DILATED, FACTORIZED, RANDOM, SLIDING, SPARSE

TERMS = (
    CAUSAL,
    SPARSE,
    FACTORIZED,
    OSCILLATING,
    ANTICAUSAL_ATTENTION,
    SLIDING,
    DILATED,
    RANDOM,
    AUTOREGRESSIVE,
    ENCODER_DECODER,
    PREFIX,
    RECURRENT,
)
