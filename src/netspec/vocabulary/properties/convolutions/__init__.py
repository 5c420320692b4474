"""What must hold of the convolutions."""

from netspec.vocabulary.properties.convolutions.layers import DILATED, GROUPED, SEPARABLE, TRANSPOSED, TWO_AXES
from netspec.vocabulary.properties.convolutions.moving import DEFORMABLE, HYENA, OCTAVE
from netspec.vocabulary.properties.convolutions.sides import CAUSAL, FOUR_AXES, ONE_AXIS, THREE_AXES

TERMS = (
    FOUR_AXES,
    ONE_AXIS,
    CAUSAL,
    TWO_AXES,
    THREE_AXES,
    DILATED,
    TRANSPOSED,
    SEPARABLE,
    GROUPED,
    DEFORMABLE,
    OCTAVE,
    HYENA,
)
