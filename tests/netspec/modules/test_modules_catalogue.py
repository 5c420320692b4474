"""Every network of the catalogue: built with as many parameters as counted, leaving the announced shapes."""

import pytest
from abstract_networks import evaluate

from netspec import catalogue


@pytest.mark.parametrize("spec", catalogue.specs(), ids=lambda spec: spec.name)
def test_the_network_has_the_counted_parameters_and_the_announced_shapes(spec):
    assert evaluate(spec) == (spec.params, spec.output_shape)
