"""The command line of the reports on trained cells: one page command, a kind is a folder, and mistakes are one line."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from comparisons import Zoo, imagenette

from report.__main__ import KINDS, main
from report.comparison.report import Comparison
from report.runs.command import Report
from train.config.closure import closure


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_a_folder_with_a_report(kind):
    assert isinstance(import_module(f"report.{kind}.page").REPORT, Report | Comparison)


def test_an_experiment_may_ask_for_every_kind_and_no_other():
    schema = yaml.safe_load((Path(__file__).parents[2] / "workflow/schemas/experiment.schema.yaml").read_text())
    assert tuple(schema["properties"]["report"]["enum"]) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_depends_on_no_other_page(kind):
    """What its rule names as its code; one may use another's figures from elsewhere, such as the book's protocol."""
    parts = [Path(path).parts for path in closure("report.__main__:_page", f"report.{kind}.page")]
    rooms = {part[-2:] for part in parts if "report" in part}
    assert (kind, "page.py") in rooms
    assert not {(other, "page.py") for other in KINDS if other != kind} & rooms
    assert not {room for room, _ in rooms} & {"gradcheck", "params", "networks", "bench", "compare"}


def test_the_command_line_imports_no_report_before_it_is_asked_for():
    code = (
        "import sys; import report.__main__; "
        "heavy = {'pandas', 'matplotlib', 'jax', 'report.ablation.page', 'report.runs.load'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_exactly_the_files_of_one_stem_are_written(tmp_path):
    zoo = Zoo(tmp_path, (0,))
    assert zoo.build() == 0
    ends = {path.name.removeprefix("zoo") for path in zoo.tree.reports.iterdir()}
    assert ends == {".csv", "_runs.csv", "_curves.csv", ".svg", "_curves.svg", ".md", ".pdf"}
    page = zoo.tree.read("zoo.md")
    for name in ("zoo.csv", "zoo_runs.csv", "zoo_curves.csv"):
        assert f"[{name}]({name})" in page
    assert "](zoo.svg)" in page and "](zoo_curves.svg)" in page


def test_what_a_report_has_no_use_for_or_lacks_is_one_line(tmp_path, capsys):
    zoo = Zoo(tmp_path, (0,))
    arguments = ["page", "zoo", *zoo.tree.selection(), "--out", str(tmp_path / "out")]
    for option in ("--lowered", "--previews"):
        assert main([*arguments, option, str(tmp_path / "a.png")]) == 1
        assert capsys.readouterr().err == f"report: error: {option}: this report has no use for it\n"
    (tmp_path / "imagenette").mkdir()
    made = imagenette(tmp_path / "imagenette")
    made.lowers = False
    assert made.build() == 1
    assert "--lowered is missing, expected the folder of lowered training steps" in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))


def test_an_unknown_kind_names_the_known(capsys):
    with pytest.raises(SystemExit):
        main(["page", "zoo2", "--results", "r", "--cells", "a", "--seeds", "0", "--out", "o"])
    error = capsys.readouterr().err
    assert "invalid choice: 'zoo2'" in error and all(kind in error for kind in KINDS)
