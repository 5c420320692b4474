"""The parameter tables: every variant once, every number the catalogue's, every layer accounted for."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter

import pytest

from netspec import catalogue, counts
from report.engine.errors import ReportError
from report.engine.page import Band, Notes
from report.engine.rows import encode, meanings, read
from report.params import chapter, collect, findings, markdown, page, tables
from report.params.rows import Catalogue, Layer, Part, Variant

# The columns that readers of the file were promised.
PROMISED = {
    "entry", "variant", "domain", "image", "n_layers", "book_params", "book_printed", "built_params",
    "reference_params", "reference_source", "paper_printed", "paper", "delta_reference", "count", "function", "macs",
    "new_primitives", "new_primitives_earlier", "activations", "activation_bytes", "output", "reason",
}  # fmt: skip


@pytest.fixture(scope="module")
def counted() -> Catalogue:
    return collect.collect()


@pytest.fixture(scope="module")
def everything(counted) -> tuple[Variant, ...]:
    return (*counted.variants, *counted.others)


@pytest.fixture(scope="module")
def by_name(everything) -> dict[str, Variant]:
    return {v.variant: v for v in everything}


def test_the_columns_promised_are_there_and_explained():
    assert set(meanings(Variant)) >= PROMISED
    for row in (Variant, Layer, Part):
        assert all(meanings(row).values())


def test_every_spec_of_the_catalogue_stands_in_exactly_one_table(counted, everything):
    assert [v.variant for v in counted.variants] == [spec.name for spec in catalogue.variants()]
    assert len(counted.variants) == 208
    expected = {s.name for s in catalogue.specs() if s.provenance.role in ("variant", "alternative", "system")}
    assert Counter(v.variant for v in everything) == Counter(dict.fromkeys(expected, 1))
    assert sum(map(len, counted.domains.values())) == len(counted.variants)
    assert sum(map(len, counted.entries.values())) == len(everything)


def test_rows_say_what_the_counts_say(counted):
    for v, c in zip(counted.variants, counts.counts(), strict=True):
        assert (v.book_params, v.built_params, v.macs) == (c.book, c.built, c.spec.macs)
        assert v.reference_params == (c.reference.params if c.reference else None)
        assert v.activation_bytes == 4 * c.spec.activations
        assert v.reference_params is None or v.delta_reference == v.built_params - v.reference_params


KNOWN = {
    "LeNet-5": (61_706, 61_706, 61_706),
    "VGG-16": (138_357_544, 138_357_544, 138_357_544),
    "ResNet-50": (25_557_032, 25_557_032, 25_557_032),
    "WRN-28-10": (36_481_434, 36_481_434, 36_479_194),
    "DenseNet-121": (6_972_234, 6_972_234, 6_964_106),
    "ShuffleNet v2 1.0×": (2_286_710, 2_277_580, 2_278_604),
    "GPT-2 XL": (1_555_974_400, 1_555_974_400, 1_557_611_200),
    "AlphaFold 2 (Evoformer + StructureModule)": (76_394_496, 89_955_500, 89_955_500),
    "LLaVA 13B LM (LLaMA-13B backbone)": (10_022_865_920, 10_022_865_920, 13_015_864_320),
}


@pytest.mark.parametrize(("name", "expected"), KNOWN.items(), ids=KNOWN)
def test_known_counts(by_name, name, expected):
    v = by_name[name]
    assert (v.book_params, v.built_params, v.reference_params) == expected


def test_every_printed_figure_is_reproduced_or_explained(everything):
    for v in everything:
        if v.book_printed:
            assert counts.agreement(v.book_printed_params, v.book_printed) == v.book_printed_agreement, v.variant
            assert v.book_printed_agreement != "not reproduced" or v.book_printed_note, v.variant
            assert v.book_printed_counts == v.variant or v.book_printed_note, v.variant


def test_every_difference_has_its_reason_and_conventions_add_up(everything):
    for v in everything:
        assert bool(v.delta_reference) == bool(v.reason), v.variant
        if v.kind == "convention":
            parts = re.findall(r"(?:^|; )([+-]\d+) ", v.reason)
            assert sum(map(int, parts)) == v.delta_reference, v.variant


def test_the_layers_of_every_variant_add_up_to_its_counts(counted):
    for rows in counted.entries.values():
        layers = collect.layers(rows)
        for v in rows:
            own = [layer for layer in layers if layer.variant == v.variant and layer.depth == 0]
            for name in ("book_params", "built_params", "macs", "activations"):
                assert sum(getattr(layer, name) for layer in own) == getattr(v, name), (v.variant, name)
            assert own[-1].output == v.output


def test_csv_files_are_read_back_as_they_were_written(tmp_path, counted):
    for row, rows in ((Variant, counted.variants), (Variant, counted.others)):
        path = tmp_path / "rows.csv"
        path.write_bytes(encode(rows))
        assert read(path, row, "test") == list(rows)
    path.write_bytes(encode(counted.parts))
    assert read(path, Part, "test") == list(counted.parts)


BAD = {
    "is not there": (None, "there is no such file"),
    "is empty": ("", "is not a readable CSV file"),
    "has other columns": ("a,b\n1,2\n", "expected at least one row and the columns part,variant"),
    "has no rows": ("HEADER\n", "expected at least one row"),
    "has words for numbers": ("HEADER\nx,y,0,many,1M,rounded\n", "line 2: book_params is 'many', expected a whole"),
    "is cut short": ("HEADER\nx,y\n", "line 2: 2 fields, expected 6"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_table_is_refused_with_its_name(tmp_path, text, message):
    path = tmp_path / "parts.csv"
    if text is not None:
        path.write_text(text.replace("HEADER", ",".join(meanings(Part))))
    with pytest.raises(ReportError, match=re.escape(message)) as caught:
        read(path, Part, "test")
    assert str(caught.value).startswith(str(path))


PRINTED = {
    "vgg": {
        "VGG-11": (("(1, 1, 2, 2, 2)",), "132.9M"),
        "VGG-13": (("(2, 2, 2, 2, 2)",), "133.0M"),
        "VGG-16": (("(2, 2, 3, 3, 3)",), "138.4M"),
        "VGG-19": (("(2, 2, 4, 4, 4)",), "143.7M"),
    },
    "resnet": {
        "ResNet-18": (("basic", "(2, 2, 2, 2)"), "11.7M"),
        "ResNet-34": (("basic", "(3, 4, 6, 3)"), "21.3M"),
        "ResNet-50": (("bottleneck", "(3, 4, 6, 3)"), "25.6M"),
        "ResNet-101": (("bottleneck", "(3, 4, 23, 3)"), "44.5M"),
        "ResNet-152": (("bottleneck", "(3, 8, 36, 3)"), "60.2M"),
    },
    "wide_resnet": {
        "WRN-28-10": (("28", "10"), "36.5M"),
        "WRN-40-2": (("40", "2"), "2.2M"),
        "WRN-22-8": (("22", "8"), "17.2M"),
    },
    "squeezenet": {
        "SqueezeNet 1.0": (("7×7 stride 2 (96 ch)", "Fire4, Fire8"), "1.25M"),
        "SqueezeNet 1.1": (("3×3 stride 2 (64 ch)", "Fire3, Fire5"), "1.24M"),
    },
    "densenet": {
        "DenseNet-121": (("(6, 12, 24, 16)",), "7.0M"),
        "DenseNet-169": (("(6, 12, 32, 32)",), "12.5M"),
        "DenseNet-201": (("(6, 12, 48, 32)",), "18.1M"),
    },
    "imagenette_models": {
        "ResNet-34": ((), "21.29M"),
        "MobileNet-v2": ((), "2.24M"),
        "EfficientNet-B0": ((), "7.16M"),
        "ConvNeXt-T (10 classes)": ((), "27.83M"),
        "ViT-Tiny": ((), "5.53M"),
    },
}


@pytest.mark.parametrize("slug", PRINTED)
def test_the_tables_of_the_chapters_have_their_shape_and_figures(counted, slug):
    table = next(table for table in chapter.tables(counted) if table.slug == slug)
    assert {row.variant.variant: (row.configuration, row.printed) for row in table.rows} == PRINTED[slug]
    assert all(row.agreement == "rounded" for row in table.rows)
    assert all(len(line) == len(table.header) for line in table.lines())


def test_a_row_with_another_head_names_the_form_with_the_head_of_the_others(counted):
    heads = {table.slug: table.of_other_heads for table in chapter.tables(counted)}
    assert [(v.variant, other.variant) for v, other in heads["resnet"]] == [("ResNet-34", "ResNet-34 (ImageNet)")]
    assert not any(heads[slug] for slug in heads if slug != "resnet")


NEW = {
    "VGG": ("0", "–"),
    "SqueezeNet": ("1", "0"),
    "ConvNeXt": ("–", "2"),
    "DDPM": ("3", "0"),
    "YOLO v1/v3/v5/v8/v11": ("0–1", "0–1"),
    "Mask R-CNN": ("2", "1"),
}


def test_new_primitives_of_both_editions(counted):
    found = tables.primitives(counted).rows
    rows = {row[0]: (row[1], row[3]) for row in found}
    assert {name: rows[name] for name in NEW} == NEW
    assert all(len(row[2].split(", ")) == int(row[1]) for row in found if row[1] in "123")


def test_notes_are_shared_and_every_mark_has_its_note(counted):
    for name, rows in counted.domains.items():
        table, *after = page.section(name, rows)
        notes = [note for block in after if isinstance(block, Notes) for note in block.notes]
        lines = [row for row in table.rows if not isinstance(row, Band)]
        assert len(set(notes)) == len(notes)
        used = {int(n) for line in lines for n in re.findall(r"\d+", line[-1])}
        assert used == set(range(1, len(notes) + 1))
        assert all(len(line) == len(page.HEADER) for line in lines)


def test_numbers_of_reasons_stand_behind_what_they_count():
    assert tables.reason_text("+2240 norms; -1280 40 blocks instead of 19; no F-1") == (
        "Norms (+2,240); 40 blocks instead of 19 (−1,280); no F-1"
    )


def test_findings_follow_the_rows(counted):
    text = " ".join(findings.findings(counted))
    known = [v for v in counted.variants if v.delta_reference is not None]
    assert f"A reference implementation is known for {len(known)}." in text
    assert f"{sum(v.kind == 'exact' for v in known)} agree with it to the last parameter" in text
    assert "one follows from no form: Pix2Pix" in text
    few = Catalogue(counted.variants[:2], (), ())
    text = " ".join(findings.findings(few))
    assert "All 2 variants under 1 headings" in text
    assert "known for 1." in text


def test_file_names_are_unique_and_plain(counted):
    for names in (counted.entries, counted.domains):
        slugs = [markdown.slug(name) for name in names]
        assert len(set(slugs)) == len(slugs)
        assert all(re.fullmatch(r"[a-z0-9_]+", slug) for slug in slugs)
    assert markdown.slug("YOLO v1/v3/v5") == "yolo_v1_v3_v5"
    assert markdown.slug("Nyströmformer") == "nystromformer"


def test_counting_needs_no_accelerator_library(tmp_path):
    code = (
        "import sys; from report.params.__main__ import main; "
        f"assert main(['tables', '--out', {str(tmp_path)!r}]) == 0; "
        "heavy = {'jax', 'flax', 'numpy', 'pandas', 'matplotlib'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with (tmp_path / "params.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 208
