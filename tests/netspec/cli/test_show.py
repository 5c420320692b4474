"""``netspec show`` and ``netspec count``: every spec, its listing, its table and its numbers."""

import json
import re
from dataclasses import replace

import pytest

from netspec import catalogue, counts
from netspec.cli import main
from netspec.cli.listing import program
from netspec.cli.show import layer_table, page

SPECS = catalogue.specs()


def name(spec):
    return spec.name


def flat(record):
    yield record
    for inner in record["inside"]:
        yield from flat(inner)


@pytest.mark.parametrize("spec", SPECS, ids=name)
def test_the_listing_makes_the_spec_again(spec):
    namespace = {}
    exec(program(spec), namespace)
    assert replace(namespace["SPEC"], provenance=spec.provenance) == spec


@pytest.mark.parametrize("spec", SPECS, ids=name)
def test_a_page_has_everything_within_100_columns(spec):
    lines = page(spec)
    wide = [line for line in lines if len(line) > 100 and len(line.split()) > 3]
    assert not wide
    text = "\n".join(lines)
    assert spec.provenance.paper.split(",")[0] in text
    assert f"{spec.params:,}" in text
    assert f"{spec.macs:,}" in text


@pytest.mark.parametrize("spec", SPECS, ids=name)
def test_the_table_adds_up(spec):
    rows = [line for line in layer_table(spec)[1:] if re.match(r" {0,1}\d+  \S", line)]
    if len(spec.rows) <= 10:
        rows = [line for line in rows if not line.startswith(" ")]
    columns = [[int(number.replace(",", "")) for number in line.split()[-3:]] for line in rows]
    assert [sum(column) for column in zip(*columns, strict=True)] == [spec.params, spec.macs, spec.activations]
    assert [int(n.replace(",", "")) for n in layer_table(spec)[-1].split()[1:]] == [
        spec.params,
        spec.macs,
        spec.activations,
    ]


def test_lenet(capsys):
    assert main(["show", "lenet-5"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("LeNet-5\n  LeCun et al. 1998, Proc. IEEE 86(11)\n  ch. 11.2.1, LeNet · vision classifiers")
    assert '        Conv2d(1, 6, 5, padding="valid"),\n        MaxPool(2, 2),\n' in out
    assert "0  Conv2d(1, 6, 5, padding='valid')    28×28×6          156  117,600        4,704\n" in out
    assert "One multiply-add counts 1" in out


def test_copies_are_shown_once(capsys):
    main(["show", "Highway-50 (50 layers, MNIST)"])
    out = capsys.readouterr().out
    assert out.count("Highway(50)") == 2  # listing and table
    assert "in each of 48 copies:" in out


def test_shared_weights_say_so():
    table = "\n".join(layer_table(catalogue.find("Mask R-CNN (whole, ResNet-101-FPN)")))
    assert table.count("the same weights") == 3
    assert "on all of 1,000 regions" in table


@pytest.mark.parametrize("spec", SPECS[::7], ids=name)
def test_json_has_the_counts_of_the_walk(capsys, spec):
    assert main(["show", spec.name, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    rows = [row for top in record["layers"] for row in flat(top)]
    assert [row["path"] for row in rows] == [row.path for row in spec.flat()]
    for field in ("params", "book_params", "macs", "activations"):
        assert [row[field] for row in rows] == [getattr(row, field) for row in spec.flat()]
        assert record[field] == getattr(spec, field)
    assert record["counts"]["built"] == spec.params
    assert record["provenance"]["paper"] == spec.provenance.paper


def test_json_names_several_outputs(capsys):
    main(["show", "NeRF (canonical)", "--json"])
    record = json.loads(capsys.readouterr().out)
    assert record["output_shape"] == {"density": [1], "rgb": [3]}
    assert record["extra_inputs"] == {"direction": [16]}


def test_python_output_is_a_file_to_count(capsys, tmp_path):
    main(["show", "googlenet", "--python"])
    file = tmp_path / "mine.py"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["count", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["built"] == catalogue.find("googlenet").params


def test_counts_as_json_are_those_of_netspec(capsys):
    assert main(["count", "vit-tiny", "Pix2Pix generator", "--json"]) == 0
    for record in json.loads(capsys.readouterr().out):
        one = counts.count(catalogue.find(record["name"]))
        assert record["book"] == one.book
        assert record["built"] == one.built
        assert record["delta_reference"] == one.delta_reference
        assert record["count"] == {"word": one.in_count.word, "why": one.in_count.why}
        assert record["function"] == {"word": one.in_function.word, "why": one.in_function.why}
        assert record["reference"]["reason"] == one.reason
        assert record["printed"]["agreement"] == one.printed.agreement


def test_counts_stand_under_their_names(capsys):
    assert main(["count", "lenet-5", "Pix2Pix generator"]) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert first.startswith("LeNet-5\n")
    assert re.search(r"built +61,706", first)
    assert re.search(r"built − reference +±0\n", first)
    assert re.search(r"built − reference +\+7,654,144  two 3×3 convolutions per level", second)
    assert re.search(r"count +differs +approximation", second)
