"""``netspec diff``: what is aligned with what, and that the differences add up."""

import json
from itertools import pairwise

import pytest

from netspec import NetSpec, catalogue
from netspec.cli import main
from netspec.cli.compare import Pair, align, lines
from netspec.layers import Conv2d, Dense, Flatten, Heads, MaxPool, Residual


def pairs(first, second):
    return list(align(catalogue.find(first), catalogue.find(second)))


@pytest.mark.parametrize("spec", catalogue.specs()[::9], ids=lambda spec: spec.name)
def test_nothing_differs_from_itself(spec):
    assert {pair.change for pair in align(spec, spec)} == {"same"}


@pytest.mark.parametrize("couple", list(pairwise(catalogue.variants()))[::5], ids=lambda c: f"{c[0].name}, {c[1].name}")
def test_every_layer_stands_once_and_in_order(couple):
    aligned = list(align(*couple))
    for side, spec in zip(("first", "second"), couple, strict=True):
        rows = [getattr(pair, side) for pair in aligned if getattr(pair, side)]
        assert [row.path for row in rows] == [row.path for row in spec.flat() if "copy" not in row.path]


def test_a_deeper_net_of_the_same_kind_differs_in_one_field():
    (changed,) = [pair for pair in pairs("DETR-R50 (whole)", "DETR-R101 (whole)") if pair.change != "same"]
    assert changed.fields() == {"n_blocks": (6, 23)}
    assert set(changed.numbers()) == {"params", "macs"}


def test_an_inserted_layer_is_added():
    vgg = pairs("VGG-11", "VGG-13")
    added = [pair for pair in vgg if pair.change == "added"]
    assert len(added) == 2
    assert not [pair for pair in vgg if pair.change == "removed"]


def test_the_differences_add_up():
    first, second = catalogue.find("resnet-18"), catalogue.find("resnet-50")
    moved = [pair.numbers().get("params", (0, 0)) for pair in align(first, second)]
    assert sum(new - old for old, new in moved) == second.params - first.params


def test_what_combinators_hold_is_compared_inside():
    def spec(kernel):
        return NetSpec("r", (8, 8, 4), (Residual(Conv2d(4, 4, kernel)), Heads({"a": Flatten(), "b": MaxPool(2, 2)})))

    changed = [pair for pair in align(spec(3), spec(5)) if pair.change == "changed"]
    assert [(pair.first.path, pair.fields()) for pair in changed] == [("0", {}), ("0.body.0", {"kernel": (3, 5)})]


def test_an_equal_layer_on_another_size_is_changed():
    small, large = (NetSpec("x", (n, n, 1), (Conv2d(1, 2, 3),)) for n in (8, 16))
    (pair,) = align(small, large)
    assert pair.change == "changed"
    assert pair.fields() == {}
    assert "output 8×8×2 → 16×16×2" in "\n".join(lines(small, large, [pair]))


def test_a_layer_without_counterpart():
    row = NetSpec("x", (4,), (Dense(4, 2),)).rows[0]
    assert (Pair(row, None).change, Pair(None, row).change) == ("removed", "added")
    assert Pair(None, row).numbers() == {"params": (0, 10), "macs": (0, 8), "activations": (0, 2)}


def test_text(capsys):
    assert main(["diff", "detr-r50 (whole)", "detr-r101 (whole)"]) == 0
    out = capsys.readouterr().out
    first, second = catalogue.find("detr-r50 (whole)"), catalogue.find("detr-r101 (whole)")
    assert out.startswith("- DETR-R50 (whole)\n+ DETR-R101 (whole)\n\n  0  0  ConvBN(3, 64, 7, stride=2)\n")
    assert "\n~ 4  4  BottleneckBlock(512, 1024, 6, 2)\n          n_blocks 6 → 23 · parameters 7,098,368" in out
    assert f"{first.params:,}  " in out
    assert f"+{second.params - first.params:,}  × 1.46" in out
    assert max(map(len, out.splitlines())) <= 100


def test_json(capsys):
    assert main(["diff", "VGG-11", "VGG-13", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    first, second = catalogue.find("VGG-11"), catalogue.find("VGG-13")
    assert record["difference"]["params"] == second.params - first.params
    assert record["difference"]["macs"] == second.macs - first.macs
    assert [layer["change"] for layer in record["layers"]].count("added") == 2
    assert record["layers"][0]["first"]["text"] == str(first.layers[0])


def test_either_side_may_be_unknown(capsys):
    assert main(["diff", "resnet-18", "resnet-19"]) == 2
    assert "unknown architecture 'resnet-19'" in capsys.readouterr().err
