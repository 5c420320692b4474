"""The vocabulary's documents from a few rows: complete, reproducible, honest about what fails."""

from collections import Counter
from dataclasses import replace

import pytest

from netspec.vocabulary import EXECUTABLE, FAMILIES, entries, errata
from netspec.vocabulary.check import Caught, Held
from netspec.vocabulary.tables import TABLES, figures
from report.engine.errors import ReportError
from report.engine.page import Definitions, Table
from report.engine.rows import encode
from report.vocabulary import errata as errata_page
from report.vocabulary import page, tables
from report.vocabulary.__main__ import dealt, main
from report.vocabulary.rows import ErratumRow, erratum_rows, term_rows

HELD = Held("activations", "relu", "It holds.", 0.0, 1e-12, "ordinary", 2, "", "pass", 0.1)
CAUGHT = Caught("activations", "relu", "the absolute value", 2702, "It holds.", 1.0, 1e-12, "ordinary", "caught")
ERROR = ErratumRow(2655, "rmsnorm", "outside the root", "inside", "computed", "breaks it", "shown")


def said(blocks):
    return " ".join(sentence for block in blocks for sentence in getattr(block, "sentences", ()))


def test_every_family_is_dealt_out_once():
    parts = [dealt(part, 3) for part in (1, 2, 3)]
    assert sorted(family for part in parts for family in part) == sorted(FAMILIES)
    sizes = [sum(entry.executable for entry in entries().values() if entry.family in part) for part in parts]
    assert max(sizes) - min(sizes) <= 20


@pytest.fixture(scope="module")
def terms():
    return term_rows([HELD])


def test_terms_carry_what_they_are_held_to(terms):
    assert len(terms) == 394
    relu = next(term for term in terms if term.id == "relu")
    assert (relu.properties, relu.mistakes) == (1, 2)
    assert relu.cost and relu.shapes


def test_the_page_has_a_chapter_a_family(terms):
    made = page.page(terms, [HELD], [CAUGHT], [ERROR])
    defined = [d for block in made.blocks if isinstance(block, Definitions) for d in block.definitions]
    assert len(defined) == sum(not entry.duplicate_of for entry in entries().values())
    own = Counter(entry.status for entry in entries().values() if not entry.duplicate_of)
    assert f"{sum(own[status] for status in EXECUTABLE)} of the other" in said(made.blocks)
    assert "all hold" in said(made.blocks) and "all are caught" in said(made.blocks)


def test_failures_cannot_be_missed(terms):
    failed, missed = replace(HELD, verdict="fail"), replace(CAUGHT, verdict="missed")
    made = page.page(terms, [failed], [missed], [ERROR])
    assert "1 FAIL (relu)" in said(made.blocks) and "missed (relu: the absolute value)" in said(made.blocks)
    (relu,) = [d for b in made.blocks if isinstance(b, Definitions) for d in b.definitions if d.name == "ReLU"]
    assert relu.alarm == "fails: It holds."


@pytest.mark.exhaustive
def test_an_error_that_the_computation_does_not_bear_out_is_marked():
    for erratum, row in zip(errata(), erratum_rows([]), strict=True):
        by_property = erratum.shown == "computed" and not erratum.evidence
        assert row.verdict == ("not shown" if by_property else "shown"), erratum
    assert "NOT SHOWN" in said(errata_page.page([replace(ERROR, verdict="not shown")]).blocks)


@pytest.mark.exhaustive
def test_files_are_the_same_every_time(tmp_path):
    (tmp_path / "held.csv").write_bytes(encode([HELD]))
    (tmp_path / "caught.csv").write_bytes(encode([CAUGHT]))
    made = []
    for name in ("first", "second"):
        given = ["--results", str(tmp_path / "held.csv"), "--mistakes", str(tmp_path / "caught.csv")]
        assert main(["document", *given, "--out", str(tmp_path / name)]) == 0
        made.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert made[0] == made[1]
    assert {"terms.csv", "properties.csv", "mistakes.csv", "errata.csv", "vocabulary.pdf", "errata.pdf"} <= made[
        0
    ].keys()


