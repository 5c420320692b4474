"""Comparisons and trials that are kept: their reports are those of the results, and their claims join one page."""

import csv
import json
from types import SimpleNamespace

import pytest
from synthetic_results import VALIDATION, write_tree

from report.__main__ import main
from report.comparison import others
from report.kept.about import about
from report.kept.packed import pack
from report.trials.__main__ import main as trials

CLAIM = {"says": "the first is better", "line": 7, "of": "good", "than": "plain", "smallest": 0.1}


@pytest.fixture
def comparison(tmp_path):
    """A file of ``results/comparisons`` with its results, of one commit."""
    tree = write_tree(tmp_path, ["plain-1e-3", "good-1e-3"], [0, 1, 2], dataset="digits", previews=False)
    for place, name in enumerate(("plain", "good")):
        path = tree.results / f"{name}-1e-3" / "cell.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"swept": {"cell": name}}))
        for seed in range(3):
            committed = {"provenance.git_commit": "c" * 40, "provenance.git_dirty": False}
            tree.edit(
                tree.summary_path(f"{name}-1e-3", seed),
                {"metrics.top1": 100 * (1000 + 30 * place + seed % 2 * (1 + place)) / VALIDATION, **committed},
            )
    setting = {
        "name": "", "title": "Digits", "results": str(tree.results), "cells": ["plain-1e-3", "good-1e-3"],
        "seeds": [0, 1, 2], "tuning_seeds": [], "baseline": "plain",
    }  # fmt: skip
    told = {"report": "comparison", "title": "A comparison", "question": "Which?", "settings": [setting]}
    path = tmp_path / "compared.json"
    path.write_text(json.dumps({**told, "lengths": None, "claims": [CLAIM]}))
    return tree, path


def keep(results, out, *options):
    return main(["keep", "--results", str(results), "--out", str(out), *options])


@pytest.mark.exhaustive
def test_the_report_of_a_record_is_that_of_the_results(comparison, tmp_path):
    _, path = comparison
    out = tmp_path / "kept" / "mine"
    assert keep(path, out, "--remark", "It was a hot day.") == 0
    assert sorted(one.name for one in out.iterdir()) == ["about.json", "results.tar.xz"]
    assert about(out) == {
        "kind": "comparison", "report": "comparison", "commit": "c" * 40, "remark": "It was a hot day.",
    }  # fmt: skip
    assert main(["page", "comparison", "--about", str(path), "--out", str(tmp_path / "first")]) == 0
    assert main(["page", "comparison", "--record", str(out), "--out", str(tmp_path / "second")]) == 0
    for name in ("{}.csv", "{}_runs.csv", "{}_curves.csv", "{}_claims.csv", "{}.svg"):
        first, second = ((tmp_path / name.format(stem)).read_bytes() for stem in ("first", "second"))
        assert first == second
    assert "It was a hot day." in (tmp_path / "second.md").read_text()


def test_what_was_never_committed_is_not_kept(comparison, tmp_path, capsys):
    tree, path = comparison
    tree.edit(tree.summary_path("good-1e-3", 1), {"provenance.git_dirty": True})
    assert keep(path, tmp_path / "mine") == 1
    assert "was run with uncommitted changes" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_a_broken_archive_is_named(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/results.tar.xz").write_bytes(b"no archive")
    given = ["page", "comparison", "--record", str(tmp_path / "mine"), "--out", str(tmp_path / "a")]
    assert main(given) == 1
    assert "results.tar.xz: cannot be read" in capsys.readouterr().err


def test_an_archive_is_the_same_whenever_it_is_made():
    assert pack({"b": b"2", "a": b"1"}) == pack({"a": b"1", "b": b"2"})


SETTINGS = """
title: Planted
question: What is better?
trial: graphs
baseline: plain
seeds: [0, 1, 2]
rates: [0.1]
claims: [{says: it wins, line: 11, of: better, than: plain, smallest: 1}]
"""


def test_trials_are_kept_and_the_claims_of_comparisons_join_theirs(comparison, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runs = [
        {"variant": name, "seed": seed, "rate": 0.1, "judged": True, "seconds": 0.5, "figures": {"score": value + seed}}
        for name, value in (("plain", 50.0), ("better", 60.0))
        for seed in range(3)
    ]
    found = {
        "name": "planted", "trial": "graphs", "smoke": False, "variants": {"plain": "a", "better": "b"},
        "figures": [{"name": "score", "label": "score", "unit": "%", "better": "up"}], "runs": runs, "seconds": 3.0,
        "provenance": {"cpu": "A", "git_commit": "d" * 40, "git_dirty": True},
    }  # fmt: skip
    results = tmp_path / "results/trials"
    results.mkdir(parents=True)
    (results / "planted.json").write_text(json.dumps(found))
    assert keep(results, tmp_path / "claims") == 1
    assert "planted.json: was run with uncommitted changes" in capsys.readouterr().err
    found["provenance"]["git_dirty"] = False
    (results / "planted.json").write_text(json.dumps(found))
    assert keep(results, tmp_path / "claims") == 1
    assert "there is no config/trials/planted.yaml or config/examples/planted.yaml" in capsys.readouterr().err
    (tmp_path / "config/trials").mkdir(parents=True)
    (tmp_path / "config/trials/planted.yaml").write_text(SETTINGS)
    assert keep(results, tmp_path / "claims") == 0
    assert about(tmp_path / "claims") == {"kind": "claims"}
    assert keep(comparison[1], tmp_path / "mine") == 0
    given = ["claims", "--trials", "claims/planted.yaml", "--results", "claims/planted.json"]
    assert trials([*given, "--comparisons", "mine", "--out", "page"]) == 0
    rows = list(csv.DictReader((tmp_path / "page.csv").read_text().splitlines()))
    assert [(row["trial"], row["verdict"]) for row in rows] == [("planted", "supported"), ("mine", "supported")]
    text = (tmp_path / "page.md").read_text()
    assert "Of two claims, 2 are supported" in text and "as recorded at commit cccccccccc" in text
    assert "Errors known without training" in text


def test_another_implementation_stands_beside_a_baseline_that_is_judged_by_its_loss(comparison, tmp_path, capsys):
    runs = [
        {"implementation": "PyTorch 2", "seed": seed, "learning_rate": 0.01, "params": 7, "loss": 2.0 + seed / 10,
         "step_milliseconds": 3.0}
        for seed in range(3)
    ]  # fmt: skip
    path = tmp_path / "beside.json"
    path.write_text(json.dumps({"runs": []}))
    assert keep(comparison[1], tmp_path / "mine", "--beside", str(path)) == 1
    assert "expected what `python -m train fit-torch` prints" in capsys.readouterr().err
    path.write_text(json.dumps({"runs": runs}))
    assert keep(comparison[1], tmp_path / "mine", "--beside", str(path)) == 1
    assert "no setting is judged by its loss" in capsys.readouterr().err
    setting = SimpleNamespace(
        title="Text", metric=SimpleNamespace(name="loss"), baseline="full", chosen={"full": {}},
        values=lambda variant, figure: {"loss": {0: 1.9, 1: 2.1, 2: 2.2}, "params": {0: 7}}.get(figure, {0: 2.5}),
    )  # fmt: skip
    ours, theirs = others.table(path, [setting]).rows
    assert ours[1] == theirs[1] == "7"
    assert theirs[3].startswith("2.100 ±") and theirs[4].startswith("+0.033 (")
