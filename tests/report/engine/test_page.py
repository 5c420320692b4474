"""A page of every kind of block: Markdown and the typeset page carry the same words, and what is wrong is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from synthetic_results import picture

from netspec.columns import column
from report.engine import markdown, typeset
from report.engine.errors import ReportError
from report.engine.files import ending, files
from report.engine.page import (
    Band,
    Cell,
    Column,
    Definition,
    Definitions,
    Line,
    Notes,
    Page,
    Picture,
    Section,
    Strip,
    Strips,
    Table,
)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>'
TABLE = Table(
    caption="What was counted.",
    header=(Column("Name", "1fr"), "Ours", "Theirs", Column("Why", quiet=True)),
    rows=[
        Band("First", "1998"),
        ["a|b", Cell("1.5", below="2.5", between="≤"), "3†", Cell("text", lead="Bold.")],
        Band("Second"),
        Line(["all", "4"], span=3, rule=True),
    ],
    groups=(("", 1), ("Figures", 2), ("", 1)),
    notes=[("†", "Not counted.")],
    band="Section",
)


def page(*blocks, **more) -> Page:
    return Page("Title", "subtitle", "A question?", "The book.", blocks, "footer", **more)


def text(*blocks, stem="out/x.1", **more) -> str:
    return markdown.document(page(*blocks, **more), Path(stem))


def test_a_table_in_markdown():
    lines = text(TABLE).splitlines()
    start = lines.index("| Section | Name | Figures: Ours | Figures: Theirs | Why |")
    assert lines[start - 2] == "**Table 1.** What was counted."
    assert lines[start + 1 : start + 6] == [
        "| --- | --- | ---: | ---: | --- |",
        "| First | a\\|b | 1.5 ≤ 2.5 | 3† | **Bold.** text |",
        "| Second | all |  |  | 4 |",
        "",
        "† Not counted.",
    ]


def test_blocks_are_numbered_and_linked_beside_the_report():
    made = text(Picture("*.svg", "One."), TABLE, Picture("*_b.svg", "Two."), data=("*.csv", "*/more.csv", "other.csv"))
    assert "![Figure 1](x.1.svg)" in made and "![Figure 2](x.1_b.svg)\n\n**Figure 2.** Two." in made
    assert made.endswith("footer. Data: [x.1.csv](x.1.csv) · [x.1/more.csv](x.1/more.csv) · [other.csv](other.csv)\n")


def test_sections_and_notes():
    made = text(
        Section("Facts", "A lead.", ["one *star*"], [("Data", "ten")], ("", "Ours"), [("a", "b")]), Notes(["n1", "n2"])
    )
    assert "## Facts\n\nA lead.\n\n- one \\*star\\*\n\n- **Data**: ten\n\n|  | Ours |" in made
    assert "1. n1\n2. n2" in made


DEFINED = Definitions(
    [
        Definition("ReLU", "line 1", "max(x, 0)", "max(x, 0)", "It *keeps*.", [("cost", "one")], "fails: it holds"),
        Definition("Word", "a word", "", "", "It means."),
    ]
)


def test_definitions_have_their_formula_as_plain_text():
    made = text(DEFINED)
    assert "**ReLU** (line 1)\n\nIt \\*keeps\\*.\n\n- formula: `max(x, 0)`\n- cost: one\n\n**fails: it holds**" in made
    assert "**Word** (a word)\n\nIt means." in made


def test_a_notice_and_an_appendix_have_their_places():
    made = markdown.document(page(notice=("Beware.", "Of this.")), Path("x"), "## Columns\n")
    assert made.index("The book.") < made.index("> **Beware.** Of this.") < made.index("## Columns") < made.index("---")


def test_every_block_is_typeset_upright_and_sideways(tmp_path):
    picture(tmp_path / "a.png", "a")
    blocks = [
        TABLE, Picture("*.svg", "One."), Section("Facts", "Lead.", ["s"], [("a", "b")], ("", "c"), [("d", "e")]),
        Notes(["n1 " * 40, "n2", "n3", "n4"]), Strips([Strip("a", "b", tmp_path / "a.png")], "Samples."), DEFINED,
    ]  # fmt: skip
    drawings = {"*.svg": SVG}
    made = files(page(*blocks, wide=blocks), tmp_path / "x", drawings)
    pdf = made[tmp_path / "x.pdf"]
    boxes = set(re.findall(rb"/MediaBox\s*\[([^\]]+)\]", pdf))
    assert pdf.startswith(b"%PDF-") and len(boxes) == 2, "A4 upright and turned"
    assert pdf == files(page(*blocks, wide=blocks), tmp_path / "x", drawings)[tmp_path / "x.pdf"]
    assert b"/CreationDate" not in pdf
    assert b"netspec-book" in pdf[-64:], "where the signature is looked for, however long the document is"


def test_a_page_of_sideways_blocks_alone_opens_sideways(tmp_path):
    (pdf,) = typeset.compile_page(page(wide=[TABLE]), tmp_path / "x", {})
    assert len(set(re.findall(rb"/MediaBox\s*\[([^\]]+)\]", pdf))) == 1


def test_text_is_no_markup_of_the_typesetter(tmp_path):
    hostile = '#read("/etc/passwd") $x^2$ *a* @b <c> \\ // /* = heading'
    assert typeset.compile_page(page(Section(hostile, hostile, [hostile], [(hostile, hostile)])), tmp_path / "x", {})


def test_a_drawing_that_is_none_is_named(tmp_path):
    with pytest.raises(ReportError, match=f"cannot be typeset: .*{tmp_path}/x_b.svg"):
        typeset.compile_page(page(Picture("*_b.svg", "One.")), tmp_path / "x", {"*_b.svg": b"words"})


def test_a_row_of_another_width_is_a_mistake_of_the_report(tmp_path):
    with pytest.raises(ValueError, match="a row of 1 cells in a table of 2 columns"):
        typeset.compile_page(page(Table("", ("a", "b"), [["c"]])), tmp_path / "x", {})


def test_an_ending_is_added_to_a_name_with_dots(tmp_path):
    assert ending(tmp_path / "digits-v1.5", ".pdf").name == "digits-v1.5.pdf"


def test_columns_are_explained():
    @dataclass(frozen=True)
    class Row:
        a: str = column("what a is")

    assert markdown.meanings("`x.csv`", Row) == [
        "## Columns of `x.csv`", "| Column | Meaning |\n| --- | --- |\n| `a` | what a is |",
    ]  # fmt: skip
