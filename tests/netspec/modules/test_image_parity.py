"""Convolutional networks give the outputs and gradients of published ones."""

import classifier_twins
import dense_twins
import detector_twins
import pytest
from twins import compare

TWINS = classifier_twins.TWINS | dense_twins.TWINS | detector_twins.TWINS


@pytest.mark.parametrize("name", TWINS)
def test_outputs_and_gradients_are_the_published_ones(name):
    compare(name, TWINS[name])
