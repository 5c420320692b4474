"""Python files on the command line: which specs they define, and what is said when they do not run."""

import json
import sys

import pytest

from netspec.cli import main, sources

HEAD = "from netspec import NetSpec\nfrom netspec.layers import Conv2d, Dense, Flatten\n"
TINY = 'NetSpec("tiny", (4,), (Dense(4, 2),))'


@pytest.fixture
def write(tmp_path):
    def write(text, head=HEAD):
        file = tmp_path / "mine.py"
        file.write_text(head + text, encoding="utf-8")
        return str(file)

    return write


def counted(capsys, file):
    assert main(["count", file, "--json"]) == 0
    return [(record["name"], record["built"]) for record in json.loads(capsys.readouterr().out)]


@pytest.mark.parametrize("text", [f"spec = {TINY}", f"SPEC = {TINY}", f"SPECS = [{TINY}]", f"mine = {TINY}"])
def test_a_spec_goes_by_any_of_these_names(capsys, write, text):
    assert counted(capsys, write(text)) == [("tiny", 10)]


def test_declared_specs_hide_their_helpers(capsys, write):
    text = f"helper = {TINY}\nSPEC = NetSpec('real', (4,), (*helper.layers, Dense(2, 1)))"
    assert counted(capsys, write(text)) == [("real", 13)]


def test_several_specs_come_in_order(capsys, write):
    text = "SPECS = {n: NetSpec(f'width {n}', (4,), (Dense(4, n),)) for n in (3, 1, 2)}"
    assert counted(capsys, write(text)) == [("width 3", 15), ("width 1", 5), ("width 2", 10)]


def test_one_of_several_is_picked_by_name(capsys, write):
    file = write("SPECS = [NetSpec(f'width {n}', (4,), (Dense(4, n),)) for n in (1, 2)]")
    assert main(["show", f"{file}:Width 2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["params"] == 10
    assert main(["show", file]) == 2
    assert "defines several specs: 'width 1', 'width 2'" in capsys.readouterr().err
    assert main(["show", f"{file}:width 3"]) == 2
    assert "no spec called 'width 3'" in capsys.readouterr().err


def test_a_file_may_import_its_neighbours_and_define_layers(capsys, write, tmp_path):
    (tmp_path / "widths_of_mine.py").write_text("WIDTH = 7\n", encoding="utf-8")
    text = """
from __future__ import annotations
from dataclasses import dataclass
from netspec import NetSpec
from netspec.layers import Primitive
from widths_of_mine import WIDTH

@dataclass(frozen=True)
class Scale(Primitive):
    features: int
    primitive = "scale"
    def params(self): return self.features
    def output_shape(self, arrived): return arrived
    def macs(self, arrived): return self.features

SPEC = NetSpec("scaled", (WIDTH,), (Scale(WIDTH),))
"""
    file = write(text.lstrip(), head="")
    assert counted(capsys, file) == [("scaled", 7)]
    for command in ("show", "draw"):
        assert main([command, file, *(["-o", "-"] if command == "draw" else [])]) == 0
        assert "Scale" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'SPEC = NetSpec("bad", (4,), (Dense(4, 2), Dense(3, 1)))',
            ", line 3: bad, layer 1 Dense(3, 1): ",
        ),
        ("SPEC = NetSpec(", ", line 3: '(' was never closed"),
        ("\nSPEC = NetSpce()", ", line 4: NameError: name 'NetSpce' is not defined"),
        ("def make():\n    return 1 / 0\n\nSPEC = make()", ", line 4: ZeroDivisionError: division by zero"),
        ("import not_there_at_all", ", line 3: ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("raise SystemExit(3)", ", line 3: SystemExit: 3"),
        ("x = 1", ": defines no NetSpec; assign one to SPEC, or several to SPECS"),
        ("SPEC = 1", ": defines no NetSpec; assign one to SPEC, or several to SPECS"),
    ],
)
@pytest.mark.parametrize("command", ["count", "show", "draw"])
def test_one_line_says_what_is_wrong_and_where(capsys, write, command, text, message):
    file = write(text)
    assert main([command, file]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"netspec: {file}{message}")
    assert err.count("\n") == 1


def test_a_file_that_cannot_be_read(capsys, tmp_path):
    assert main(["count", str(tmp_path / "none.py")]) == 2
    assert capsys.readouterr().err.endswith("none.py: cannot be read: No such file or directory\n")
    binary = tmp_path / "binary.py"
    binary.write_bytes(b"\xff\xfe\x00")
    assert main(["count", str(binary)]) == 2
    assert capsys.readouterr().err.endswith("binary.py: cannot be read: not UTF-8 text\n")


@pytest.mark.parametrize("arguments", [("show", "vit-tny"), ("count", "vit-tny"), ("draw", "vit-tny")])
def test_an_unknown_name_suggests_the_nearest(capsys, arguments):
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("netspec: unknown architecture 'vit-tny'; did you mean ViT-Tiny")
    assert err.count("\n") == 1


