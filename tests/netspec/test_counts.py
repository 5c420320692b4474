"""Counts beside each other: references, their reasons, printed figures, and how long it all takes."""

import re

import pytest

from netspec import catalogue, counts

COUNTS = [counts.count(spec) for spec in catalogue.specs()]
WITH_REFERENCE = [one for one in COUNTS if one.reference]


def name(one):
    return one.spec.name


def test_there_is_a_count_for_each_variant():
    assert [one.spec for one in counts.counts()] == list(catalogue.variants())


@pytest.mark.parametrize("table", ["book_figures.csv", "paper_figures.csv", "reference_map.csv"])
def test_every_row_is_about_a_spec(table):
    assert set(counts._table(table)) <= set(catalogue.names())


def test_every_reference_is_known():
    used = {key for row in counts._table("reference_map.csv").values() for key in row["references"].split(" & ")}
    assert used <= set(counts._table("reference_counts.csv"))


@pytest.mark.parametrize("one", WITH_REFERENCE, ids=name)
def test_every_difference_has_a_reason_that_adds_up(one):
    signed = [int(number) for number in re.findall(r"(?:^|; )([+-]\d+) ", one.reason)]
    if one.kind == "exact":
        assert (one.delta_reference, one.reason) == (0, "")
    else:
        assert one.delta_reference != 0
        assert one.reason
        assert "\n" not in one.reason
        assert not signed or sum(signed) == one.delta_reference
        assert signed or one.kind in ("approximation", "partial view")


@pytest.mark.parametrize("one", COUNTS, ids=name)
def test_exact_is_a_reference_that_counts_the_same(one):
    """Over the whole catalogue, from the two counts alone: no other kind, and no file, may claim it."""
    reference = one.reference and one.reference.params
    assert (one.kind == "exact") == (reference == one.built)
    assert (one.kind == "no reference") == (reference is None) == (one.delta_reference is None)
    assert reference is not None or one.reason == ""


def test_the_map_of_references_names_a_kind_only_where_counts_differ():
    for one in WITH_REFERENCE:
        assert (one.reference.differs is None) == (one.delta_reference == 0), one.spec.name


def test_a_reference_that_no_longer_counts_the_same_is_not_exact(monkeypatch):
    real = counts._table

    def changed(table):
        rows = real(table)
        return rows if table != "reference_counts.csv" else {k: {**v, "params": "1"} for k, v in rows.items()}

    monkeypatch.setattr(counts, "_table", changed)
    assert counts.count(catalogue.find("VGG-11")).kind != "exact"


#: The chapter's formula is not a set of tensors, or counts what a decoder alone or a grid does not have.
NO_TENSORS = {
    "evoformer_block",
    "mamba_block",
    "mobile_vit_block",
    "patch_embed",
    "shuffle_block",
    "shuffle_v2_block",
    "structure_module",
    "unet_up",
}


@pytest.mark.parametrize("one", COUNTS, ids=name)
def test_book_and_built_differ_only_in_the_primitives_that_say_so(one):
    differ = {row.layer.primitive for row in one.spec.flat() if not row.inside and row.params != row.book_params}
    assert differ <= NO_TENSORS


@pytest.mark.parametrize("one", [one for one in COUNTS if one.printed], ids=name)
def test_every_printed_figure_is_reproduced_or_says_why_not(one):
    if one.spec.name == "Pix2Pix generator (8-level UNet, 256×256 RGB)":
        assert one.printed.agreement == "not reproduced"
        assert one.printed.note
    else:
        assert one.printed.agreement in ("rounded", "truncated")
    if one.printed.counted != one.spec.name:
        assert one.printed.note


@pytest.mark.parametrize("part", counts.parts(), ids=lambda part: part.part)
def test_figures_of_parts_are_reproduced(part):
    assert part.agreement in ("rounded", "truncated")


@pytest.mark.parametrize("one", [one for one in COUNTS if one.repository], ids=name)
def test_what_the_repository_pins_is_the_count_of_one_of_the_forms(one):
    assert one.repository in {form.book_params for form in (one.spec, *catalogue.alternatives(one.spec))}


@pytest.mark.parametrize(
    ("count", "figure", "expected"),
    [
        (7155658, "7.16M", "rounded"),
        (61706, "61K", "truncated"),
        (61706, "62K", "rounded"),
        (592900, "593K", "rounded"),
        (1555974400, "1.56B", "rounded"),
        (67227971, "70M", "not reproduced"),
        (36481434, "36.5M", "rounded"),
        (36549999, "36.5M", "rounded"),
        (36550000, "36.5M", "truncated"),
    ],
)
def test_agreement(count, figure, expected):
    assert counts.agreement(count, figure) == expected


def test_a_figure_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="figure 'about 7', expected digits"):
        counts.agreement(7, "about 7")


def test_a_spec_outside_the_catalogue_has_its_own_counts_only():
    spec = catalogue.find("ViT-Tiny").with_classes(7)
    one = counts.count(spec)
    assert (one.book, one.built, one.kind) == (spec.params, spec.params, "no reference")
    assert one.repository is one.printed is one.reference is one.paper is None


@pytest.mark.parametrize(
    ("spec", "macs"),
    [("LeNet-5", 416520), ("VGG-16", 15470264320), ("ResNet-18", 1814073344), ("ResNet-50", 4089184256)],
)
def test_macs_of_well_known_networks(spec, macs):
    assert catalogue.find(spec).macs == macs
