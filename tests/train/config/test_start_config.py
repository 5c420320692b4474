"""``start`` in recipes and cells: a file alone or a block, what a cell changes of it, and what is refused."""

import pytest
from configuration import edit, load

from train import config
from train.config.cell import Start
from train.config.schema import ConfigError

RECIPE = "recipes/digits.yaml"


def cell(folder, start, change=""):
    """The resolved cell ``bare`` where recipe and cell have these lines."""
    edit(folder, RECIPE, "extends: baselines", f"extends: baselines\n{start}")
    if change:
        edit(folder, "cells/ablation.yaml", "  bare:\n", f"  bare:\n    recipe: {{start: {change}}}\n")
    return load(folder).cells["bare"]


@pytest.mark.parametrize(
    ("start", "change", "expected"),
    [
        ("start: null", "", None),
        ("start: a.npz", "", Start("a.npz")),
        ("start: {file: a.npz, freeze: [layers.0], rates: {body: 0.1}}", "",
         Start("a.npz", freeze=("layers.0",), rates={"body": 0.1})),
        ("start: a.npz", "{freeze: [body]}", Start("a.npz", freeze=("body",))),
        ("start: {file: a.npz, freeze: [body]}", "{head: new}", Start("a.npz", head="new", freeze=("body",))),
        ("start: {file: a.npz, freeze: [body]}", "b.npz", Start("b.npz")),
        ("start: {file: a.npz, freeze: [body]}", "{file: b.npz}", Start("b.npz")),
        ("start: {file: a.npz, freeze: [body]}", "null", None),
        ("start: {file: a.npz, network: resnet18}", "", Start("a.npz", network="resnet18")),
    ],
)  # fmt: skip
def test_what_is_written_is_what_a_run_is_told(folder, start, change, expected):
    assert config.parse_cell(cell(folder, start, change)).start == expected


def test_a_file_and_a_block_of_it_alone_are_the_same(folder):
    short = cell(folder, "start: a.npz")["start"]
    edit(folder, RECIPE, "start: a.npz", "start: {file: a.npz, head: auto}")
    assert load(folder).cells["bare"]["start"] == short


def test_what_is_frozen_decides_a_result(folder):
    first = config.fingerprint(cell(folder, "start: a.npz"))
    edit(folder, RECIPE, "start: a.npz", "start: {file: a.npz, freeze: [body]}")
    assert config.fingerprint(load(folder).cells["bare"]) != first


def test_a_seed_has_its_own_file():
    assert str(Start("results/{seed}/w.npz").path(3)) == "results/3/w.npz"


@pytest.mark.parametrize(
    ("start", "change", "says"),
    [
        ("start: 3", "", "key 'start' is 3, expected a mapping of keys or a string or null"),
        ("start: {freeze: [body]}", "", "key 'start': 'file' is missing"),
        ("start: {file: a.npz, freze: [body]}", "", "unknown key 'start.freze'; did you mean 'freeze'?"),
        ("start: {file: a.npz, freeze: body}", "", "key 'start.freeze' is \"body\", expected a list"),
        ("start: {file: a.npz, freeze: []}", "", "key 'start.freeze' is an empty list, expected at least 1"),
        ("start: {file: a.npz, rates: {body: 0}}", "", "key 'start.rates.body' is 0, expected more than 0"),
        ("start: {file: a.npz, head: old}", "", "key 'start.head' is \"old\", expected one of \"auto\", \"new\""),
        ("start: {file: a.npz, network: resnet19}", "", "digits.yaml: key 'start.network': "),
        ("start: null", "{rates: {body: 0.1}}", "cells.bare.recipe: key 'start': 'file' is missing"),
    ],
)  # fmt: skip
def test_mistakes_name_file_and_key(folder, start, change, says):
    with pytest.raises(ConfigError) as raised:
        cell(folder, start, change)
    assert says in str(raised.value)
