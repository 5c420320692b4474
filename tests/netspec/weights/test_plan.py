"""Weights from a library and back: nothing is lost on the way, and what does not fit is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import netspec
import netspec.weights
from netspec import exact
from netspec.weights import cases, families, naming, transfer
from netspec.weights.parity import Case
from netspec.weights.plan import WeightsError
from netspec.weights.rules import Rule, Table

CASES = Path(__file__).parents[1] / "modules/parity"
#: Recorded cases of less than so many parameters, whose tensors are drawn quickly.
LARGEST = 2_000_000


LAST = Rule("layers.7", "last")


def small_cases():
    found = []
    for folder in sorted(path.parent for path in CASES.glob("*/manifest.json")):
        case = Case(folder)
        try:
            cases.twin_of(case)
        except WeightsError:
            continue
        if case.parameters < LARGEST:
            found.append(folder.name)
    return found


def lenet(**changes):
    """LeNet-5 and drawn tensors as PyTorch would have them, some of them changed."""
    spec = exact.find("lenet5").spec()
    drawn = np.random.default_rng(0)
    shapes = transfer.planned(spec, transfer.abstract(spec), naming.table_of(spec)).names
    tensors = {name: drawn.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return spec, {name: tensor for name, tensor in {**tensors, **changes}.items() if tensor is not None}


@pytest.mark.thinned(3)
@pytest.mark.slow
@pytest.mark.parametrize("name", small_cases())
def test_what_is_loaded_is_exported_again_to_the_last_bit(name):
    """Fused, split, permuted, grouped and tied tensors of every family that has a small network."""
    case = Case(CASES / name)
    twin = cases.twin_of(case)
    plan = transfer.planned(twin.spec, transfer.abstract(twin.spec), twin.table)
    back = plan.to_theirs(plan.to_ours(case.tensors))
    buffers = {one for one in case.tensors if twin.table.known_buffers.fullmatch(one) and one not in plan.names}
    assert back.keys() - twin.table.tied.keys() == case.tensors.keys() - buffers - twin.table.tied.keys()
    for tensor in back.keys() & case.tensors.keys():
        np.testing.assert_array_equal(back[tensor], case.tensors[tensor], err_msg=tensor)


@pytest.mark.exhaustive
def test_a_network_by_the_api_is_the_one_by_hand():
    """From a mapping; from a file in either naming; and back under the library's names."""
    spec, tensors = lenet()
    network = netspec.weights.load(spec, tensors)
    x = np.random.default_rng(1).normal(size=(2, 32, 32, 1)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(x[..., 0], (5, 5), (1, 2))
    first = np.einsum("bhwkl,okl->bhwo", windows, tensors["conv1.weight"][:, 0]) + tensors["conv1.bias"]
    np.testing.assert_allclose(network.layers[0](x), np.maximum(first, 0), rtol=1e-4, atol=1e-4)
    back = netspec.weights.export(spec, network)
    assert back.keys() == tensors.keys()
    for name in tensors:
        np.testing.assert_array_equal(back[name], tensors[name])
    again = netspec.weights.load(spec, netspec.canonical_state(network))
    np.testing.assert_array_equal(again(x), network(x))


def test_half_precision_is_loaded_as_float32():
    spec, tensors = lenet()
    network = netspec.weights.load(spec, {name: tensor.astype(np.float16) for name, tensor in tensors.items()})
    found = netspec.weights.export(spec, network)
    assert all(tensor.dtype == np.float32 for tensor in found.values())
    np.testing.assert_array_equal(found["fc1.weight"], tensors["fc1.weight"].astype(np.float16))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"fc1.bias": None}, "1 tensors are missing from the file: fc1.bias"),
        ({"head.bias": np.ones(3, np.float32)}, "1 tensors of the file have no place: head.bias; nearest to head.bias"),
        ({"fc1.bias": np.ones(3, np.float32)}, r"fc1.bias has shape \(3,\), expected \(120,\)"),
        ({"fc1.bias": np.ones(120, np.int64)}, "fc1.bias is of type int64, expected floating-point numbers"),
        ({"fc1.bias": np.ones(120, np.complex64)}, "fc1.bias is of type complex64, expected floating-point numbers"),
    ],
    ids=["missing", "surplus", "shape", "integers", "complex"],
)  # fmt: skip
def test_what_does_not_fit_is_named(changes, says):
    with pytest.raises(WeightsError, match=f"^lenet5: {says}"):
        netspec.weights.load(*lenet(**changes))


