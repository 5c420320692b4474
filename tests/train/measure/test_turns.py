"""Steps of several cells in turns: every one is timed as often, and compilation is not."""

import jax
import pytest

from train import config
from train.measure import turns


@pytest.fixture
def cells(short):
    return [(name, config.parse_cell(short("bare"))) for name in ("results/first", "results/second")]


@pytest.mark.exhaustive
def test_all_are_timed_alike(cells, monkeypatch):
    taken = []
    train = turns.Programs.train
    monkeypatch.setattr(turns.Programs, "train", lambda self, *given: taken.append(self) or train(self, *given))
    found = turns.measure(cells, rounds=4)
    assert found["rounds"] == 4 and list(found["steps"]) == ["results/first", "results/second"]
    for one in found["steps"].values():
        assert 0 < one["low"] <= one["milliseconds"] <= one["high"]
    after = taken[2 * turns.WARM_UP :]
    assert len(after) == 8 and after[::2] == [after[0]] * 4 and after[1::2] == [after[1]] * 4
    assert after[0] is not after[1]
    assert jax.tree.leaves(found["machine"])


@pytest.mark.exhaustive
def test_a_long_measurement_ends_after_three_rounds(cells):
    assert turns.measure(cells[:1], rounds=100, seconds=0.0)["rounds"] == 3
