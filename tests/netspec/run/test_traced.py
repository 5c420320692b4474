"""Every network of the catalogue: built with as many parameters as counted, leaving the announced shapes."""

import pytest

import netspec
from netspec import catalogue
from netspec import layers as L
from netspec.run.traced import Traced

pytestmark = pytest.mark.slow

#: XLA counts every floating-point operation and no padding, ours counts products and padding; see below.
LEAST, MOST = 0.79, 1.18

#: XLA counts an error function as tens of operations, a third of what narrow encoders with exact GELUs do, and the body
#: of a loop once. Padding is three quarters of what the atrous windows of the tiny one read, and
#: more than half of what windows read at the bottom of networks for 8 pixels, which has 2×2.
NOT_XLA = {
    "tiny-RoBERTa",
    "tiny-DistilBERT",
    "tiny-ELECTRA",
    "DDPM-Digits",
    "DDPM-Digits (sin/cos)",
    "DDPM-Digits (per block)",
    "DDPM-Digits (attention)",
    "AlphaFold 2 (Evoformer + StructureModule)",
    "AlphaFold 2 Mini (16 + 4)",
    "tiny-Evoformer (4 blocks)",
    "tiny-DeepLab v3+",
}


def elementwise(spec):
    """Multiply-adds that a layer counts and its module does without a matrix product, less those it adds."""
    total = 0
    for row in spec.flat():
        if isinstance(row.layer, L.MambaBlock):  # the scan: input and recurrence of every state entry
            layer = row.layer
            total += layer.n_blocks * row.arrived[0] * 2 * layer.expand * layer.width * layer.state_size
        elif isinstance(row.layer, L.StructureModule):
            r, heads, queries, values = row.arrived["single"][0], 12, 4, 8
            distances = r * r * heads * queries * 3
            to_common = r * heads * (queries + queries + values) * 9  # rotations, which do not count
            back, update = r * heads * values * 9, r * 9
            total += row.layer.n_blocks * (distances - to_common - back - update)
    return total


def traced_here(spec):
    """All, but of the vocabulary's language models those that are smaller ones with more and wider blocks.

    Their counts are compared with those of implementations all the same. The one with shared keys stays.
    """
    return spec.provenance.role != "vocabulary" or spec.params < 10**9 or spec.name == "LLaMA-2-70B"


#: The smallest network of each entry, the last of what is sorted by size: asking XLA takes as long as all the rest, and
#: others of an entry differ in widths and depths.
SMALLEST = {
    spec.provenance.entry: spec.name for spec in sorted(catalogue.specs(), key=lambda spec: spec.params, reverse=True)
}


CASES = [
    pytest.param(spec, id=spec.name, marks=[] if spec.name in SMALLEST.values() else [pytest.mark.exhaustive])
    for spec in filter(traced_here, catalogue.specs())
]


@pytest.mark.parametrize("spec", CASES)
def test_the_network_is_the_one_described(spec):
    traced = Traced(spec)
    assert traced.params == spec.params
    assert traced.leaves == spec.output_shape
    assert traced.multiply_adds == spec.macs - elementwise(spec)
    if spec.macs and spec.name in SMALLEST.values() and spec.name not in NOT_XLA:
        assert LEAST <= traced.traced.lower().cost_analysis()["flops"] / (2 * spec.macs) <= MOST


def test_training_changes_no_shape():
    traced = Traced(netspec.find("ResNet-18"), batch=2, training=True)
    assert traced.leaves == (1000,)
