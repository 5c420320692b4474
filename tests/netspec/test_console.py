"""Standard streams that are closed, full, left by their reader or interrupted, for every command line."""

import os
import subprocess
import sys

import pytest

from netspec.console import guarded

#: Stands for any command: prints a line, then a long one, and says what it returned.
WORK = """
import sys
from netspec.console import guarded
def work():
    print("line")
    print("long " * 5000)
    open("done", "w").close()
    return 3 * ("fail" in sys.argv)
sys.exit(guarded(work, "prog", sys.argv[1]))
"""


def run(redirection, *arguments, folder, buffered=True):
    script = folder / "command.py"
    script.write_text(WORK)
    line = f'exec "{sys.executable}" {"" if buffered else "-u"} {script} {" ".join(arguments)} {redirection}'
    done = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False)
    assert (folder / "done").exists() or "full" in redirection
    return done


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize(
    ("redirection", "prints", "status", "says"),
    [
        ("> >(head -1 >/dev/null)", "result", 0, ""),
        (">/dev/full", "result", 1, "prog: cannot write to standard output: No space left on device\n"),
        (">&-", "result", 1, "prog: cannot write to standard output: it is closed\n"),
        (">&-", "remark", 0, "prog: cannot write to standard output: it is closed\n"),
        (">&- 2>&-", "result", 1, ""),
        (">/dev/full 2>/dev/full", "result", 1, ""),
        ("<&- >/dev/null", "result", 0, ""),
    ],
)
def test_one_line_or_none(tmp_path, redirection, prints, status, says, buffered):
    done = run(redirection, prints, folder=tmp_path, buffered=buffered)
    assert (done.returncode, done.stderr, done.stdout) == (status, says, "")


def test_a_reader_that_leaves_takes_no_failure_away(tmp_path):
    assert run("> >(true)", "result", "fail", folder=tmp_path).returncode == 3


def test_closed_streams_lend_their_numbers_to_no_file(tmp_path):
    code = (
        "from netspec.console import guarded; guarded(lambda: print(open('x','w').fileno(), file=open('y','w')), 'p')"
    )
    subprocess.run(["bash", "-c", f'exec "{sys.executable}" -c "{code}" >&- 2>&- <&-'], cwd=tmp_path, check=False)
    assert int((tmp_path / "y").read_text()) > 2


@pytest.mark.parametrize("module", ["netspec", "train", "report"])
def test_help_on_a_full_disk(tmp_path, module):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", module, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.stderr == f"{module}: cannot write to standard output: No space left on device\n"


def test_an_interrupt_is_a_status_without_a_word(capsys):
    def work():
        raise KeyboardInterrupt

    assert guarded(work, "prog") == 130
    assert capsys.readouterr() == ("", "")


def test_errors_that_are_not_of_the_streams_pass():
    def work():
        raise OSError(28, os.strerror(28))

    with pytest.raises(OSError, match="No space"):
        guarded(work, "prog")


def test_exits_of_the_parser_pass():
    with pytest.raises(SystemExit) as stopped:
        guarded(lambda: sys.exit(2), "prog")
    assert stopped.value.code == 2
