"""The page on claims that were tried counts its verdicts, and a smoke run concludes nothing."""

import csv
import json
import math

import pytest

from report.trials import page, verdicts
from report.trials.__main__ import main

SETTINGS = """
title: Planted
question: What is better?
trial: graphs
baseline: plain
seeds: [0, 1, 2]
rates: [0.1]
claims:
  - {says: it wins, line: 11, of: better, than: plain, smallest: 1}
  - {says: it is alike, line: 12, of: better, than: plain, smallest: 1, expects: alike}
  - {says: "`it` is cheap", line: 13, of: better, than: plain, smallest: 1, figure: cost}
"""


def results(smoke=False, better=(60.0, 61.0, 62.5)):
    plain = (50.0, 51.0, 52.0)
    runs = [
        {"variant": name, "seed": seed, "rate": 0.1, "judged": True, "seconds": 0.5,
         "figures": {"score": value, "cost": None if name == "better" and seed == 2 else 1.0, "params": 10.0}}
        for name, values in (("plain", plain), ("better", better))
        for seed, value in enumerate(values)
    ]  # fmt: skip
    figures = [
        {"name": "score", "label": "score", "unit": "%", "better": "up"},
        {"name": "cost", "label": "cost", "unit": "", "better": "down"},
    ]
    return {
        "name": "planted", "trial": "graphs", "smoke": smoke, "variants": {"plain": "a", "better": "b"},
        "figures": figures, "runs": runs, "seconds": 3.0, "provenance": {"cpu": "A", "git_commit": "0" * 40},
    }  # fmt: skip


@pytest.fixture
def files(tmp_path):
    settings, found = tmp_path / "planted.yaml", tmp_path / "planted.json"
    settings.write_text(SETTINGS, encoding="utf-8")
    found.write_text(json.dumps(results()), encoding="utf-8")
    return settings, found


def test_the_page_counts_and_tells(files, tmp_path):
    stem = tmp_path / "claims"
    assert main(["--trials", str(files[0]), "--results", str(files[1]), "--out", str(stem)]) == 0
    text = (tmp_path / "claims.md").read_text(encoding="utf-8")
    assert "1 are supported, 1 refuted and 1 undecided" in text
    assert (tmp_path / "claims.pdf").read_bytes().startswith(b"%PDF-")
    rows = list(csv.DictReader((tmp_path / "claims.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["verdict"] for row in rows] == ["supported", "refuted", "undecided"]
    assert float(rows[0]["mean"]) == pytest.approx(31.5 / 3 - 1 / 3)
    assert [int(row["n"]) for row in rows] == [3, 3, 2]
    runs = list(csv.DictReader((tmp_path / "claims_runs.csv").read_text(encoding="utf-8").splitlines()))
    assert len(runs) == 6 * 3


def test_a_smoke_run_concludes_nothing(files):
    files[1].write_text(json.dumps(results(smoke=True)), encoding="utf-8")
    text = str(page.page([verdicts.load(*files)]))
    assert "Smoke run" in text and "supported" not in text.replace("are supported, red", "")


def test_results_of_another_trial_are_refused(files, tmp_path, capsys):
    files[1].write_text(json.dumps(results() | {"name": "other"}), encoding="utf-8")
    assert main(["--trials", str(files[0]), "--results", str(files[1]), "--out", str(tmp_path / "claims")]) == 1
    assert "is of the trial other" in capsys.readouterr().err


def test_one_seed_decides_nothing(files):
    about = results()
    about["runs"] = [run for run in about["runs"] if run["seed"] == 0]
    files[1].write_text(json.dumps(about), encoding="utf-8")
    found = verdicts.load(*files).claims()
    assert {one.verdict for one in found} == {"undecided"}
    assert math.isnan(found[0].low)
