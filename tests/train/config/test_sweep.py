"""Cells made by a sweep: every combination, each by a name of its own that says which, or one message."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.config import parse_cell, schema, sweep
from train.config.schema import ConfigError


def test_every_combination_of_every_cell(digits_cells):
    cells = {name: digits_cells[name] for name in ("bare", "mixup")}
    found = sweep.swept(cells, {"learning_rate": [1e-3, 0.0025], "ema_decay": [None, 0.9]}, "file")
    assert list(found)[:2] == ["bare-learning-rate-1e-3-ema-decay-null", "bare-learning-rate-1e-3-ema-decay-9e-1"]
    points = list(itertools.product(cells, [1e-3, 0.0025], [None, 0.9]))
    assert len(found) == len(points)
    for cell, (base, rate, decay) in zip(found.values(), points, strict=True):
        assert cell["swept"] == {"cell": base, "optimizer.learning_rate": rate, "ema_decay": decay}
        typed = parse_cell(cell)
        assert (typed.optimizer.learning_rate, typed.ema_decay) == (rate, decay)
        rest = {**cell, "optimizer": {**cell["optimizer"], "learning_rate": 0.003}, "ema_decay": None}
        assert {k: v for k, v in rest.items() if k not in ("name", "description", "swept")} == {
            k: v for k, v in cells[base].items() if k not in ("name", "description")
        }
    assert len({parse_cell(cell).fingerprint for cell in found.values()}) == len(points)


def test_knobs_of_the_augmentation_by_their_last_part_or_in_full(digits_cells):
    for key in ("alpha", "mixup.alpha", "augmentation.mixup.alpha"):
        (found,) = sweep.swept({"mixup": digits_cells["mixup"]}, {key: [0.2]}, "file").values()
        assert found["augmentation"]["mixup"] == {"alpha": 0.2}
        assert found["name"] == "mixup-alpha-2e-1"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"lerning_rate": [1]}, "key 'sweep.lerning_rate' is none of cell 'bare'; did you mean 'learning_rate'?"),
        ({"alpha": [1]}, "key 'sweep.alpha' is none of cell 'bare'; expected one of augmentation"),
        ({"dataset": ["digits"]}, "key 'sweep.dataset' is none of cell"),
        ({"name": ["sgd", "adamw"], "epochs": [1] * 501}, "makes 1,002 cells, expected at most 1,000"),
        ({"epochs": [1, 1]}, "makes two cells called bare-epochs-1"),
    ],
)
def test_mistakes(digits_cells, values, says):
    with pytest.raises(ConfigError) as raised:
        sweep.swept({"bare": digits_cells["bare"]}, values, "file")
    assert str(raised.value).startswith("file: ") and says in str(raised.value)


def test_a_key_that_stands_in_several_parts(digits_cells):
    cell = {**digits_cells["full"], "augmentation": {"a": {"area": 1}, "b": {"area": 2}}}
    with pytest.raises(ConfigError, match=r"may be augmentation\.a\.area or augmentation\.b\.area, expected one"):
        sweep.swept({"full": cell}, {"area": [1]}, "file")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001, "1e-3"),
        (0.0025, "25e-4"),
        (16, "16"),
        (160, "160"),
        (0.0, "0"),
        (1e30, "1e30"),
        (-1, "minus-1"),
        (True, "true"),
        (None, "null"),
        ("sgd", "sgd"),
        ("ViT-Tiny (ImageNet)", "vit-tiny-imagenet"),
    ],
)
def test_values_in_names(value, text):
    assert sweep.text(value) == text


@given(st.lists(st.floats(1e-12, 1e6), min_size=2, max_size=2, unique=True), st.sampled_from(["bare", "x" * 63]))
def test_different_values_have_different_names(values, name):
    cell = {"name": name, "description": "", "optimizer": {"learning_rate": 1.0}}
    found = sweep.swept({name: cell}, {"learning_rate": values}, "file")
    assert len(found) == 2 and all(map(schema.is_name, found))
