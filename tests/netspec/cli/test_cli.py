"""The command itself: help, version, drawings on disk, pipes, and how soon it answers."""

import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from netspec import catalogue
from netspec.cli import main
from netspec.draw import draw

pytestmark = pytest.mark.slow

COMMANDS = ("list", "show", "count", "diff", "draw", "run", "lower")


def run(*arguments, **environment):
    command = [sys.executable, "-m", "netspec", *arguments]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment}, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_and_gives_an_example(capsys, command):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert f"  netspec {command} " in out
    assert "example" in out


@pytest.mark.thinned(3)
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_examples_work(capsys, tmp_path, monkeypatch, command):
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    shown = capsys.readouterr().out.partition("examples:")[2].splitlines()
    examples = [re.split(r" [|>] ", line)[0] for line in shown if line.startswith("  netspec ")]
    assert len(examples) >= 2
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (300, 200), "grey").save(tmp_path / "picture.jpg")
    main(["show", "vit-tiny", "--python"])
    (tmp_path / "mine.py").write_text(capsys.readouterr().out, encoding="utf-8")
    for example in examples:
        assert main(shlex.split(example)[1:]) == 0, example
        out, err = capsys.readouterr()
        assert out
        assert not err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(f"\n    {command} " in out for command in COMMANDS)


def test_no_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("netspec ")


def test_draw_writes_a_file_named_after_the_spec(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["draw", "clip-vit-b/32 (both towers)"]) == 0
    assert capsys.readouterr().out == "CLIP-ViT-B-32-both-towers.svg\n"
    written = (tmp_path / "CLIP-ViT-B-32-both-towers.svg").read_text(encoding="utf-8")
    assert written == draw(catalogue.find("CLIP-ViT-B/32 (both towers)")) + "\n<!-- netspec-book -->\n"


def test_draw_writes_where_it_is_told(capsys, tmp_path):
    target = tmp_path / "net.svg"
    assert main(["draw", "lenet-5", "-o", str(target)]) == 0
    assert capsys.readouterr().out == f"{target}\n"
    assert ET.parse(target).getroot().get("role") == "img"


def test_draw_to_standard_output_is_the_same_drawing(capsys):
    assert main(["draw", "lenet-5", "-o", "-"]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert ET.canonicalize(out) == ET.canonicalize(draw(catalogue.find("lenet-5")))


def test_draw_says_when_it_cannot_write(capsys, tmp_path):
    assert main(["draw", "lenet-5", "-o", str(tmp_path / "no" / "net.svg")]) == 2
    assert capsys.readouterr().err.endswith("net.svg: cannot be written: No such file or directory\n")


def test_every_spec_has_its_own_file_name():
    names = [spec.slug.lower() for spec in catalogue.specs()]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and not set(name) & set('/\\:*?"<>| ') for name in names)


def test_a_reader_that_leaves_early_causes_no_complaint():
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "netspec", "list"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_without_these_characters_gets_the_rest():
    done = run("list", "--domain", "diffusion", PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"SD VAE encoder (image ? latent)" in done.stdout


def test_errors_go_to_standard_error_without_a_traceback():
    done = run("show", "no such thing at all")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"netspec: unknown architecture")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["jax", "pandas", "numpy", "importlib.metadata"])
def test_nothing_heavy_is_imported(module):
    code = (
        f"import sys; from netspec.__main__ import main; main(['show', 'lenet-5']); sys.exit({module!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0