def test_the_verdict_fails_where_a_property_does(tmp_path, capsys):
    def verdict(held, error):
        (tmp_path / "held.csv").write_bytes(encode([held]))
        (tmp_path / "errors.csv").write_bytes(encode([error]))
        given = ["--results", str(tmp_path / "held.csv"), "--errata", str(tmp_path / "errors.csv")]
        return main(["verdict", *given, "--out", str(tmp_path / "verdict.txt")])

    assert verdict(HELD, ERROR) == 0
    assert verdict(replace(HELD, verdict="blind", missed="the same"), ERROR) == 1
    assert "relu: It holds. (blind)" in capsys.readouterr().err
    assert verdict(HELD, replace(ERROR, verdict="not shown")) == 1


@pytest.fixture(scope="module")
def computed():
    return figures()


@pytest.mark.exhaustive
def test_every_printed_figure_is_in_some_table(computed):
    assert {one.table for one in computed} == set(TABLES)
    assert all(one.verdict in {verdict for verdict, _ in tables.VERDICTS} for one in computed)
    kinds = Counter(kind for _, kind, _ in TABLES.values())
    assert kinds["computed"] >= 21
    for name, (_, kind, _) in TABLES.items():
        found = [one for one in computed if one.table == name and one.ours]
        assert bool(found) == (kind == "computed"), name


#: Figures that are known to be wrong, and right ones beside them.
KNOWN = [
    ("tot_path_scores", "Path1", "score printed", "0.97", "differs"),
    ("tot_path_scores", "Path4", "score printed", "0.71", "differs"),
    ("bert_dimensions", "FFN intermediate", "large", "4096", "differs"),
    ("bert_dimensions", "hidden size", "large", "1024", "agrees"),
    ("dilated_receptive_field", "dilation=4", "receptive field", "9", "agrees"),
    ("gpt3_hyperparameters", "n_embd", "value", "12288", "agrees"),
    ("t5_hyperparameters", "d_model", "base", "768", "agrees"),
    ("llama2_70b_hyperparameters", "n_kv_heads", "value", "8", "agrees"),
    ("som_numbers", "total neurons", "value", "35937", "agrees"),
    ("activation_constants", "SELU", "lambda", "1.0507", "agrees"),
]


@pytest.mark.parametrize(("table", "row", "heading", "ours", "verdict"), KNOWN)
def test_known_figures(computed, table, row, heading, ours, verdict):
    (one,) = [one for one in computed if (one.table, one.row, one.heading) == (table, row, heading)]
    assert (one.ours, one.verdict) == (ours, verdict)


CLAIM = """
claims:
  - {says: it pays, line: 1132, table: cot_tot_comparison, row: Compute, column: CoT + Parent's Attention}
  - {says: it holds, line: 1}
"""


def test_figures_that_claims_try_name_their_targets(computed, tmp_path):
    for room, name in (("trials", "small"), ("examples", "chain"), ("experiments", "none")):
        (tmp_path / room).mkdir()
        text = "cells: [a]\n" if name == "none" else CLAIM
        (tmp_path / room / f"{name}.yaml").write_text(text, encoding="utf-8")
    found = tables.tried(computed, sorted(tmp_path.glob("*/*.yaml")))
    (one,) = [one for one in found if one.verdict == "tried"]
    assert (one.row, one.heading) == ("Compute", "CoT + Parent's Attention")
    assert one.why == "`snakemake chain` and `snakemake claims`; unsupported claim"
    others = [one for one, before in zip(found, computed, strict=True) if one != before]
    assert others == [one]


def test_a_claim_on_no_figure_is_told_with_its_file(computed, tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(CLAIM.replace("Compute", "Computer"), encoding="utf-8")
    with pytest.raises(ReportError, match=r"odd\.yaml: claims.*Computer"):
        tables.tried(computed, [path])


def test_the_tables_page_shows_each_table_once(computed):
    made = tables.page(computed)
    captions = [block.caption for block in made.wide if isinstance(block, Table)]
    assert len(captions) == len(set(captions)) == len(TABLES)
