"""Folders of results: whose they are, whether a run has finished there, and that they can be written."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from netspec.claims import Claim
from netspec.ownership import MARK, OutputError
from train import destination, loop
from train.__main__ import main
from train.config import parse_cell
from train.config.schema import ConfigError
from train.destination import FILES, Finished, check_places, look
from train.loop import fit

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiled_once")]


def never(*_, **__):
    raise AssertionError("trained")


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def value(short):
    return short("bare", epochs=1, evaluate_every_epochs=1, schedule={"warmup_epochs": 0})


@pytest.fixture(scope="module")
def cell(value):
    return parse_cell(value)


@pytest.fixture(scope="module")
def finished(cell, digits_store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "run"
    fit(cell, 0, digits_store, folder, folder.with_name("checkpoints"))
    assert {path.name for path in folder.parent.iterdir()} == {"run"}
    assert {path.name for path in folder.iterdir()} == set(FILES)
    return folder


@pytest.fixture
def out(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "out")


@pytest.fixture
def options(value, digits_folder, write_json, tmp_path):
    """The command line of the finished run, up to its folders."""
    return ["fit", "--cell", str(write_json(value)), "--seed", "0", "--data", str(digits_folder)]


def command(options, out, checkpoints, *more):
    return main([*options, "--out", str(out), "--checkpoints", str(checkpoints), *more])


@pytest.mark.exhaustive
def test_a_finished_run_is_not_trained_again(out, options, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loop, "_fit", never)
    before = contents(out)
    assert command(options, out, tmp_path / "checkpoints") == 0
    said = capsys.readouterr()
    assert said.out.startswith("bare seed 0: finished before, with top-1 ")
    assert said.out.endswith(f"/1697), in {out}; nothing is trained (--again trains anew)\n")
    assert said.out.count("\n") == 1
    assert contents(out) == before
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.exhaustive
def test_again(out, cell, digits_store, tmp_path):
    before = contents(out)
    (out / "notes").write_text("precious")
    fit(cell, 0, digits_store, out, tmp_path / "checkpoints", again=True)
    after = contents(out)
    assert after.pop("notes") == b"precious"
    assert after.pop("summary.json") != before.pop("summary.json"), "its times"
    assert after == before


@pytest.mark.parametrize("damage", ["weights.npz lost", "metrics.csv lost", "weights.npz", "metrics.csv"])
def test_damaged_results_are_trained_again(out, finished, cell, digits_store, tmp_path, damage):
    name, _, lost = damage.partition(" ")
    if lost:
        (out / name).unlink()
    else:
        (out / name).write_bytes((out / name).read_bytes()[:-1])
    look(out, json.loads((out / "summary.json").read_text())["provenance"]["fingerprint"])
    if damage == "weights.npz":
        fit(cell, 0, digits_store, out, tmp_path / "checkpoints")
        assert (out / name).read_bytes() == (finished / name).read_bytes()


@pytest.mark.parametrize("other", ["seed", "configuration", "code", "an older version"])
def test_results_of_another_run_are_not_replaced(out, value, cell, digits_store, tmp_path, monkeypatch, other):
    before = contents(out)
    seed = 0
    if other == "seed":
        seed = 1
    elif other == "configuration":
        cell = parse_cell({**value, "label_smoothing": 0.3})
    elif other == "code":
        monkeypatch.setattr("train.provenance.versions", lambda: {"jax": "another"})
    else:
        summary = json.loads((out / "summary.json").read_text())
        del summary["provenance"]["fingerprint"]
        (out / "summary.json").write_text(json.dumps(summary))
        before = contents(out)
    monkeypatch.setattr(loop, "_fit", never)
    with pytest.raises(ConfigError, match=r"out: holds the results of bare seed 0 \(.*\), expected .* with --again$"):
        fit(cell, seed, digits_store, out, tmp_path / "checkpoints")
    assert contents(out) == before
    with pytest.raises(AssertionError, match="trained"):
        fit(cell, seed, digits_store, out, tmp_path / "checkpoints", again=True)
    assert contents(out) == before, "until there are new ones"


@pytest.mark.parametrize(
    "summary", [None, "", "{", "[]", "null", "{}", '{"cell": "bare", "metrics": {"top1": NaN}}', "\x00"]
)
@pytest.mark.parametrize("name", FILES[:-1])
def test_files_of_somebody_else_are_not_replaced(tmp_path, cell, digits_store, monkeypatch, name, summary):
    monkeypatch.setattr(loop, "_fit", never)
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("precious")
    if summary is not None:
        (out / "summary.json").write_text(summary)
    before = contents(tmp_path)
    for again in (False, True):
        with pytest.raises(ConfigError, match=rf"out: holds {name}.* without the summary.json of a finished run"):
            fit(cell, 0, digits_store, out, tmp_path / "checkpoints", again=again)
    assert contents(tmp_path) == before


@pytest.mark.exhaustive
def test_what_a_killed_run_had_begun_to_write_is_replaced(out, cell, digits_store, tmp_path):
    """It is told from files of somebody else by the mark that a run leaves until it has finished."""
    before = contents(out)
    (out / "summary.json").unlink()
    Claim(out, {"for": "results", "fingerprint": "of whatever run"}).release()
    (out / "weights.npz").write_bytes(b"half")
    fit(cell, 0, digits_store, out, tmp_path / "checkpoints")
    after = contents(out)
    assert set(after) == set(FILES)
    assert all(after[name] == before[name] for name in FILES[:-1])


@pytest.mark.parametrize(
    ("out", "checkpoints", "says"),
    [
        ("out", "out", "--checkpoints out: is also --out out"),
        ("out", "out/checkpoints", "--checkpoints out/checkpoints: lies inside --out out"),
        ("runs/out", "runs", "--checkpoints runs: contains --out runs/out"),
        ("out", ".", "--checkpoints .: is the current folder"),
        (".", "checkpoints", "--out .: is the current folder"),
        ("out", "/", "--checkpoints /: is the root of the file system"),
        ("out", "..", "--checkpoints ..: contains the current folder"),
        ("file", "checkpoints", "--out file: is a file"),
        ("out", "data", "--checkpoints data: is also --data data"),
        ("data/out", "checkpoints", "--out data/out: lies inside --data data"),
        ("cells", "checkpoints", "--out cells: contains --cell cells/cell.json"),
        ("out", "to-cells", "--checkpoints to-cells: contains --cell cells/cell.json"),
        ("out", "cells/cell.json", "--checkpoints cells/cell.json: is a file"),
        ("out", "checkpoints", None),
        ("runs/out", "runs/checkpoints", None),
        ("cells/out", "cells/checkpoints", None),
    ],
)
def test_folders_that_are_not_apart(tmp_path, monkeypatch, out, checkpoints, says):
    for folder in ("data", "cells", "runs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "to-cells").symlink_to("cells")
    (tmp_path / "file").touch()
    (tmp_path / "cells/cell.json").touch()
    monkeypatch.chdir(tmp_path)
    inputs = {"--cell": Path("cells/cell.json"), "--data": Path("data")}
    if says is None:
        check_places(Path(out), Path(checkpoints), inputs)
    else:
        with pytest.raises(OutputError) as raised:
            check_places(Path(out), Path(checkpoints), inputs)
        assert str(raised.value).startswith(f"{says}, expected ")


def test_the_command_refuses_them_in_one_line(options, tmp_path, capsys):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/notes").write_text("precious")
    before = contents(tmp_path)
    assert command(options, tmp_path / "runs/out", tmp_path / "runs") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: --checkpoints ")
    assert said.count("\n") == 1
    assert contents(tmp_path) == before


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_no_training_before_results_can_be_written(cell, digits_store, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_fit", never)
    (tmp_path / "file").touch()
    with monkeypatch.context() as patch:
        patch.setattr(destination, "probe", full)
        with pytest.raises(ConfigError, match=r"out: cannot be written \(No space left on device\)"):
            fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    for way in ({"out": tmp_path / "file/out"}, {"checkpoints": tmp_path / "file/checkpoints"}):
        places = {"out": tmp_path / "out", "checkpoints": tmp_path / "checkpoints", **way}
        with pytest.raises((ConfigError, OutputError), match="file"):
            fit(cell, 0, digits_store, **places)
    for name in FILES:
        (tmp_path / "read-only").mkdir(exist_ok=True)
        (tmp_path / "read-only" / name).touch(mode=0o444)
        with pytest.raises(OutputError, match=rf"{name}: is read-only"):
            fit(cell, 0, digits_store, tmp_path / "read-only", tmp_path / "checkpoints")
        (tmp_path / "read-only" / name).unlink()
    (tmp_path / "read-only").rmdir()
    assert {path.name for path in tmp_path.iterdir()} == {"file"}


@pytest.mark.exhaustive
def test_a_full_disk_in_the_final_write(cell, finished, options, tmp_path, monkeypatch, capsys):
    """One line; what was trained is saved, and the same command only writes it."""
    folders = tmp_path / "out", tmp_path / "checkpoints"
    with monkeypatch.context() as patch:
        patch.setattr(loop, "write_results", full)
        assert command(options, *folders) == 2
    said = capsys.readouterr().err
    assert said == (
        f"error: {tmp_path / 'out'}: cannot be written (No space left on device); step 6 is saved, and the same "
        "command goes on from there\n"
    )
    assert command(options, *folders) == 0
    assert "resumed at step 6 of 6" in capsys.readouterr().out
    found, expected = contents(tmp_path / "out"), contents(finished)
    assert all(found[name] == expected[name] for name in FILES[:-1])
    assert not (tmp_path / "checkpoints").exists()


def test_a_second_process_waits_and_finds_the_results(cell, digits_store, finished, tmp_path, monkeypatch, capsys):
    """Two of the same run: the second has nothing to train when the first has finished."""
    fingerprint = destination.run_fingerprint(cell, 0, digits_store)
    first = Claim(tmp_path / "out", {"for": "results", "fingerprint": fingerprint})

    def finish(_):
        shutil.copytree(finished, tmp_path / "out", dirs_exist_ok=True)
        first.release(unmark=True)

    monkeypatch.setattr("netspec.claims.time.sleep", finish)
    monkeypatch.setattr(loop, "_fit", never)
    with pytest.raises(Finished):
        fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    assert "another process trains a run whose results belong there; waiting for it" in capsys.readouterr().err
    assert contents(tmp_path / "out") == contents(finished)


def test_a_stopped_run_leaves_no_empty_folders(cell, digits_store, tmp_path, monkeypatch):
    def stopped(*_):
        assert (tmp_path / "out" / MARK).exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    assert list(tmp_path.iterdir()) == []
