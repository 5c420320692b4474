"""Results that were damaged, and configurations that say anything at all: one line that names the file, or a page."""

from __future__ import annotations

import json
import re

import pytest

from report.engine.errors import ReportError
from report.engine.escape import inline, phrase
from report.engine.table import read_csv

#: Texts that a title, a description or a source may be; each looks like something else to one of the renderers.
TEXTS = [
    "*a* _b_ **c** __d__ ~~e~~",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "---",
    "$x^2$ #emph[x] @ref <label> = heading",
    "<script>alert(1)</script> &amp; <!-- x",
    "[x](http://a) ![y](z)",
    "a | b \\| c",
    "back\\slash\\",
    "`code` and `more`",
    "one ` backtick",
    "{wildcards.cell} {{x}} %s %(y)s",
    "\"double\" 'single' $(touch x)",
    "=1+1",
    "NA",
    "null",
    "nan",
    "a,b;c",
    "two\nlines\tand a tab",
    "\U0001f980 crab",
    "\u05d0\u05d1 \u202eabc",
    "e\u0301 \u00e9 \u6f22\u5b57",
    "1e999",
    "x" * 300,
    "word " * 90,
    "  blanks  ",
    '#import "x.typ": *',
    "10^-4 at 3 ms",
]


def visible(markdown: str) -> str:
    """What a reader of Markdown sees of a line: escapes undone."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


@pytest.mark.parametrize("text", TEXTS)
def test_markdown_shows_a_text_as_it_is(text):
    line = inline(phrase(text))
    assert "\n" not in line
    assert visible(line) == phrase(text)
    outside = re.sub(r"`[^`]+`", "", line)
    for mark in "*<[]$`":
        assert not re.search(rf"(?<!\\)(?:\\\\)*{re.escape(mark)}", outside), line
    assert not re.match(r"(#|-|\+|=|\d+[.)])(\s|$)", line)


@pytest.mark.exhaustive
def test_every_text_is_typeset_and_written(make_tree):
    """All of them at once, in descriptions, title and source: CSV, Markdown, SVG and PDF."""
    texts = [" / ".join(TEXTS[i::9])[:500] for i in range(9)]
    cells = ["bare", *(f"own-{i}" for i in range(len(texts)))]
    tree = make_tree(cells, (0,), previews=False)
    everything = " / ".join(TEXTS)
    about = {"dataset.title": everything[:200], "dataset.source": everything[:2000]}
    for name, text in zip(cells[1:], texts, strict=True):
        tree.edit(tree.results / name / "cell.json", {"description": text, **about})
    tree.edit(tree.results / "bare" / "cell.json", about)
    record = {"kind": "training", "commit": "0" * 40, "remark": everything[:2000]}
    (tree.results / "about.json").write_text(json.dumps(record))
    assert tree.build() == 0
    assert (tree.reports / "ablation.pdf").read_bytes().startswith(b"%PDF")
    frame = read_csv(tree.reports / "ablation.csv", ("description",), "")
    assert set(frame["description"]) >= {phrase(text) for text in texts}
    page = tree.read("ablation.md")
    rows = [line for line in page.splitlines() if line.startswith("| `own-")]
    assert len(rows) == len(texts)
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {11}


DAMAGED = {
    "empty": b"",
    "a text": b"text",
    "null": b"null",
    "a list": b"[]",
    "cut": None,
    "zeros": bytes(64),
    "invalid UTF-8": b'{"a": "\xff"}',
    "a picture": b"\x89PNG\r\n\x1a\n",
    "not a number": b'{"a": NaN}',
    "deep": b"[" * 10_000,
    "a folder": "folder",
}
FILES = ["bare/cell.json", "bare/seed0/summary.json", "bare/seed0/metrics.csv"]


def one_line(capsys, path):
    error = capsys.readouterr().err
    assert error.startswith(f"report: error: {path}") and error.count("\n") == 1 and error.strip().isprintable(), error
    return error


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("file", FILES)
def test_damaged_results(make_tree, capsys, file, damage):
    tree = make_tree(["bare", "mixup"], (0, 1), previews=False)
    path = tree.results / file
    whole = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    else:
        path.write_bytes(whole[: len(whole) // 2] if damage == "cut" else DAMAGED[damage])
    assert tree.table() == 1
    assert "snakemake" in one_line(capsys, path) or file.endswith(".csv")
    assert not tree.reports.exists()


VALUES = ["many", "", True, [], {}, [1], {"a": 1}, -1, 1.5, 10**30, float("nan"), float("inf")]


def places(value, key=""):
    for name, item in value.items():
        at = f"{key}.{name}".strip(".")
        yield at
        if isinstance(item, dict) and name != "versions":
            yield from places(item, at)


@pytest.mark.exhaustive
@pytest.mark.parametrize("file", ["cell.json", "seed0/summary.json"])
def test_a_hostile_value_anywhere(make_tree, capsys, file):
    """A table is made, or one line names the file and the key: no value of another kind reaches a formula."""
    tree = make_tree(["bare"], (0,), previews=False)
    path = tree.results / "bare" / file
    whole = path.read_text()
    metrics = path.with_name("metrics.csv")
    kept = metrics.read_text() if metrics.exists() else ""
    refused = 0
    keys = list(places(json.loads(whole)))
    for index, key in enumerate(keys):
        for value in [*VALUES[index % 3 :: 3], float("nan")]:
            tree.edit(path, {key: value})
            status = tree.table()
            error = capsys.readouterr().err
            assert status == 0 or (error.count("\n") == 1 and error.strip().isprintable()), (key, value, error)
            assert status == 0 or str(tree.results / "bare") in error, (key, value, error)
            refused += status
            path.write_text(whole)
            if kept:
                metrics.write_text(kept)
    assert refused > 3 * len(keys)


def test_metrics_that_end_early_are_refused(make_tree, capsys):
    """A file cut between two lines is valid CSV: its last accuracy must be the summary's."""
    tree = make_tree(["bare"], (0,), previews=False)
    path = tree.results / "bare/seed0/metrics.csv"
    whole = path.read_text()
    for lines, says in [
        (whole.splitlines()[:-40], "ends with top-1"),
        ([*whole.splitlines(), "41,410,val"], "row is incomplete"),
        ([*whole.splitlines(), "41,410,val,top1,inf"], "not finite"),
        ([*whole.splitlines(), "41,410,val,top1,high"], "not a number"),
        ([*whole.splitlines(), "41,410,val,top1,3,4,5"], "not a readable CSV file"),
    ]:
        path.write_text("\n".join(lines) + "\n")
        assert tree.table() == 1
        assert says in one_line(capsys, path)


TABLES = {
    "empty": "",
    "too many fields": "cell,seed\nbare,1\nbare,1,2,3\n",
    "an open quote": 'cell,seed\n"bare,1\n',
}


@pytest.mark.parametrize("name", TABLES)
def test_damaged_tables(tmp_path, name):
    path = tmp_path / "a.csv"
    path.write_text(TABLES[name])
    with pytest.raises(ReportError) as raised:
        read_csv(path, ("cell",), "way out")
    assert str(raised.value).startswith(str(path)) and "\n" not in str(raised.value)


def test_only_an_empty_field_is_missing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("cell,seed\nNA,1\nnull,2\nnan,\n", encoding="utf-8")
    found = read_csv(path, ("cell",), "")
    assert list(found["cell"]) == ["NA", "null", "nan"] and found["seed"].isna().tolist() == [False, False, True]
