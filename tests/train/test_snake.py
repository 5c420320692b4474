"""What the workflow adds to Snakemake: targets read from its command line, locks that are left over, lines on runs."""

import fcntl
import json
import logging
import os
import queue
from pathlib import Path
from types import SimpleNamespace

import pytest

from train.workflow import snake


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
        ("", [], {}),
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
    said = snake.mistakes(
        *snake.asked(arguments.split()), known.__contains__, {"zoo"}.__contains__, lambda name: f"{name}?"
    )
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


def record(event, **extra):
    made = logging.LogRecord("snakemake", logging.INFO, "", 0, "", None, None)
    made.__dict__.update(event=SimpleNamespace(value=event), **extra)
    return made


def started(number, rule, output, **wildcards):
    extra = {"output": [output], "log": [f"logs/{number}.log"], "wildcards": wildcards}
    return record("job_info", jobid=number, rule_name=rule, **extra)


def finish(seed, top1=12.345):
    summary = {"cell": "bare", "seed": seed, "task": "classification", "metrics": {"top1": top1}, "val_images": 170}
    path = Path(f"results/digits/bare/seed{seed}/summary.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(summary | {"timing": {"wall_seconds": 3.21}}))
    return str(path)


def test_what_is_said_may_be_logged_and_heard_again(tmp_path, monkeypatch):
    """Snakemake's logger hands the line to this handler, too, which looks again in the midst of a look."""
    monkeypatch.chdir(tmp_path)
    said: list[str] = []

    def say(text):
        said.append(text)
        watcher.handle(record("progress", done=1, total=2))

    watcher = snake.RunWatcher(say, pause=3600)
    for seed in (0, 1):
        watcher.handle(started(seed, "train", f"results/digits/bare/seed{seed}/summary.json", label="digits"))
        finish(seed)
    watcher.look()
    assert len(said) == 3 and len(set(said)) == 3


def test_a_line_per_finished_run_and_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said, dry = [], []
    watcher = snake.RunWatcher(said.append, lambda: bool(dry), pause=3600)
    os.utime(finish(1, 99.0), (1, 1))  # of before, to be made again
    for seed in (0, 1):
        watcher.handle(started(seed, "train", f"results/digits/bare/seed{seed}/summary.json", label="digits"))
    watcher.handle(started(2, "resolve_cell", "results/digits/bare/cell.json", label="digits"))
    watcher.handle(started(3, "ablation", "reports/ablation/digits-smoke.pdf"))
    assert said == ["Each run writes its progress to logs/digits/<cell>/seed<k>.log; now: tail -F logs/0.log"]
    finish(0)
    for _ in range(2):
        watcher.handle(record("progress", done=1, total=4))
    assert said[1:] == ["digits: bare seed 0: top-1 12.35 % (21/170) in 3.2 s"]
    finish(1)
    Path("reports/ablation").mkdir(parents=True)
    Path("reports/ablation/digits-smoke.pdf").write_text("%PDF")
    watcher.handle(record("job_finished", job_id=1))
    assert said[2:] == [
        "digits: bare seed 1: top-1 12.35 % (21/170) in 3.2 s",
        "Report: reports/ablation/digits-smoke.pdf",
    ]
    dry.append(True)
    watcher.handle(started(5, "train", "results/x/y/seed0/summary.json", label="x"))
    assert len(said) == 4


def test_every_run_of_one_process_is_said_when_it_finishes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    watcher = snake.RunWatcher(said.append, pause=3600)
    started_ = started(0, "schedules/digits/bare together", "")
    started_.output = [f"results/digits/bare/seed{seed}/summary.json" for seed in (0, 1)]
    watcher.handle(started_)
    finish(0)
    watcher.look()
    assert said[1:] == ["digits: bare seed 0: top-1 12.35 % (21/170) in 3.2 s"]


def test_a_run_is_seen_to_finish_while_snakemake_says_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = queue.Queue()
    watcher = snake.RunWatcher(said.put, pause=0.01)
    watcher.handle(started(0, "train", "results/digits/bare/seed0/summary.json", label="digits"))
    said.get(timeout=10)
    finish(0)
    assert said.get(timeout=10).startswith("digits: bare seed 0: top-1")
    watcher.close()
    watcher.thread.join(timeout=10)
    assert not watcher.thread.is_alive()
