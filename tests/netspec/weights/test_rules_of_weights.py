"""Rules by themselves: what a pattern matches and gives, and that every one of them is about something."""

import csv
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest

from netspec import exact
from netspec.weights import cases, constructors, families
from netspec.weights.canonical import canonical_state
from netspec.weights.parity import Case
from netspec.weights.plan import WeightsError, rule_of
from netspec.weights.rules import Rule, Table, filled, holes
from netspec.weights.transfer import abstract

CASES = Path(__file__).parents[1] / "modules/parity"
#: Constructors of libraries, see test_constructors.py.
CONSTRUCTED = Path(__file__).with_name("constructed.tsv")
MORE = "torchvision.models.detection.retinanet_resnet50_fpn(weights=None, weights_backbone=None).head"
#: Rules that a table has of others that it is made like, and that none of its networks needs.
SPARE = {
    ("gpt1", "layers.1.norm"): "the last norm, which GPT-2 added",
    ("yolo11", "additions"): "blocks without bottlenecks of their own",
    ("autoencoder_kl", "projection"): "the time, which only denoisers are told",
    ("torchvision_fpn", "layers.2.conv"): "the level P7, which only RetinaNet adds",
    ("torchvision_fpn_bn", "layers.2.conv"): "the same",
}


def is_spare(table, rule):
    ends = [end for name, end in SPARE if name == table]
    return any(end in rule.ours or (end == "additions" and "{deep:" in rule.ours) for end in ends)


@pytest.mark.parametrize(
    ("pattern", "path", "held"),
    [
        ("layers.{s}.conv", "layers.12.conv", {"s": 12}),
        ("layers.{s}.conv", "layers.12.conv1", None),  # as a whole,
        ("layers.{s}.conv", "x.layers.12.conv", None),  # at both ends,
        ("layers.{s}.conv", "layersX12Xconv", None),  # and dots are dots
        ("layers.{last}.{p:conv|norm}", "layers.9.norm", {"p": "norm"}),
        ("layers.{last-2}", "layers.7", {}),
        ("layers.{last-2}", "layers.9", None),
        ("a.{k}.b.{k}", "a.3.b.3", {"k": 3}),
        ("a.{k}.b.{k}", "a.3.b.4", None),
    ],
)
def test_a_pattern_matches_a_path_as_a_whole(pattern, path, held):
    assert Rule(pattern, "").match(path, last=9) == held


def test_a_template_is_computed_from_what_was_found():
    assert filled("layer{s-1}.{b}.conv{k+1}", {"s": 2, "b": 0, "k": 1}) == "layer1.0.conv2"
    assert holes("layers.{s}.{p:conv|norm}.{last-1}.{k}") == ["s", "p", "k"]


def test_running_numbers_count_in_the_order_of_the_network():
    table = Table((), numbers={"n": "layers.{s}.layers.{b}"})
    paths = ["layers.10.layers.0.kernel", "layers.2.layers.1.kernel", "layers.2.layers.0.bias", "layers.3.kernel"]
    assert table.running(paths, 10)["n"] == {(2, 0): 0, (2, 1): 1, (10, 0): 2}


def test_an_unknown_table_is_told():
    with pytest.raises(WeightsError, match=r"no rules are called 'resnet'; there are .*torchvision_resnet"):
        families.find("resnet")


def test_every_published_network_has_a_table_that_there_is():
    assert {network.rules for network in exact.networks().values()} - {""} <= families.tables().keys()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_rule_is_that_of_some_tensor():
    """A rule that no network meets is a mistake in its pattern, or in one before it that matches too much."""
    tables, specs = families.tables(), defaultdict(list)
    for network in exact.networks().values():
        if network.rules:
            specs[network.rules].append(network.spec)
    names = {id(table): name for name, table in tables.items()}
    rows = csv.DictReader(CONSTRUCTED.read_text().splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    for text in (MORE, *(row["constructor"] for row in rows)):
        twin = constructors.constructed(text)
        if id(twin.table) in names:
            specs[names[id(twin.table)]].append(lambda spec=twin.spec: spec)
    for folder in CASES.glob("*/manifest.json"):
        with suppress(WeightsError):
            twin = cases.twin_of(Case(folder.parent))
            for one in (twin, *twin.pieces):
                specs[names.get(id(one.table), "")].append(lambda spec=one.spec: spec)
    unmet = {}
    for name, table in tables.items():
        left = [rule for rule in table.rules if not is_spare(name, rule)]
        for spec in sorted((make() for make in specs[name]), key=lambda spec: spec.params):
            if not left:
                break
            last = len(spec.layers) - 1
            met = [found[0] for path in canonical_state(abstract(spec)) if (found := rule_of(table, path, last))]
            left = [rule for rule in left if rule not in met]
        if left:
            unmet[name] = [rule.ours for rule in left]
    assert not unmet
