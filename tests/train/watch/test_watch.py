"""Looking at runs: what they say of themselves while they go on, how it is read, drawn and mirrored."""

import json
import signal
import struct
import sys
from contextlib import contextmanager

import pytest

from netspec.ownership import MARK
from train.__main__ import main
from train.config.schema import ConfigError
from train.live import NOW, ROWS, Live
from train.loop import Interrupted, fit
from train.machine import processes
from train.machine.clock import Clock
from train.rows import HEADER, parsed, table
from train.watch.runs import Seen, seen
from train.watch.view import sparkline, view

ROWS_OF_TWO = [
    (1, 6, "train", "loss", 2.0),
    (1, 6, "val", "top1", 50.0),
    (2, 12, "train", "loss", 1.5),
    (2, 12, "val", "top1", 62.5),
]


@pytest.fixture
def stopped_at(monkeypatch):
    """A function that has the next run stop at a step, as after SIGTERM, after a look at it."""

    def at(wanted, look=lambda: None):
        @contextmanager
        def requests():
            yield lambda step: (look(), signal.SIGTERM)[1] if step == wanted else None

        monkeypatch.setattr(processes, "stop_requests", requests)

    return at


@pytest.mark.exhaustive
@pytest.mark.slow
def test_rows_are_a_beginning_of_the_table_however_often_a_run_was_stopped(
    short_cell, digits_store, tmp_path, stopped_at
):
    """Six steps an epoch, validated every second: stopped amid the third and the fourth, and killed in between."""
    cell, places = short_cell("bare"), (tmp_path / "results/bare/seed0", tmp_path / "checkpoints")
    found, runs = [], []
    for step in (15, 21):
        stopped_at(step, lambda: runs.extend(seen(tmp_path / "results")))
        with pytest.raises(Interrupted):
            fit(cell, 0, digits_store, *places)
        (live,) = (tmp_path / "checkpoints").glob(f"*/{ROWS}")
        found.append(live.read_text())
        with live.open("a") as stream:  # as if it had gone on past its checkpoint until it was killed
            stream.write("3,18,train,loss,99.0\n3,18,val,to")
    stopped_at(None)
    fit(cell, 0, digits_store, *places)
    assert [list(run.rows) for run in runs] == [parsed(text) for text in found]
    assert [(run.cell, run.seed, run.state, run.step, run.steps) for run in runs] == [
        ("bare", 0, "goes on", 12, 24),
        ("bare", 0, "goes on", 18, 24),
    ]
    assert all(run.per_second > 0 and run.unit == "images" for run in runs)
    whole = (places[0] / "metrics.csv").read_text()
    assert [whole.startswith(text) for text in found] == [True, True] and len(found[0]) < len(found[1]) < len(whole)
    assert parsed(found[1])[-1][1] == 18
    assert not (tmp_path / "checkpoints").exists()
    (run,) = seen(tmp_path / "results")
    assert (run.state, run.step, run.steps, run.left) == ("finished", 24, 24, None)
    assert run.rows == tuple(parsed(whole))


def test_a_table_is_what_it_was_made_from():
    rows = [*ROWS_OF_TWO, (2, 12, "val", "loss", None), (2, 12, "val", "tiny", 1e-300 / 3)]
    assert parsed(table(rows)) == rows
    assert parsed(table(rows)[:-5]) == rows[:-1]
    assert parsed(HEADER) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not begin with epoch,step"),
        ("a,b\n", "does not begin with epoch,step"),
        (f"{HEADER}1,6,train,loss\n", "line 2 has other fields"),
        (f"{HEADER}1,6,train,loss,1.0\n1,x,train,loss,1.0\n", "line 3 has other fields"),
        (f"{HEADER}1,6,train,loss,nan\n", "line 2 has a value that is not finite"),
    ],
)
def test_other_tables_are_refused(text, says):
    with pytest.raises(ValueError, match=says):
        parsed(text)


def test_a_run_goes_on_where_nothing_can_be_written(tmp_path, capsys):
    """It says so once; a process that is not the first writes nothing."""
    live = Live(tmp_path / "none", {"steps": 10}, Clock(), 4)
    live.begin([], 0)
    live.add(ROWS_OF_TWO, 6)
    assert capsys.readouterr().err.count("No such file or directory") == 1
    Live(tmp_path, {"steps": 10}, Clock(), 4, silent=True).begin([], 0)
    assert list(tmp_path.iterdir()) == []