def test_a_file_in_the_folder_hides_no_architecture_and_is_not_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "CLIP-ViT-B").mkdir()
    for name in ("resnet-50", "CLIP-ViT-B/32 (both towers)", "nothing-known"):
        (tmp_path / name).write_text("raise SystemExit('was run')", encoding="utf-8")
    assert counted(capsys, "resnet-50")[0][0] == "ResNet-50"
    assert counted(capsys, "clip-vit-b/32 (both towers)")[0][0] == "CLIP-ViT-B/32 (both towers)"
    assert main(["count", "nothing-known"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("the file of that name is ./nothing-known")
    assert main(["count", "./resnet-50"]) == 2
    assert "resnet-50, line 1: SystemExit: was run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("resnet-50", None),
        ("resnet-50:mine", None),
        ("clip-vit-b/32", None),
        ("whisper large encoder (v1/v2/v3)", None),
        ("mine.py", ("mine.py", None)),
        ("mine.py:NAME", ("mine.py", "NAME")),
        ("mine.py:", ("mine.py", "")),
        ("mine.PY:a:b", ("mine.PY", "a:b")),
        ("./mine", ("./mine", None)),
        ("a/mine:NAME", ("a/mine", "NAME")),
        ("vit/tiny", ("vit/tiny", None)),
        ("./resnet-50", ("./resnet-50", None)),
        ("C:/specs/mine.py:NAME", ("C:/specs/mine.py", "NAME")),
        ("C:mine.py", ("C:mine.py", None)),
        ("C:/mine", ("C:/mine", None)),
    ],
)
def test_what_is_a_file(argument, meant):
    assert sources._file_and_name(argument) == meant


SEVERAL = "a = NetSpec('width 1', (4,), (Dense(4, 1),))\nSPECS = [a, NetSpec('width 2', (4,), (Dense(4, 2),))]"


@pytest.mark.parametrize("arguments", [["count"], ["show"], ["diff", "lenet-5"], ["run", "--abstract"]])
def test_every_command_picks_one_of_a_file(capsys, write, arguments):
    file = write(SEVERAL)
    for name in ("width 2", "Width-2", "SPECS[1]"):
        assert main([*arguments, f"{file}:{name}", "--json"]) == 0
        assert "width 2" in capsys.readouterr().out
    assert main([*arguments, f"{file}:width 3"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"netspec: {file} defines no spec called 'width 3'; did you mean width 2 or width 1?")
    assert err.endswith("it has 'width 1', 'width 2'\n")


def test_gradcheck_takes_a_file(capsys, write):
    assert main(["gradcheck", write(f"SPEC = {TINY}")]) == 0
    assert "all within tolerance" in capsys.readouterr().out


def test_two_specs_of_one_name_are_told_apart_by_their_variables(capsys, write):
    file = write(f"first = {TINY}\nsecond = NetSpec('tiny', (4,), (Dense(4, 3),))")
    assert main(["count", f"{file}:tiny"]) == 2
    assert capsys.readouterr().err.endswith("say which as first or second\n")
    assert counted(capsys, f"{file}:second") == [("tiny", 15)]


def test_what_a_file_prints_is_no_part_of_the_result(capsys, write):
    assert main(["count", write(f"print('loud')\nSPEC = {TINY}"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)[0]["built"] == 10
    assert err == "loud\n"


def test_neighbours_of_one_name_are_not_mixed_up(capsys, tmp_path):
    for width in (1, 2):
        folder = tmp_path / str(width)
        folder.mkdir()
        (folder / "my_width_here.py").write_text(f"WIDTH = {width}", encoding="utf-8")
        text = f"{HEAD}from my_width_here import WIDTH\nSPEC = NetSpec(f'n{{WIDTH}}', (4,), (Dense(4, WIDTH),))"
        (folder / "mine.py").write_text(text, encoding="utf-8")
    assert main(["diff", str(tmp_path / "1/mine.py"), str(tmp_path / "2/mine.py"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["first"]["name"], found["second"]["name"]) == ("n1", "n2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd", ", line 5: Odd"),
        ("raise ValueError('two\\nlines')", ", line 3: ValueError: two lines"),
        ("def f(): return f()\nf()", ", line 3: RecursionError"),
        ("import sys; sys.path.clear(); raise KeyError('x')", ", line 3: KeyError: 'x'"),
        ("x = []; x.append(x)", ": defines no NetSpec"),
        ("\0", ""),
    ],
)
def test_odd_files_are_one_line_too(capsys, write, text, message, monkeypatch):
    monkeypatch.setattr("sys.path", list(sys.path))
    file = write(text)
    assert main(["count", file]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"netspec: {file}{message}")
