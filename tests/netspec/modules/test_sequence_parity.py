"""Networks over sequences and structures give the outputs and gradients of published ones."""

import protein_twins
import pytest
import sequence_twins
from twins import compare

TWINS = protein_twins.TWINS | sequence_twins.TWINS


@pytest.mark.parametrize("name", TWINS)
def test_outputs_and_gradients_are_the_published_ones(name):
    compare(name, TWINS[name])
