"""The report on parity: rows of cases as they are found, what cannot be compared, and the page made of them."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from netspec.weights.parity import Figures
from report.parity import run
from report.parity.__main__ import main
from report.parity.page import page

CASES = Path(__file__).parents[2] / "netspec/modules/parity"


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A folder of two cases, one of which is no network, and one of another whose recorded output was changed."""
    known, changed = tmp_path_factory.mktemp("known"), tmp_path_factory.mktemp("changed")
    for name in ("lenet5_gray32", "layer_fire"):
        shutil.copytree(CASES / name, known / name)
    shutil.copytree(CASES / "lenet5_gray32", changed / "lenet5_gray32")
    with np.load(changed / "lenet5_gray32/output.npz") as file:
        arrays = dict(file)
    np.savez(changed / "lenet5_gray32/output.npz", **{**arrays, "output": arrays["output"] + 0.01})
    return [known, changed]


@pytest.fixture(scope="module")
def parts(places, tmp_path_factory):
    """What the command writes of them, dealt out to two."""
    found = [tmp_path_factory.mktemp("parts") / f"part{part}.json" for part in (1, 2)]
    for part, path in enumerate(found, start=1):
        options = ["--part", str(part), "--parts", "2", "--out", str(path)]
        assert main(["compare", *map(str, places), *options]) == 0
    return found


@pytest.fixture(scope="module")
def rows(parts):
    found = [row for path in parts for row in json.loads(path.read_text())["rows"]]
    return sorted(found, key=lambda row: row["place"])


def test_folders_are_cases_or_have_some(places):
    assert [path.name for path in run.folders(places)] == ["layer_fire", "lenet5_gray32", "lenet5_gray32"]
    assert run.folders([places[0] / "layer_fire"]) == [places[0] / "layer_fire"]
    assert run.folders([places[0] / "nothing"]) == []


def test_rows_say_what_was_found(rows):
    unknown, known, changed = rows
    assert (known["count"], known["function"], known["reason"]) == ("exact", "exact", "")
    assert known["params"] == known["reference_params"] == 61706 and known["rules"] > 0
    assert all(0 < known[name] <= 1 for name in ("float32", "float64", "gradients"))
    assert (changed["count"], changed["function"]) == ("exact", "differs")
    # By a hundredth, where the case tolerates seven millionths.
    assert changed["float32"] == pytest.approx(0.01 / 7e-6, rel=1e-2)
    assert changed["reason"].startswith("float32 1.43e+03, float64 ") and changed["gradients"] <= 1
    assert unknown["count"] == unknown["function"] == "not compared"
    assert unknown["reason"].startswith("layer_fire: ")


def test_the_page_counts_what_is_exact(rows):
    made = page(rows, [])
    assert made.subtitle == "1 of 3 cases exact in count and function, 1 not compared"
    families, every = made.blocks
    assert [line[1:4] for line in families.rows if line[0] == "lenet5_gray32"] == [["2", "2", "1"]]
    assert [line[-1] for line in every.rows][1:] == ["", f"beyond: {rows[2]['reason']}"]


def test_a_nan_is_no_agreement(rows):
    figures = Figures("case", "network", 1, 1, 1, float("nan"), 0.5, None, 0.1)
    assert not figures.passed and figures._replace(float32=0.5).passed


def test_what_a_case_cannot_see_is_listed(rows):
    unseen = [{"case": "c", "convention": "norm_epsilon", "value": "0.001", "at_input": 0.25, "at_larger": 1e-3}]
    assert page(rows, unseen).blocks[-1].rows == [["c", "norm_epsilon", "0.001", "0.25", "1.0e-03"]]


def test_the_command_writes_every_file_of_the_report(parts, rows, tmp_path):
    assert [len(json.loads(path.read_text())["rows"]) for path in parts] == [2, 1]
    assert main(["page", *map(str, parts), "--out", str(tmp_path / "parity")]) == 0
    assert {"parity.csv", "parity_unseen.csv", "parity.md", "parity.pdf"} <= {path.name for path in tmp_path.iterdir()}
    with (tmp_path / "parity.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert list(written[0]) == list(run.COLUMNS)
    assert [row["case"] for row in written] == [row["case"] for row in rows]
    assert float(written[2]["float32"]) == rows[2]["float32"]


def test_a_place_without_cases_is_told(tmp_path, capsys):
    assert main(["compare", str(tmp_path), "--out", str(tmp_path / "x.json")]) != 0
    assert "no cases, expected folders with manifest.json" in capsys.readouterr().err
