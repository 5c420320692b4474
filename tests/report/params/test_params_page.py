"""The figure, the pages and the report, through the command line: complete, reproducible, whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from report.engine import labels
from report.engine.rows import read
from report.params import page
from report.params.__main__ import main
from report.params.figure import NOTABLE, _names
from report.params.rows import Catalogue, Variant


def build(out: Path) -> None:
    assert main(["tables", "--out", str(out)]) == 0
    assert draw(out) == 0
    assert typeset(out) == 0


def draw(out: Path) -> int:
    return main(["figure", "--table", str(out / "params.csv"), "--out", str(out / "params.svg")])


def typeset(out: Path) -> int:
    tables = ["--table", "params.csv", "--other-forms", "other_forms.csv", "--parts", "parts.csv"]
    files = [*tables, "--figure", "params.svg", "--out", "params.pdf"]
    return main(["document", *(name if name.startswith("--") else str(out / name) for name in files)])


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("params")
    build(out)
    return out


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.exhaustive
def test_the_same_catalogue_gives_the_same_bytes(built, tmp_path):
    build(tmp_path)
    first, second = files(built), files(tmp_path)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_every_section_and_heading_has_its_files(built):
    names = set(files(built))
    variants = read(built / "params.csv", Variant, "test")
    assert sum(name.startswith("domains/") for name in names) == 2 * len({v.domain for v in variants})
    assert sum(name.startswith("entries/") for name in names) == 2 * len({v.entry for v in variants})
    assert {"params.pdf", "params.svg", "params.md", "chapter/vgg.csv", "entries/resnet.md"} <= names
    assert not [name for name in names if "/." in name or name.startswith(".")]


def test_domain_files_hold_the_rows_of_the_whole(built):
    variants = read(built / "params.csv", Variant, "test")
    parts = [row for path in (built / "domains").glob("*.csv") for row in read(path, Variant, "test")]
    assert sorted(parts, key=lambda v: v.variant) == sorted(variants, key=lambda v: v.variant)


def test_links_of_the_pages_lead_somewhere(built):
    for path in built.rglob("*.md"):
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_tables_of_the_pages_are_rectangular(built):
    for path in built.rglob("*.md"):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            lines = [line for line in block.splitlines() if line.startswith("|")]
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) <= 1, path.name


def test_minus_signs_are_minus_signs(built):
    text = (built / "domains" / "vision_classifiers.md").read_text(encoding="utf-8")
    assert "−930,976" in text
    assert not re.search(r"(?<![\w.×-])-\d", text)


def test_text_is_drawn_as_paths_and_nothing_is_dated(built):
    figure = (built / "params.svg").read_text(encoding="utf-8")
    assert "<text" not in figure
    assert "dc:date" not in figure
    assert b"/CreationDate" not in (built / "params.pdf").read_bytes()


@pytest.mark.exhaustive
def test_every_notable_network_is_named_in_the_figure(built, monkeypatch):
    from report.params import figure

    placed: list[str] = []
    monkeypatch.setattr(figure, "_names", lambda *drawn: placed.extend(_names(*drawn)))
    variants = tuple(read(built / "params.csv", Variant, "test"))
    assert set(NOTABLE) <= {v.variant for v in variants}
    figure.catalogue_figure(Catalogue(variants, (), ()))
    assert sorted(placed) == sorted(NOTABLE)


def test_names_hide_neither_each_other_nor_points_when_there_is_room():
    points = [((50.0, 50.0), 40.0), ((58.0, 50.0), 40.0), ((50.0, 60.0), 40.0)]
    frame, taken = (0.0, 0.0, 100.0, 100.0), []
    for i, (point, _) in enumerate(points):
        found = labels.place(point, (30.0, 7.0), frame, points[:i] + points[i + 1 :], taken)
        assert not any(labels.overlap(found.box, other) for other in taken)
        assert not any(labels.overlap(found.box, (x, y, x, y)) for (x, y), _ in points)
        assert 0 <= found.box[0] < found.box[2] <= 100
        taken += found.covers
    assert labels.place((50.0, 50.0), (30.0, 7.0), frame, [], [frame]) is None
    assert labels.place((50.0, 50.0), (130.0, 7.0), frame, [], []) is None


def test_a_name_with_room_stands_right_of_its_point():
    found = labels.place((50.0, 50.0), (30.0, 8.0), (0.0, 0.0, 100.0, 100.0), [], [])
    assert found.box == (55.0, 46.0, 85.0, 54.0)
    assert found.line == ()


def test_the_report_is_of_a_few_pages(built):
    pages = re.search(rb"/Type\s*/Pages\s*/Count (\d+)", (built / "params.pdf").read_bytes())
    assert 10 <= int(pages[1]) <= 24


def test_a_missing_table_is_one_line_and_the_old_report_stays(built, tmp_path, capsys):
    for name, content in files(built).items():
        if "/" not in name:
            (tmp_path / name).write_bytes(content)
    (tmp_path / "parts.csv").unlink()
    before = (tmp_path / "params.pdf").read_bytes()
    assert typeset(tmp_path) == 1
    error = capsys.readouterr().err
    assert "parts.csv: there is no such file; `python -m report.params tables` writes it" in error
    assert error.count("\n") == 1
    assert (tmp_path / "params.pdf").read_bytes() == before


def test_a_figure_that_is_none_is_named(built, tmp_path, capsys):
    for name, content in files(built).items():
        if "/" not in name:
            (tmp_path / name).write_bytes(content)
    (tmp_path / "params.svg").write_text("words")
    assert typeset(tmp_path) == 1
    assert str(tmp_path / "params.svg") in capsys.readouterr().err


def test_an_unwritable_place_is_named_and_nothing_is_left(tmp_path, capsys):
    (tmp_path / "params.csv").mkdir()
    assert main(["tables", "--out", str(tmp_path)]) == 1
    assert "params.csv" in capsys.readouterr().err
    assert not list(tmp_path.rglob(".*"))


def test_no_count_is_typed_by_hand(built):
    source = Path(page.__file__).parent
    numbers = {f"{v.built_params:,}" for v in read(built / "params.csv", Variant, "test")}
    for path in [*source.glob("*.py"), *source.parent.glob("engine/page.typ")]:
        text = path.read_text(encoding="utf-8")
        assert not [number for number in numbers if len(number) > 6 and number in text], path