def test_time_left_is_that_of_the_steps_of_this_process(tmp_path, monkeypatch):
    clock, now = Clock(), [100.0]
    monkeypatch.setattr("train.live.time.monotonic", lambda: now[0])
    clock.steps, clock.seconds["train"], clock.seconds["input"] = 10, 4.0, 1.0
    live = Live(tmp_path, {"steps": 40}, clock, batch_size=8, each=3)
    live.begin([], 20)
    assert json.loads((tmp_path / NOW).read_text())["seconds_left"] is None
    live.tick(21)
    now[0] = 104.0
    live.add([], 23)
    said = json.loads((tmp_path / NOW).read_text())
    assert (said["step"], said["seconds_left"], said["per_second"]) == (23, 17 * 2.0, 2.0 * 8 * 3)
    now[0] = 108.9
    live.tick(24)
    assert json.loads((tmp_path / NOW).read_text())["step"] == 23
    now[0] = 109.1
    live.tick(25)
    assert json.loads((tmp_path / NOW).read_text())["step"] == 25


def run_of(rows=(), **changes):
    known = {
        "name": "bare/seed0",
        "cell": "bare",
        "seed": 0,
        "task": "classification",
        "state": "goes on",
        "step": 12,
        "steps": 24,
        "unit": "images",
        "per_second": 1234.5,
        "left": 65.0,
        "updated": 1000.0,
        "rows": tuple(rows),
    }
    return Seen(**{**known, **changes})


def test_a_curve_is_as_high_as_its_values():
    assert sparkline(range(8)) == "▁▂▃▄▅▆▇█"
    assert sparkline([3.0, 3.0, None, 3.0]) == "▁▁ ▁"
    assert sparkline([]) == "" and sparkline([None]) == " "
    assert sparkline([0.0, 1.0, 0.0, 1.0, 2.0, 2.0], longest=3) == "▁▁█"


def test_runs_in_words():
    """Those that go on first, a figure with its last value and its curve, in lines that fit."""
    done = run_of(name="a/b/bare/seed0", state="diverged", left=None, updated=None, per_second=None, step=24)
    text = view([done, run_of(ROWS_OF_TWO)], width=60, now=1030.0).splitlines()
    assert text == [
        "bare seed 0  step 12 of 24  1,234 images/s  01:05 left",
        "  train loss 1.5000 █▁   val top1 62.50 % ▁█",
        "bare seed 0  step 24 of 24  diverged  in a/b",
    ]
    assert view([run_of(ROWS_OF_TWO)], width=30, now=1030.0).splitlines()[2] == "  val top1 62.50 % ▁█"
    assert view([run_of(step=24)], now=4600.0).endswith("finishing  silent for 1:00:00")
    assert view([run_of([(1, 6, "train", "loss", None)])], now=1000.0).endswith("train loss no number")
    others = [(1, 6, "val", "iou", 0.5), (1, 6, "val", "loss", 2.0)]
    assert view([run_of(others)], now=1000.0).endswith("val loss 2.0000 ▁   val iou 0.5000 ▁")
    assert view([]) == "no run has begun to train"


@pytest.fixture
def going_on(tmp_path):
    """A folder with a run that goes on, and the one with what it says of itself."""
    out, live = tmp_path / "results/bare/seed0", tmp_path / "checkpoints/f00d"
    out.mkdir(parents=True)
    live.mkdir(parents=True)
    (out / MARK).write_text(
        json.dumps({"by": "netspec-book", "for": "results", "checkpoints": "../../../checkpoints/f00d"})
    )
    about = {"cell": "bare", "seed": 0, "task": "classification", "steps": 24, "unit": "images"}
    Live(live, about, Clock(), 10).begin(ROWS_OF_TWO, 12)
    return tmp_path / "results", live


