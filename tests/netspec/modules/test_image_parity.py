"""A detector with attention gives the outputs and gradients of published ones."""

import attention_twins
import pytest
from twins import compare

TWINS = attention_twins.TWINS


@pytest.mark.parametrize("name", TWINS)
def test_outputs_and_gradients_are_the_published_ones(name):
    compare(name, TWINS[name])
