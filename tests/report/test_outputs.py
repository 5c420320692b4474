"""What reports write over: nothing that they read, nothing of somebody else, and no two outputs the same."""

import argparse
import importlib
import json
from pathlib import Path

import pytest
from synthetic_results import STEP

from report import bench, record

MODULES = ("", ".zoo", ".params", ".gradcheck", ".networks")
#: Options that are outputs wherever they stand, and those that are outputs of these commands only.
ALWAYS = {"out", "out_curves", "markdown", "page"}
SOMEWHERE = {"runs": {"table"}, "curves": {"table"}, "mutants": {"statements"}}


def commands(parser):
    """Parsers of all commands by name."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: one for action in below for name, one in action.choices.items()} or {"": parser}


def parsers():
    for name in MODULES:
        yield name, importlib.import_module(f"report{name}.__main__").parser()
    for name in ("imagenet", "imagenette"):
        yield name, importlib.import_module(f"report.{name}.__main__").REPORT.parser()


def test_every_option_that_is_an_output_is_known_as_one():
    for module, parser in parsers():
        for name, command in commands(parser).items():
            paths = {action.dest for action in command._actions if action.type is Path}
            expected = {path for path in paths if path in ALWAYS or name in SOMEWHERE.get(path, ())}
            assert set(command._defaults.get("writes", ("out",))) == expected, (module, name)


@pytest.fixture
def steps(tmp_path):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench/vit-tiny.json").write_text(json.dumps(STEP))
    return tmp_path / "bench/vit-tiny.json"


@pytest.mark.parametrize(
    ("out", "page", "says"),
    [
        ("bench/vit-tiny.json", "a.md", "is also the input"),
        ("a.csv", "bench/../bench/vit-tiny.json", "is also the input"),
        ("a.csv", "a.csv", "is also"),
        ("a.csv", "to-a.csv", "is also"),
        ("bench", "a.md", "is a folder"),
        ("notes", "a.md", "was not written by this command"),
        ("a.csv", "notes/a.md", "which is a file"),
    ],
)
def test_a_report_replaces_nothing_else(steps, tmp_path, capsys, out, page, says):
    (tmp_path / "notes").write_text("precious")
    (tmp_path / "to-a.csv").symlink_to("a.csv")
    options = ["--out", str(tmp_path / out), "--page", str(tmp_path / page)]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert bench.main([str(steps), *options]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_report_replaces_itself(steps, tmp_path):
    for _ in range(2):
        assert bench.main([str(steps), "--out", str(tmp_path / "a.csv"), "--page", str(tmp_path / "a.md")]) == 0


def test_a_record_is_not_put_among_what_it_records(steps, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("train.provenance.git_state", lambda: {"git_commit": "f" * 40, "git_dirty": False})
    assert record.main(["--results", str(steps.parent), "--out", str(steps.parent / "kept")]) == 1
    assert "lies inside the input" in capsys.readouterr().err
    assert not (steps.parent / "kept").exists()