def test_the_command_shows_a_run_once(going_on, capsys):
    results, live = going_on
    assert main(["watch", str(results), "--once"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("bare seed 0  step 12 of 24\n  train loss 1.5000 █▁   val top1 62.50 % ▁█\n")
    for name in (NOW, ROWS):
        (live / name).unlink()
    assert main(["watch", str(results)]) == 0  # no terminal: once, too
    assert capsys.readouterr().out == "no run has begun to train\n"


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        (NOW, b"{", "progress.json"),
        (
            NOW,
            b"[]",
            "the file is an empty list, expected a mapping of keys; expected what `python -m train fit` writes",
        ),
        (NOW, b"{}", "is damaged (KeyError('cell')), expected what"),
        (NOW, b'{"cell": "a", "seed": "x"}', "is damaged (ValueError"),
        (NOW, b'{"cell": "a", "seed": 0, "task": "chess"}', "key 'task' is chess, expected one of"),
        (ROWS, b"\xff\xfe", "metrics.csv"),
        (ROWS, b"nothing\n", "does not begin with epoch,step"),
        ("../../results/bare/seed0/summary.json", b"{", None),
    ],
)
def test_a_damaged_file_is_one_sentence(going_on, capsys, file, content, says):
    """The summary of an earlier run beside one that goes on is not looked at."""
    results, live = going_on
    (live / file).write_bytes(content)
    assert main(["watch", str(results), "--once"]) == (2 if says else 0)
    said = capsys.readouterr().err
    assert said.count("\n") == bool(says) and (says or "") in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda root: None, "results: no such folder"),
        (lambda root: (root / "results").mkdir(), "results: no run in it, expected"),
        (lambda root: (root / "results").write_text(""), "results: no such folder"),
        (lambda root: summary(root, "{"), "summary.json"),
        (lambda root: summary(root, "{}"), "metrics.csv: no such file beside summary.json"),
        (lambda root: summary(root, "{}", HEADER), "'dataset' is missing"),
    ],
)
def test_folders_without_runs_and_broken_ones(tmp_path, capsys, make, says):
    make(tmp_path)
    assert main(["watch", str(tmp_path / "results"), "--once"]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def summary(root, text, rows=None):
    (root / "results/seed0").mkdir(parents=True)
    (root / "results/seed0/summary.json").write_text(text)
    if rows is not None:
        (root / "results/seed0/metrics.csv").write_text(rows)


def test_a_mirror_needs_its_package_and_a_folder_of_its_own(going_on, capsys, monkeypatch):
    results, _ = going_on
    for place, says in ((results / "events", "lies inside RESULTS"), (results, "is also RESULTS")):
        assert main(["watch", str(results), "--once", "--tensorboard", str(place)]) == 2
        assert says in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert main(["watch", str(results), "--once", "--tensorboard", str(results.with_name("events"))]) == 2
    assert (
        "expected the package tensorboardX, which `pip install -e '.[tensorboard]'` brings" in capsys.readouterr().err
    )


def scalars(folder):
    """What TensorBoard shows of a folder: values by tag and step; one that begins anew forgets later steps."""
    from tensorboardX.proto.event_pb2 import Event

    found = {}
    for path in sorted(folder.glob("events.*")):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            event = Event.FromString(data[12 : 12 + length])
            data = data[16 + length :]
            if event.HasField("session_log"):
                found = {key: value for key, value in found.items() if key[1] < event.step}
            for value in event.summary.value:
                assert (value.tag, event.step) not in found
                found[value.tag, event.step] = value.simple_value
    return found


def test_a_mirror_shows_what_the_rows_say_after_a_resume_and_a_second_start(tmp_path):
    pytest.importorskip("tensorboardX")
    from train.watch.mirror import Mirror

    rows = ROWS_OF_TWO
    changed = [*rows[:2], (2, 12, "train", "loss", 1.25), (2, 12, "val", "top1", None)]
    with Mirror(tmp_path / "events") as mirror:
        mirror.update([run_of(rows[:2]), run_of(rows, name="cutmix/seed1")])
        mirror.update([run_of(rows)])
        mirror.update([run_of(rows)])
        mirror.update([run_of(changed)])
    expected = {(f"{split}/{name}", step): value for _, step, split, name, value in rows}
    assert scalars(tmp_path / "events/cutmix/seed1") == expected
    del expected["val/top1", 12]
    expected["train/loss", 12] = 1.25
    assert scalars(tmp_path / "events/bare/seed0") == expected
    with Mirror(tmp_path / "events") as mirror:
        mirror.update([run_of(changed)])
    assert scalars(tmp_path / "events/bare/seed0") == expected
    assert len(list((tmp_path / "events/bare/seed0").iterdir())) == 3


def test_no_run_is_an_error_of_the_command_only(tmp_path):
    with pytest.raises(ConfigError, match="no run in it"):
        seen(tmp_path)
