"""Equal counts do not make equal functions: what the recorded words say is what small networks do."""

import csv
from dataclasses import replace
from importlib import resources

import pytest

from netspec import Conventions, catalogue, counts, exact, functions

pytestmark = pytest.mark.slow


def recorded():
    text = resources.files("netspec.reference").joinpath("book_functions.csv").read_text(encoding="utf-8")
    return {row["spec"]: row for row in csv.DictReader(text.splitlines())}


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["LeNet-5", "ResNet-18", "ShuffleNet v2 0.5×", "MobileNet-v2"])
def test_small_networks_compute_what_is_recorded(name):
    row = recorded()[name]
    spec = catalogue.find(name)
    found = functions.found(spec, exact.find(row["published"]), spec.output_shape[-1])
    assert (found.function, found.reason) == (row["function"], row["reason"])
    assert counts.count(catalogue.find(name)).in_function.word == row["function"]


@pytest.mark.exhaustive
def test_another_convention_is_told_and_named():
    lenet = catalogue.find("LeNet-5")
    published = exact.find("lenet5")
    assert functions.found(lenet, published, 10).function == "exact"
    other = replace(published, make=lambda: replace(published.spec(10), conventions=Conventions(relu="relu6")))
    found = functions.found(lenet, other)
    assert found.function in ("exact", "differs")  # tanh stays; a convention that nothing uses changes nothing
    resnet = catalogue.find("ResNet-18")
    other = replace(exact.find("resnet18"), make=lambda: resnet_with(batch_norm_epsilon=1e-2))
    assert functions.found(resnet, other).reason == "batch norm epsilon 1e-05 for 0.01"


def resnet_with(**conventions):
    spec = exact.find("resnet18").spec()
    return replace(spec, conventions=replace(spec.conventions, **conventions))


@pytest.mark.exhaustive
def test_another_layer_and_other_tensors_are_told():
    assert functions.found(catalogue.find("ResNet-34"), exact.find("resnet34"), 10).reason == (
        "first in a layer MaxPool: window 2 for 3"
    )
    assert functions.found(catalogue.find("LeNet-5"), exact.find("resnet18")).function == "not compared"


def test_every_equal_count_that_a_library_has_is_recorded():
    named = {(one.family, variant, one.piece) for one in exact.networks().values() for variant in one.variants}
    rows = recorded()
    for spec in catalogue.specs():
        one = counts.count(spec)
        if one.kind == "exact" and one.reference and " & " not in one.reference.implementation:
            key, _ = functions._key(one.reference.implementation)
            assert (spec.name in rows) == (key in named), spec.name
