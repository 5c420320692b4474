"""The page on claims that were tried counts its verdicts, and a smoke run concludes nothing."""

import csv
import json
import math

import pytest

from report.engine.errors import ReportError
from report.trials import page, tables, verdicts
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
  - {says: it is alike, line: 4400, term: [maml, hypernetwork], of: better, than: plain, smallest: 1, expects: alike}
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
    assert main(["claims", "--trials", str(files[0]), "--results", str(files[1]), "--out", str(stem)]) == 0
    text = (tmp_path / "claims.md").read_text(encoding="utf-8")
    assert "1 are supported, 1 refuted and 1 undecided" in text
    assert (tmp_path / "claims.pdf").read_bytes().startswith(b"%PDF-")
    rows = list(csv.DictReader((tmp_path / "claims.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["verdict"] for row in rows] == ["supported", "refuted", "undecided"]
    assert float(rows[0]["mean"]) == pytest.approx(31.5 / 3 - 1 / 3)
    assert [int(row["n"]) for row in rows] == [3, 3, 2]
    assert [row["term"] for row in rows] == ["", "maml; hypernetwork", ""]
    assert "Of 112 terms that only training can judge, 1 has a verdict" in text and "VQ-VAE (4319)" in text
    tried = {
        row["term"]: row for row in csv.DictReader((tmp_path / "claims_terms.csv").read_text("utf-8").splitlines())
    }
    assert tried["maml"]["refuted"] == "1" and tried["maml"]["trials"] == "planted" and tried["vae"]["claims"] == "0"
    runs = list(csv.DictReader((tmp_path / "claims_runs.csv").read_text(encoding="utf-8").splitlines()))
    assert len(runs) == 6 * 3


def test_a_smoke_run_concludes_nothing(files):
    files[1].write_text(json.dumps(results(smoke=True)), encoding="utf-8")
    text = str(page.page([verdicts.load(*files)]))
    assert {one.verdict for one in verdicts.load(*files).claims()} == {"undecided"}
    assert all(not one.trials for one in page.judged([verdicts.load(*files)]))
    assert "Smoke run" in text and "supported" not in text.replace("are supported, red", "")


def test_results_of_another_trial_are_refused(files, tmp_path, capsys):
    files[1].write_text(json.dumps(results() | {"name": "other"}), encoding="utf-8")
    given = ["claims", "--trials", str(files[0]), "--results", str(files[1]), "--out", str(tmp_path / "claims")]
    assert main(given) == 1
    assert "is of the trial other" in capsys.readouterr().err


def test_one_seed_decides_nothing(files):
    about = results()
    about["runs"] = [run for run in about["runs"] if run["seed"] == 0]
    files[1].write_text(json.dumps(about), encoding="utf-8")
    found = verdicts.load(*files).claims()
    assert {one.verdict for one in found} == {"undecided"}
    assert math.isnan(found[0].low)


EXAMPLE = """
lines: [20, 77]
drawing:
  boxes:
    question: {text: question, at: [0, 0]}
    encoder: {text: "encoder\\n2 blocks", at: [0, 1], mended: true}
    pad: {text: scratchpad, at: [1, 1]}
  arrows: [[question, encoder], [encoder, pad, "keys, values"]]
remarks: [What is left out is said here.]
"""


def test_an_example_has_a_page_of_its_own(files, tmp_path):
    files[0].write_text(SETTINGS + EXAMPLE, encoding="utf-8")
    about = results()
    about["series"] = [{"name": "curve", "label": "a (%)", "along": "n", "at": [1, 2], "logarithmic": True}]
    about["runs"][0] |= {"series": {"curve": [1.0, None]}, "told": "47 × 23 = 1081"}
    files[1].write_text(json.dumps(about), encoding="utf-8")
    stem = tmp_path / "planted"
    assert main(["example", "--trial", str(files[0]), "--results", str(files[1]), "--out", str(stem)]) == 0
    text = (tmp_path / "planted.md").read_text(encoding="utf-8")
    assert "1 supported, 1 refuted and 1 undecided." in text and "lines 20 to 77" in text
    assert "47 × 23 = 1081" in text and "how o3 is built has not been published" in text
    for ending in ("pdf", "svg", "csv"):
        assert (tmp_path / f"planted.{ending}").stat().st_size > 100
    for name in ("planted_built.svg", "planted_curves.svg", "planted_runs.csv"):
        assert (tmp_path / name).exists()


def test_a_figure_that_a_variant_does_not_have_is_no_run_that_diverged(files):
    about = results()
    for run in about["runs"]:
        if run["variant"] == "plain":
            del run["figures"]["cost"]
    files[1].write_text(json.dumps(about), encoding="utf-8")
    plain, better = tables.variants(verdicts.load(*files)).rows
    assert plain[-1] == "–" and not better[-1].text.startswith("diverged")


def test_what_is_no_example_is_refused(files, tmp_path, capsys):
    given = ["example", "--trial", str(files[0]), "--results", str(files[1]), "--out", str(tmp_path / "a")]
    assert main(given) == 1
    assert "planted: is no example" in capsys.readouterr().err


def test_figures_of_the_documents_tables_are_set_beside_ours(files):
    cell = "table: example_performance_claims, row: Tree of Thought + Parent's Attention, column: error catch rate"
    files[0].write_text(SETTINGS.replace("line: 11,", f"line: 11, {cell},"), encoding="utf-8")
    (table,) = tables.printed([verdicts.load(*files)])
    assert [row[2] for row in table.rows] == ["~80%"] and "+10.1" in table.rows[0][3]
    files[0].write_text(SETTINGS.replace("line: 11,", f"line: 11, {cell}s,"), encoding="utf-8")
    with pytest.raises(ReportError, match="claim of line 11: no figure is called"):
        tables.printed([verdicts.load(*files)])
