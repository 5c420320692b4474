"""What a configuration will take: the sums of an estimate, and one that is measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from train.__main__ import main
from train.config import load_experiment, parse_cell
from train.measure import estimate
from train.measure.estimate_text import as_text, duration, size

MEASURED = estimate.Measured(
    batch_size=16,
    compile_seconds=10.0,
    step_seconds=0.5,
    eval_seconds_per_image=0.01,
    memory_bytes=3000,
    process_bytes=9000,
    state_bytes=1000,
    weights_bytes=400,
)


ROOT = Path(__file__).parents[3]


def added_up(cell, *, images, read=None, runs=3):
    data = {"images": images, "prepared": False, "store_bytes": None, "read": read}
    return estimate._added_up("ablation", cell, runs, MEASURED, data)


@pytest.fixture
def cell(digits_cells):
    """160 epochs of batches of 16, evaluated every ten."""
    return replace(parse_cell(digits_cells["bare"]), evaluate_every_epochs=10)


def test_a_run_is_its_compilation_steps_and_evaluations(cell):
    row = added_up(cell, images={"train": 100, "val": 50})
    assert row.steps == 160 * 6
    assert row.run_seconds == pytest.approx(10 + 960 * 0.5 + 16 * 50 * 0.01)
    assert (row.memory_bytes, row.kept_bytes, row.in_proportion) == (3000, 1400, False)


def test_a_larger_batch_takes_time_and_memory_in_proportion(cell):
    row = added_up(replace(cell, batch_size=64), images={"train": 128, "val": 50})
    assert row.in_proportion
    assert row.step_seconds == pytest.approx(2.0)
    assert row.images_per_second == pytest.approx(32)
    assert row.memory_bytes == 1000 + 4 * 2000
    assert row.process_bytes - MEASURED.process_bytes == row.memory_bytes - MEASURED.memory_bytes


def test_what_a_step_holds_on_an_accelerator_is_not_on_the_host(cell, monkeypatch):
    monkeypatch.setattr(estimate.jax, "default_backend", lambda: "gpu")
    assert added_up(replace(cell, batch_size=64), images=None).process_bytes == MEASURED.process_bytes


def test_parts_of_a_batch_are_in_memory_one_at_a_time(cell):
    row = added_up(replace(cell, batch_size=64, accumulate=4), images=None)
    assert row.memory_bytes == 3000


def test_a_step_lasts_as_long_as_its_images_take_to_read(cell):
    assert added_up(cell, images=None, read=8.0).step_seconds == pytest.approx(2.0)
    assert added_up(cell, images=None, read=800.0).step_seconds == pytest.approx(0.5)


def test_without_a_number_of_images_nothing_is_said_about_the_whole(cell):
    row = added_up(cell, images=None)
    assert (row.steps, row.run_seconds) == (None, None)


def test_known_numbers_of_images(cell):
    assert estimate._published(cell.dataset) == {"train": 100, "val": 1697}
    folder = replace(cell.dataset, kind="image-folder", images={"train": 9469, "val": 3925}, train_per_class=None)
    assert estimate._published(folder) == {"train": 9469, "val": 3925}
    assert estimate._published(replace(folder, train_per_class=7)) == {"train": 70, "val": 3925}
    assert estimate._published(replace(folder, images=None)) is None


def test_the_size_of_arrays_before_they_are_there(cell):
    data = replace(cell.dataset, image_size=224, stored_size=256)
    assert estimate._store_bytes(data, {"train": 9469, "val": 3925}) == 3 * (9469 * 256**2 + 3925 * 224**2)
    assert estimate._store_bytes(replace(data, store="records"), {"train": 1, "val": 1}) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "?"), (0.0123, "12.3 ms"), (1, "1 s"), (119, "119 s"), (180, "3 min"), (36000, "10 h"), (864000, "10 d")],
)
def test_durations_are_in_the_unit_that_suits_them(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(1234, "1.23 kB"), (5e7, "50 MB"), (2.5e9, "2.5 GB"), (3e12, "3 TB")])
def test_bytes_are_in_the_unit_that_suits_them(count, text):
    assert size(count) == text


def test_cells_with_the_same_programs_are_measured_once(shipped, monkeypatch, tmp_path, capsys):
    digits = load_experiment(shipped, ROOT / "config")
    measured = []
    monkeypatch.setattr(estimate, "measure", lambda cell, steps: measured.append(cell.name) or MEASURED)
    found = estimate.estimate({"ablation": digits, "zoo": digits}, 2, tmp_path)
    assert len(found["cells"]) == 18
    assert len(measured) == 9
    lines = capsys.readouterr()
    assert lines.out == ""
    assert len(lines.err.splitlines()) == 9
    assert "1/18 ablation bare: 500 ms a step of 16, compiled in 10 s, 9 kB of memory" in lines.err
    text = as_text(found)
    assert "Memory: a process is" in text
    assert "ablation: 45 runs" in text
    assert "data digits: 100 + 1,697 images" in text
    json.dumps(found)


def test_the_command_names_what_it_cannot_use(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["estimate", "--set", "cells=nope"]) == 2
    assert "config/cells/nope.yaml: no such file" in capsys.readouterr().err
    assert main(["estimate", "--set", "seeds"]) == 2
    assert "--set seeds: expected KEY=VALUE" in capsys.readouterr().err
    assert main(["estimate", "--set", "seeds=[0"]) == 2
    assert "--set seeds, line 1: not valid YAML (expected ',' or ']'" in capsys.readouterr().err


@pytest.mark.exhaustive
@pytest.mark.slow
def test_what_is_measured_is_a_step_and_the_state_that_it_moves(cell):
    found = estimate.measure(replace(cell, batch_size=8), steps=2)
    weights = 4 * 117_000
    assert found.weights_bytes == pytest.approx(weights, rel=0.05)
    assert found.state_bytes == pytest.approx(3 * found.weights_bytes, rel=0.01)  # and two moments
    assert found.memory_bytes > found.state_bytes
    assert found.process_bytes > 100e6  # jax alone
    assert found.step_seconds > 0
    assert found.compile_seconds > 0
