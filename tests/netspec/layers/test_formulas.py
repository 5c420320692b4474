"""Each primitive's parameter formula and multiply-adds against the tensors and products written out one by one."""

import pytest
from primitive_cases import CASES
from tally import TALLIES, tally

from netspec import catalogue
from netspec import layers as L
from netspec.layers.base import Primitive


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0]))
def test_params_and_macs_are_those_of_the_tensors(case):
    layer, arrived, *read = case
    layer.check()
    layer.output_shape(arrived, *read)
    written_out = tally(layer, arrived, *read)
    assert layer.params() == written_out.params
    assert layer.macs(arrived, *read) == written_out.macs


def test_every_primitive_is_written_out_and_tried():
    primitives = {layer for layer in vars(L).values() if isinstance(layer, type) and issubclass(layer, Primitive)}
    primitives.discard(Primitive)
    assert set(TALLIES) == primitives
    assert {type(case[0]) for case in CASES} == primitives


@pytest.mark.parametrize("spec", catalogue.specs(), ids=lambda spec: spec.name)
def test_whole_networks_are_the_tensors_written_out(spec):
    for row in spec.flat():
        if isinstance(row.layer, Primitive) and ".copy " not in row.path:
            written_out = tally(row.layer, row.arrived, *row.read)
            assert row.layer.params() == written_out.params, row.path
            assert row.layer.macs(row.arrived, *row.read) == written_out.macs, row.path
