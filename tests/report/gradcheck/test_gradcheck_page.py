"""The gradient check's report from a few real results: complete, reproducible, honest about failures."""

from dataclasses import replace

import pytest

import netspec
from netspec.gradcheck import results
from netspec.gradcheck.results import Catch
from netspec.gradcheck.statements import STATEMENTS
from report.engine.errors import ReportError
from report.engine.page import Cell, Table
from report.engine.rows import encode, read
from report.gradcheck import page as document
from report.gradcheck.__main__ import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found():
    checked = [results.of_statement(STATEMENTS[key])[0] for key in ("50", "56", "relu")]
    module = replace(checked[0], group="module", key="Dense", title="Dense(4, 3)", kinds="–", vjp_error=None)
    step = replace(module, group=document.STEP, key="accumulation", title="parts add up")
    return [*checked, module, step]


@pytest.fixture(scope="module")
def mutants():
    return [
        Catch("56", "Scalar-scale VJP", "scale dropped", "linear.scale", 21, 6, 1.9, "caught"),
        Catch("relu", "ReLU", "subgradient one at the kink", "pointwise.relu_derivative", 0, 9, 1.0, "caught"),
    ]


def write(folder, found, mutants):
    (folder / "found.csv").write_bytes(encode(found))
    (folder / "mutants.csv").write_bytes(encode(mutants))
    paths = ["--results", str(folder / "found.csv"), "--mutants", str(folder / "mutants.csv")]
    return main(["document", *paths, "--out", str(folder / "gradcheck")])


def test_rows_survive_their_file(found, mutants, tmp_path):
    for name, rows in (("found.csv", found), ("mutants.csv", mutants)):
        (tmp_path / name).write_bytes(encode(rows))
        assert read(tmp_path / name, type(rows[0]), "test") == rows


def test_table_page_and_report_are_written_and_the_same_every_time(found, mutants, tmp_path):
    made = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        assert write(folder, found, mutants) == 0
        made.append([(folder / f"gradcheck.{suffix}").read_bytes() for suffix in ("pdf", "csv", "md")])
    assert made[0] == made[1]
    pdf, _, page = made[0]
    assert pdf.startswith(b"%PDF-")
    text = page.decode()
    assert "**Scalar-scale VJP.** Backward of scaling by s is scaling by s. `dA = s dY`" in text
    assert "subgradient one at the kink" in text


def test_the_sentences_count_what_was_found(found, mutants):
    sentences = document.findings(found, mutants)
    made = sum(result.checks for result in found[:2])
    assert sentences[0] == f"Two theorems: {made:,} comparisons, all pass."
    assert sentences[-1] == "Of two wrong formulas planted, all are caught; one of them by structure alone, at kinks."


def test_a_failure_is_said_first_hand(found, mutants):
    failed = [replace(found[0], verdict="fail", failures="jax.vjp: dA[1, 0]: closed form 1, jax.vjp 2"), *found[1:]]
    missed = [replace(mutants[0], verdict="missed"), mutants[1]]
    text = " ".join(document.findings(failed, missed))
    assert "1 FAIL." in text
    assert "Failed: 50 at jax.vjp: dA[1, 0]: closed form 1, jax.vjp 2." in text
    tables = [block for block in document.page(failed, missed).wide if isinstance(block, Table)]
    assert tables[0].rows[0][-1] == Cell("FAIL", alarm=True)
    assert tables[-1].rows[0][-1] == Cell("missed", alarm=True)
    assert "1 are missed: scale dropped" in text


def test_a_broken_file_is_one_line(found, mutants, tmp_path, capsys):
    (tmp_path / "found.csv").write_text("group\n")
    with pytest.raises(ReportError, match=r"found\.csv: expected at least one row and the columns group,key"):
        read(tmp_path / "found.csv", results.Result, "test")
    lines = encode(found).decode().replace(f",{found[0].cases},", ",many,", 1)
    (tmp_path / "found.csv").write_text(lines)
    with pytest.raises(ReportError, match="line 2: cases is 'many', expected a whole number"):
        read(tmp_path / "found.csv", results.Result, "test")
    assert main(["document", "--results", "none.csv", "--mutants", "none.csv", "--out", str(tmp_path / "x")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def judge(folder):
    paths = ["--results", str(folder / "gradcheck.csv"), "--mutants", str(folder / "mutants.csv")]
    return main(["verdict", *paths, "--out", str(folder / "verdict.txt")])


def test_the_verdict_counts_what_passed(found, mutants, tmp_path):
    assert write(tmp_path, found, mutants) == 0
    assert judge(tmp_path) == 0
    made = sum(result.checks for result in found)
    text = (tmp_path / "verdict.txt").read_text()
    assert text == f"All {len(found)} rows pass, {made:,} comparisons.\nAll 2 wrong formulas are caught.\n"


def test_a_failing_row_leaves_the_report_and_fails_the_verdict_in_one_line(found, mutants, tmp_path, capsys):
    wrong = "central differences: layers.0.kernel: gradient 1, central differences 2"
    network = replace(found[3], group="network", key="tiny-X", kinds="training", verdict="fail", failures=wrong)
    assert write(tmp_path, [*found, network], mutants) == 0
    assert (tmp_path / "gradcheck.pdf").read_bytes().startswith(b"%PDF-")
    assert "| FAIL |" in (tmp_path / "gradcheck.md").read_text()
    assert judge(tmp_path) == 1
    err = capsys.readouterr().err
    assert err == f"report: error: {tmp_path}/gradcheck.csv: 1 of 6 rows FAIL: tiny-X (training) at {wrong}\n"
    assert not (tmp_path / "verdict.txt").exists()


def test_a_wrong_formula_that_escapes_fails_the_verdict(found, mutants, tmp_path, capsys):
    assert write(tmp_path, found, [replace(mutants[0], verdict="missed"), mutants[1]]) == 0
    assert judge(tmp_path) == 1
    assert "1 of 2 wrong formulas were not noticed: 56, scale dropped" in capsys.readouterr().err


def test_networks_stand_in_the_order_of_the_catalogue(found, mutants, tmp_path):
    names = ["tiny-ResNet (basic blocks)", "tiny-AlexNet", "tiny-BERT"]
    rows = [replace(found[0], group="network", key=name, kinds="training") for name in names]
    assert write(tmp_path, [*found[:4], *rows, found[4]], mutants) == 0
    keys = [result.key for result in read(tmp_path / "gradcheck.csv", results.Result, "test")]
    ordered = [name for name in netspec.names() if name in names]
    assert keys == [*(result.key for result in found[:4]), *ordered, found[4].key]
    assert ordered != names
