"""Numbers and names on the command lines: within their limits, or one line and exit status 2 before reading."""

import pytest
from hostile import NAMES

from report.__main__ import main as report
from train import __main__ as train

FIT = ["fit", "--cell", "c.json", "--out", "o", "--checkpoints", "k", "--seed"]
PREVIEW = ["preview", "--cell", "c.json", "--out", "o"]
INPUT = ["bench-input", "--dataset", "d.yaml"]
STEP = ["bench-step", "--cell", "c.json"]
NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "1e999",
    "-1",
    "1.0",
    "1e3",
    "010",
    "+1",
    " 1",
    "1_0",
    "٣",
    "²",
    "0x10",
    "",
    "9" * 5000,
    "true",
]
OPTIONS = {
    "--seed": FIT,
    "--gpus": [*FIT, "0", "--gpus"],
    "--processes": [*FIT, "0", "--processes"],
    "--process-id": [*FIT, "0", "--process-id"],
    "--rows": [*PREVIEW, "--rows"],
    "--columns": [*PREVIEW, "--columns"],
    "preview --seed": [*PREVIEW, "--seed"],
    "--batch-size": [*INPUT, "--batch-size"],
    "--rounds": [*STEP, "--rounds"],
    "--starts": [*STEP, "--starts"],
    "bench-step --batch-size": [*STEP, "--batch-size"],
    "--steps": ["estimate", "--steps"],
}


def one_line(capsys, says):
    error = capsys.readouterr().err
    last = error.splitlines()[-1]
    assert "error: argument" in last and says in last and error.replace("\n", "").isprintable(), error
    assert len(last) < 400


@pytest.mark.parametrize("option", OPTIONS)
def test_whole_numbers(capsys, option):
    for text in NUMBERS:
        with pytest.raises(SystemExit) as stopped:
            train.main([*OPTIONS[option][:-1], f"{OPTIONS[option][-1]}={text}"])
        assert stopped.value.code == 2
        one_line(capsys, "whole number")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "-1", "1e999", "-0.1", "٣", "", "86401", "ten", "9" * 5000])
def test_seconds(capsys, text):
    with pytest.raises(SystemExit):
        train.main([*INPUT, f"--seconds={text}"])
    one_line(capsys, "not a number of seconds from 0 to 86400")


@pytest.mark.parametrize(
    "text", ["host", "host:", ":80", "host:0", "host:65536", "host:-1", "a b:80", "host:8e1", "x\n:80"]
)
def test_addresses(capsys, text):
    with pytest.raises(SystemExit):
        train.main([*FIT, "0", f"--coordinator={text}"])
    one_line(capsys, "--coordinator")


@pytest.mark.parametrize("name", [*NAMES.values(), "..", "../x", "A", "", "a/b"], ids=lambda name: ascii(name)[:16])
def test_names(capsys, name):
    for main, arguments in [
        (train.main, ["show", "--", name]),
        (train.main, ["show", f"--dataset={name}"]),
        (report, ["page", "ablation", "--results", "r", f"--cells={name}", "--seeds", "0"]),
    ]:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
        one_line(capsys, "is no name, expected at most 63 lower-case letters")


@pytest.mark.parametrize("seed", ["-1", "1.0", "nan", "9" * 30, "²"])
def test_seeds_of_a_report(capsys, seed):
    with pytest.raises(SystemExit):
        report(["page", "ablation", "--results", "r", "--cells", "bare", f"--seeds={seed}"])
    one_line(capsys, "whole number from 0 to 2147483647")


@pytest.mark.parametrize("text", ["seeds", "seeds=[", "seeds=.nan", "1=2", "\x1b=3", "seeds=[1e999]", "zoo=3"])
def test_settings_of_an_estimate(capsys, text):
    assert train.main(["estimate", "--set", text]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and error.strip().isprintable()


def test_a_message_keeps_to_its_line(capsys, tmp_path):
    assert train.main(["prepare", "--dataset", f"{tmp_path}/two\nlines\x1b[2J.yaml", "--out", str(tmp_path / "o")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "\x1b" not in error
