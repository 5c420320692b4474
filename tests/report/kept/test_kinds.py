"""Results that are kept: what goes into a record, and what may not."""

import json
from pathlib import Path

import pytest
from synthetic_results import STEP

from report.__main__ import main
from report.bench.__main__ import main as bench
from report.kept.about import about, report_of, seeds_of
from report.networks.__main__ import main as networks
from report.runs.load import load
from report.runs.provenance import what_was_run
from report.trials.__main__ import main as trials

ROOT = Path(__file__).parents[3]


def clean(tree, **changes):
    """Give every run one commit, clean; ``changes`` to one of them."""
    paths = sorted(tree.results.glob("*/seed*/summary.json"))
    for path in paths:
        values = json.loads(path.read_text())
        values["provenance"] |= {"git_commit": "c" * 40, "git_dirty": False} | (changes if path == paths[-1] else {})
        path.write_text(json.dumps(values))
        (path.parent / "weights.npz").write_bytes(b"weights")


def keep(results, out, *options):
    return main(["keep", "--results", str(results), "--out", str(out), *options])


def test_a_record_holds_all_that_reports_read(tree, tmp_path):
    clean(tree)
    out = tmp_path / "recorded"
    assert keep(tree.results, out) == 0
    expected = {path.relative_to(tree.results) for path in tree.results.rglob("*.*") if path.name != "weights.npz"}
    assert {path.relative_to(out) for path in out.rglob("*.*")} == expected | {Path("about.json")}
    assert all((out / path).read_bytes() == (tree.results / path).read_bytes() for path in expected)
    assert about(out) == {"kind": "training", "commit": "c" * 40}
    assert about(tree.results) == {}


RECORDED = [path.parent for path in sorted(ROOT.glob("results/recorded/*/about.json"))]


@pytest.mark.exhaustive
@pytest.mark.parametrize("folder", RECORDED, ids=lambda folder: folder.name)
def test_what_the_repository_keeps_is_still_read(folder, tmp_path):
    """A key that is added to a schema must not make a record of before unreadable."""
    kind = about(folder)["kind"]
    if kind == "training":
        cells = sorted(path.parent.name for path in folder.glob("*/cell.json"))
        seeds = map(str, seeds_of(folder / cells[0]))
        chosen = ["--results", str(folder), "--cells", *cells, "--seeds", *seeds]
        made = main(["page", report_of(folder), *chosen, "--out", str(tmp_path / "a")])
    elif kind == "comparison":
        made = main(["page", about(folder)["report"], "--record", str(folder), "--out", str(tmp_path / "a")])
    elif kind == "claims":
        names = sorted(path.stem for path in folder.glob("*.yaml"))
        found = ["--trials", *(str(folder / f"{n}.yaml") for n in names)]
        found += ["--results", *(str(folder / f"{n}.json") for n in names)]
        made = trials(["claims", *found, "--out", str(tmp_path / "a")])
    elif kind == "networks":
        made = networks(["--results", str(folder), "--out", str(tmp_path / "a")])
    else:
        steps = sorted(str(path) for path in folder.glob("*.json") if path.name != "about.json")
        made = bench([*steps, "--out", str(tmp_path / "a")])
    assert made == 0 and (tmp_path / "a.pdf").stat().st_size > 10_000


def test_a_remark_stands_in_the_report(tree, tmp_path):
    clean(tree)
    out = tmp_path / "recorded"
    assert keep(tree.results, out, "--remark", "It was a hot day.") == 0
    assert about(out)["remark"] == "It was a hot day."
    cells = load(out, [path.name for path in out.iterdir() if path.is_dir()], [0])
    assert dict(what_was_run(cells))["Remark"] == "It was a hot day."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"git_dirty": True}, "was run with uncommitted changes; commit them and run it again"),
        ({"git_commit": "d" * 40}, "runs of 2 commits, expected one"),
        ({"git_commit": None}, "key 'provenance.git_commit' is missing"),
    ],
)
def test_where_a_run_comes_from_must_be_known(tree, tmp_path, capsys, changes, message):
    clean(tree, **changes)
    assert keep(tree.results, tmp_path / "recorded") == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "recorded").exists()


def test_incomplete_and_present(tree, tmp_path, capsys):
    clean(tree)
    assert keep(tree.results, tree.results) == 1
    assert "is there already, expected a new folder" in capsys.readouterr().err
    last = max(tree.results.glob("*/seed2"))
    last.rename(last.with_name("seed3"))
    assert keep(tree.results, tmp_path / "recorded") == 1
    assert "has seeds [0, 1, 3], expected [0, 1, 2]" in capsys.readouterr().err


def test_networks_are_recorded_with_their_commit(tmp_path, monkeypatch, capsys):
    results, out = tmp_path / "networks", tmp_path / "recorded"
    results.mkdir()
    traced = {
        "name": "LeNet-5", "params": 44426, "built": 44426, "macs": 1, "multiply_adds": 1, "batch": 1,
        "input_shape": [28, 28, 1], "output_shape": [10], "machine": "1 CPU thread",
    }  # fmt: skip
    (results / "lenet-5.json").write_text(json.dumps(traced))
    monkeypatch.setattr("train.provenance.git_state", lambda: {"git_commit": "e" * 40, "git_dirty": True})
    assert keep(results, out) == 1
    assert "the source tree has uncommitted changes" in capsys.readouterr().err
    monkeypatch.setattr("train.provenance.git_state", lambda: {"git_commit": "e" * 40, "git_dirty": False})
    assert keep(results, out, "--remark", "On a cold one.") == 0
    assert about(out) == {"kind": "networks", "commit": "e" * 40, "remark": "On a cold one."}
    assert networks(["--results", str(out), "--out", str(tmp_path / "networks")]) == 0
    assert "LeNet-5" in (tmp_path / "networks.csv").read_text()
    assert "On a cold one." in (tmp_path / "networks.md").read_text()


def test_timed_steps_are_recorded_with_their_commit(tmp_path, monkeypatch):
    results, out = tmp_path / "bench", tmp_path / "recorded"
    results.mkdir()
    (results / "vit-tiny.json").write_text(json.dumps(STEP))
    monkeypatch.setattr("train.provenance.git_state", lambda: {"git_commit": "f" * 40, "git_dirty": False})
    assert keep(results, out, "--remark", "On an idle machine.") == 0
    assert about(out) == {"kind": "steps", "commit": "f" * 40, "remark": "On an idle machine."}
    for folder, says in ((out, True), (results, False)):
        assert bench([str(folder / "vit-tiny.json"), "--out", str(tmp_path / "bench")]) == 0
        assert ("Measured at commit ffffffffff. On an idle machine." in (tmp_path / "bench.md").read_text()) == says


def test_a_broken_file_of_steps_is_not_recorded(tmp_path, monkeypatch, capsys):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench/vit-tiny.json").write_text(json.dumps({**STEP, "quartiles": 1}))
    monkeypatch.setattr("train.provenance.git_state", lambda: {"git_commit": "f" * 40, "git_dirty": False})
    assert keep(tmp_path / "bench", tmp_path / "recorded") == 1
    assert "vit-tiny.json: " in (shown := capsys.readouterr().err)
    assert "expected the output of `python -m train bench-step`" in shown
    assert not (tmp_path / "recorded").exists()