def test_counters_are_no_parameters():
    spec = exact.find("resnet20_cifar_a").spec()
    names = transfer.planned(spec, transfer.abstract(spec), naming.table_of(spec)).names
    tensors = {name: np.ones(shape, np.float32) for name, shape in names.items()}
    norm = next(name for name in names if name.endswith("running_mean")).removesuffix("running_mean")
    netspec.weights.load(spec, {**tensors, f"{norm}num_batches_tracked": np.array(7)})


class TestTied:
    """One tensor under two names: LeNet's, as if a library kept the bias of its head twice."""

    @pytest.fixture
    def plan(self):
        spec, tensors = lenet()
        table = replace(naming.table_of(spec), tied={"again": "fc3.bias"})
        return transfer.planned(spec, transfer.abstract(spec), table), tensors

    def test_either_name_will_do(self, plan):
        plan, tensors = plan
        whole = plan.to_ours({**tensors, "again": tensors["fc3.bias"].copy()})
        alone = plan.to_ours({("again" if name == "fc3.bias" else name): one for name, one in tensors.items()})
        for name in whole:
            np.testing.assert_array_equal(whole[name], alone[name])
        np.testing.assert_array_equal(plan.to_theirs(whole)["again"], tensors["fc3.bias"])

    def test_two_that_differ_are_refused(self, plan):
        plan, tensors = plan
        with pytest.raises(WeightsError, match=r"again is not fc3.bias, expected the same tensor under both names"):
            plan.to_ours({**tensors, "again": tensors["fc3.bias"] + 1})


class TestExport:
    """The other way: our tensors are checked before any of the library's is made."""

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda t: {k: v for k, v in t.items() if k != "layers.7.bias"}, "1 tensors are missing: layers.7.bias"),
            (lambda t: t | {"layers.9.bias": t["layers.7.bias"]}, "1 tensors are none of its own: layers.9.bias"),
            (lambda t: t | {"layers.7.bias": np.ones(3, np.float32)}, r"layers.7.bias has shape \(3,\), expected"),
            (lambda t: t | {"layers.7.bias": np.ones(10, np.int8)}, "layers.7.bias is of type int8, expected floating"),
        ],
        ids=["missing", "surplus", "shape", "integers"],
    )  # fmt: skip
    def test_what_does_not_fit_is_named(self, change, says):
        spec, tensors = lenet()
        table = naming.table_of(spec)
        ours = transfer.planned(spec, transfer.abstract(spec), table).to_ours(tensors)
        with pytest.raises(WeightsError, match=f"^lenet5: {says}"):
            transfer.exported(spec, change(ours), table)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ((Rule("layers.{k}.{p:conv|linear}", "same"), LAST), "use same.bias more than once, or leave"),
        ((Rule("layers.0.conv", "conv"),), r"no rule is about layers.2.conv.bias \(16,\); the nearest is 'layers.0"),
        (
            (Rule("layers.0.conv", "conv", piece=(0, 1, 3)), Rule("layers.{k}.{p:conv|linear}", "n{k}"), LAST),
            "use conv.bias more than once, or leave a part of it",
        ),
    ],
    ids=["twice", "none", "piece"],
)  # fmt: skip
def test_a_table_that_does_not_fit_its_network_is_told(rules, says):
    spec = exact.find("lenet5").spec()
    with pytest.raises(WeightsError, match=says):
        transfer.planned(spec, transfer.abstract(spec), Table(rules))


def test_a_file_of_another_number_of_classes_tells_how_many():
    spec = exact.find("lenet5").spec()
    fewer = exact.find("lenet5").spec(4)
    names = transfer.planned(fewer, transfer.abstract(fewer), naming.table_of(fewer)).names
    theirs = {name: np.zeros(shape, np.float32) for name, shape in names.items()}
    ours = naming.ours(fewer, theirs)
    assert [naming.of_as_many_classes(spec, one).output_shape for one in (theirs, ours)] == [(4,), (4,)]
    assert naming.is_ours(ours) and not naming.is_ours(theirs)
    assert naming.of_as_many_classes(spec, {}).output_shape == (10,)


def test_a_network_without_rules_says_which_there_are():
    spec = netspec.find("ViT-Digits")
    with pytest.raises(
        WeightsError, match=r"ViT-Digits names no rules for weights, expected one of .*torchvision_resnet"
    ):
        netspec.weights.load(spec, {"x": np.ones(1, np.float32)})
    assert families.find("lenet5") is naming.table_of(spec, "lenet5")
