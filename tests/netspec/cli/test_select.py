"""``netspec list``: filters, order and columns."""

import json

import pytest

from netspec import catalogue
from netspec.cli import main
from netspec.cli.select import select, size, years
from netspec.cli.text import short


def run(capsys, *arguments):
    assert main(["list", *arguments]) == 0
    return capsys.readouterr().out


def names(capsys, *arguments):
    return [spec["name"] for spec in json.loads(run(capsys, *arguments, "--json"))]


def test_everything_is_listed_in_the_order_of_the_book(capsys):
    assert names(capsys) == list(catalogue.names())


def test_every_name_is_printed_whole_within_100_columns(capsys):
    lines = run(capsys).splitlines()
    assert max(map(len, lines)) <= 100
    for name in catalogue.names():
        assert any(line.startswith(f"{name} ") for line in lines)


def test_columns_are_aligned(capsys):
    lines = [line for line in run(capsys, "--sort", "params").splitlines() if line]
    year = lines[0].index("year")
    assert all(line[year : year + 4].strip().isdigit() or not line[year : year + 4].strip() for line in lines[1:])
    assert all(line[year - 1] == " " and line[year + 4 : year + 6] == "  " for line in lines[1:])


@pytest.mark.parametrize("given", ["diffusion", "DIFFUSION", "diffu"])
def test_domains_forgive_case_and_endings(capsys, given):
    expected = [spec.name for spec in catalogue.specs() if spec.provenance.domain == "diffusion"]
    assert names(capsys, "--domain", given) == expected


def test_a_beginning_counts_before_a_part(capsys):
    assert {catalogue.find(name).provenance.domain for name in names(capsys, "--domain", "vision")} == {
        "vision classifiers"
    }
    assert {catalogue.find(name).provenance.domain for name in names(capsys, "--domain", "segmentation")} == {
        "semantic segmentation"
    }


@pytest.mark.parametrize("given", ["inception_module", "InceptionModule", "inception-module"])
def test_primitives_go_by_the_books_name_and_the_classs(capsys, given):
    expected = [spec.name for spec in catalogue.specs() if "inception_module" in spec.primitives]
    assert names(capsys, "--primitive", given) == expected
    assert len(expected) == 3


def test_primitives_are_found_inside_combinators(capsys):
    assert "Mask R-CNN (whole, ResNet-101-FPN)" in names(capsys, "--primitive", "Flatten")


def test_sizes_include_their_ends():
    lenet = catalogue.find("LeNet-5")
    assert lenet in select(min_params=61706, max_params=61706)
    assert lenet not in select(min_params=61707)
    assert lenet not in select(max_params=61705)


def test_filters_combine(capsys):
    found = names(capsys, "--domain", "vision", "--max-params", "5.5M", "--year", "2016-2017", "--role", "variant")
    expected = [
        spec.name
        for spec in catalogue.variants()
        if spec.provenance.domain == "vision classifiers"
        and spec.params <= 5_500_000
        and spec.provenance.year in (2016, 2017)
    ]
    assert found == expected != []


def test_entries_are_found_by_part_of_their_heading(capsys):
    assert names(capsys, "--entry", "lenet") == ["LeNet-5", "LeNet-300-100 (MLP baseline)"]


@pytest.mark.parametrize("order", ["params", "macs", "layers", "year"])
def test_sorting(capsys, order):
    key = {"params": "params", "macs": "macs", "layers": "n_layers", "year": "year"}[order]
    values = [spec[key] or 0 for spec in json.loads(run(capsys, "--sort", order, "--reverse", "--json"))]
    assert values == sorted(values, reverse=True)


def test_json_has_the_exact_counts(capsys):
    for record in json.loads(run(capsys, "--json")):
        spec = catalogue.find(record["name"])
        assert (record["params"], record["macs"], record["n_layers"]) == (spec.params, spec.macs, spec.n_layers)


def test_nothing_found_is_said_beside_an_empty_output(capsys):
    assert main(["list", "--min-params", "1T"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "netspec: no architecture passes all of these filters\n")
    assert json.loads(run(capsys, "--min-params", "1T", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--domain", "difusion"), "unknown domain 'difusion'; did you mean diffusion?"),
        (("--primitive", "conv2"), "unknown primitive 'conv2'; did you mean"),
        (("--entry", "YOLO v9000"), "unknown entry 'YOLO v9000'"),
        (("--domain", "?"), "unknown domain '?'; one of: vision classifiers"),
    ],
)
def test_unknown_filters_suggest(capsys, arguments, message):
    assert main(["list", f"{arguments[0]}={arguments[1]}"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"netspec: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--min-params", "many"), ("--year", "15"), ("--sort", "colour")])
def test_malformed_filters_are_usage_errors(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["list", *arguments])
    assert stopped.value.code == 2
    assert arguments[1] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "number"),
    [("5.5M", 5.5e6), ("13B", 13e9), ("13b", 13e9), ("61706", 61706), ("61,706", 61706), ("1.5 k", 1500), ("2G", 2e9)],
)
def test_sizes(given, number):
    assert size(given) == number


def test_years():
    assert years("2015") == (2015, 2015)
    assert years("2015-2018") == (2015, 2018)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00K"),
        (61706, "61.7K"),
        (999_499, "999K"),
        (999_500, "1.00M"),
        (13_015_864_320, "13.0B"),
    ],
)
def test_short_numbers_have_three_digits(number, text):
    assert short(number) == text
