"""Networks over sequences, and attention networks, give the outputs and gradients of published ones."""

import attention_twins
import protein_twins
import pytest
import sequence_twins
from twins import compare

TWINS = attention_twins.TWINS | protein_twins.TWINS | sequence_twins.TWINS


@pytest.mark.parametrize("name", TWINS)
def test_outputs_and_gradients_are_the_published_ones(name):
    compare(name, TWINS[name])
