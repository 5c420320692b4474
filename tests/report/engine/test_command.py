"""What reports write over: nothing that they read, nothing of somebody else, and no two outputs the same."""

import argparse
import importlib
import json
from pathlib import Path

import pytest
from synthetic_results import STEP

from report.__main__ import main as report
from report.bench.__main__ import main
from report.engine.command import stem

MODULES = ("", ".params", ".gradcheck", ".networks", ".bench")
#: The option that is an output wherever it stands, and one that is an output of this command only.
ALWAYS, SOMEWHERE = "out", {"mutants": {"statements"}}


def commands(parser):
    """Parsers of all commands by name."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: one for action in below for name, one in action.choices.items()} or {"": parser}


@pytest.mark.parametrize("module", MODULES)
def test_every_option_that_is_an_output_is_known_as_one(module):
    parser = importlib.import_module(f"report{module}.__main__").parser()
    for name, command in commands(parser).items():
        paths = {action.dest for action in command._actions if action.type in (Path, stem)}
        expected = {path for path in paths if path == ALWAYS or name in SOMEWHERE.get(path, ())}
        assert set(command._defaults.get("writes", ("out",))) == expected, (module, name)


@pytest.mark.parametrize("given", ["reports/zoo.pdf", "zoo.md", "/", ""])
def test_a_report_is_named_without_its_ending(given, capsys):
    with pytest.raises(SystemExit):
        main(["step.json", "--out", given])
    assert "expected the path of a report without its ending, as reports/zoo" in capsys.readouterr().err


def test_a_name_may_hold_dots(tmp_path):
    (tmp_path / "step.json").write_text(json.dumps(STEP))
    assert main([str(tmp_path / "step.json"), "--out", str(tmp_path / "digits-v1.5+zoo@a")]) == 0
    assert {path.name.removeprefix("digits-v1.5+zoo@a") for path in tmp_path.glob("digits*")} == {".csv", ".md", ".pdf"}


@pytest.fixture
def steps(tmp_path):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench/vit-tiny.json").write_text(json.dumps(STEP))
    return tmp_path / "bench/vit-tiny.json"


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("kept", "is also the input"),
        ("a", "was not written by this command"),
        ("b", "is a folder"),
        ("notes/a", "which is a file"),
    ],
)
def test_a_report_replaces_nothing_else(steps, tmp_path, capsys, out, says):
    (tmp_path / "notes").write_text("precious")
    (tmp_path / "a.md").write_text("precious")
    (tmp_path / "b.pdf").mkdir()
    (tmp_path / "kept.csv").symlink_to(steps)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert main([str(steps), "--out", str(tmp_path / out)]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_report_replaces_itself(steps, tmp_path):
    for _ in range(2):
        assert main([str(steps), "--out", str(tmp_path / "a")]) == 0


def test_a_record_is_not_put_among_what_it_records(steps, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("train.provenance.git_state", lambda: {"git_commit": "f" * 40, "git_dirty": False})
    assert report(["keep", "--results", str(steps.parent), "--out", str(steps.parent / "kept")]) == 1
    assert "lies inside the input" in capsys.readouterr().err
    assert not (steps.parent / "kept").exists()
