"""What the workflow adds to Snakemake: targets read from its command line, locks that are left over, lines on runs."""

import fcntl
import json
import logging
import os
from types import SimpleNamespace

import pytest

from train import snake


@pytest.mark.parametrize(
    ("arguments", "targets", "taken"),
    [
        ("cutmix", ["cutmix"], {}),
        ("cutmix zoo/swin -n --config recipe=smoke", ["cutmix", "zoo/swin"], {}),
        ("--cores 2 cutmix", ["cutmix"], {}),
        ("--config a=1 b=2 --cores 2", [], {}),
        ("--config a=1 -- cutmix", ["cutmix"], {}),
        ("-R train zoo", [], {"--forcerun": ["train", "zoo"]}),
        ("zoo --forcerun train", ["zoo"], {"--forcerun": ["train"]}),
        ("zoo --forcerun=train -n", ["zoo"], {"--forcerun": ["train"]}),
        ("-n -U train zoo -O x -P y", [], {"--until": ["train", "zoo"], "--omit-from": ["x"], "--prioritize": ["y"]}),
        ("zoo --report report.zip", ["zoo"], {}),
    ],
)  # fmt: skip
def test_asked(arguments, targets, taken):
    assert snake.asked(arguments.split()) == (targets, taken)


FIRST = "expected targets first: snakemake zoo --until train"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("zoo", []),
        ("zoo -R train", []),
        ("-R train", []),
        ("-R zoo", []),
        ("-R train zoo_table", []),
        ("cutmx zo", ["cutmx?", "zo?"]),
        ("zoo -R trian", ["trian?"]),
        ("-U train zoo", ["--until took 'zoo' as its own and no target is left, " + FIRST]),
    ],
)  # fmt: skip
def test_mistakes(arguments, found):
    known = {"zoo", "train", "zoo_table"}
    said = snake.mistakes(arguments.split(), known.__contains__, {"zoo"}.__contains__, lambda name: f"{name}?")
    assert said == found


@pytest.mark.parametrize(
    ("program", "read"),
    [
        ("/usr/bin/snakemake", True),
        ("/lib/python3/site-packages/snakemake/__main__.py", True),
        ("/usr/bin/pytest", False),
        ("", False),
    ],
)
def test_only_its_own_command_line_is_read(monkeypatch, program, read):
    monkeypatch.setattr("sys.argv", [program, "zoo"])
    assert snake.command_line() == (["zoo"] if read else [])


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """The folder of a Snakemake that was killed on this machine, and this process as the next one."""
    monkeypatch.setattr(snake, "_alive", [])
    (tmp_path / "locks").mkdir()
    for name in ("0.input.lock", "0.output.lock", "mine.txt"):
        (tmp_path / "locks" / name).write_text("reports/ablation.pdf")
    (tmp_path / "alive.lock").write_text(os.uname().nodename)
    yield tmp_path
    for file in snake._alive:
        os.close(file)


def left(folder):
    return sorted(path.name for path in (folder / "locks").iterdir())


def test_locks_of_a_killed_snakemake_are_removed(killed):
    assert snake.clear_stale_locks(killed) == 2
    assert left(killed) == ["mine.txt"]
    with (killed / "alive.lock").open() as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held while this process lives


@pytest.mark.parametrize("reason", ["another one runs", "another machine", "never run here", "already looked"])
def test_locks_that_may_be_in_use_stay(killed, monkeypatch, reason):
    with (killed / "alive.lock").open() as other:
        if reason == "another one runs":
            fcntl.flock(other, fcntl.LOCK_SH)
        elif reason == "another machine":
            (killed / "alive.lock").write_text("elsewhere")
        elif reason == "never run here":
            (killed / "alive.lock").unlink()
        else:
            monkeypatch.setattr(snake, "_alive", [os.open(killed / "alive.lock", os.O_RDONLY)])
        assert snake.clear_stale_locks(killed) == 0
    assert len(left(killed)) == 3


def test_a_file_system_without_locks_loses_nothing(killed, monkeypatch):
    def refuse(*_):
        raise OSError("not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert snake.clear_stale_locks(killed) == 0
    assert len(left(killed)) == 3
    assert snake.clear_stale_locks(killed / "locks/mine.txt/none") == 0  # nor one that cannot be written


def test_a_line_per_finished_run_and_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said, dry = [], []
    watcher = snake.RunWatcher(said.append, lambda: bool(dry))

    def log(event, **extra):
        record = logging.LogRecord("snakemake", logging.INFO, "", 0, "", None, None)
        record.__dict__.update(event=SimpleNamespace(value=event), **extra)
        watcher.handle(record)

    def start(number, rule, output, **wildcards):
        extra = {"output": [output], "log": [f"logs/{number}.log"], "wildcards": wildcards}
        log("job_info", jobid=number, rule_name=rule, **extra)

    runs = [f"results/digits/bare/seed{seed}/summary.json" for seed in (0, 1)]
    for number, path in enumerate(runs):
        start(number, "train", path, label="digits", cell="bare", seed=str(number))
    start(2, "resolve_cell", "results/digits/bare/cell.json", label="digits")
    start(3, "ablation", "reports/ablation/digits-smoke.pdf")
    assert said == ["Each run writes its progress to logs/digits/<cell>/seed<k>.log; now: tail -F logs/0.log"]
    summary = {"cell": "bare", "seed": 0, "top1": 12.345, "correct": 21, "val_images": 170}
    path = tmp_path / runs[0]
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(summary | {"timing": {"wall_seconds": 3.21}}))
    for number in (0, 1, 2, 3, 7):  # the second left no summary; nobody knows the last one
        log("job_finished", job_id=number)
    log("progress", done=1, total=2)
    assert said[1:] == [
        "digits: bare seed 0: top-1 12.35 % (21/170) in 3.2 s",
        "Report: reports/ablation/digits-smoke.pdf",
    ]
    dry.append(True)
    start(5, "train", runs[0], label="imagenette")
    assert len(said) == 3
