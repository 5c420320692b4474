"""The report of all networks: rows as recorded, findings that follow from them, records that are none."""

import csv
import json

import pytest

import netspec
from report.networks import page
from report.networks import rows as networks
from report.networks.__main__ import main


def record(name, **changes):
    spec = netspec.find(name)
    forward = {"finite": True, "compile_seconds": 1.25, "milliseconds": 3.5, "memory_mib": 12.25}
    backward = {
        "input_shape": list(spec.input_shape), "batch": 2, "compile_seconds": 2.0, "seconds": 0.5, "finite": True,
        "without_gradient": [], "faint": [],
    }  # fmt: skip
    return {
        "name": spec.name, "params": spec.params, "built": spec.params, "macs": spec.macs, "multiply_adds": spec.macs,
        "batch": 1, "input_shape": list(spec.input_shape), "output_shape": list(spec.output_shape),
        "machine": "1 CPU thread", "forward": forward, "backward": backward, **changes,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    def write(*found):
        for number, one in enumerate(found):
            (tmp_path / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
        return tmp_path

    return write


def rows(folder):
    return networks.read(sorted(folder.glob("*.json")))


def test_rows_stand_in_the_order_of_the_catalogue(folder):
    found = rows(folder(record("ViT-Tiny"), record("LeNet-5")))
    assert [row.variant for row in found] == ["LeNet-5", "ViT-Tiny"]
    assert (found[0].built, found[0].forward_ms, found[0].output) == (61_706, 3.5, "10")


def test_what_was_only_traced_has_dashes(folder):
    traced = record("GPT-2 XL")
    del traced["forward"], traced["backward"]
    (row,) = rows(folder(traced))
    assert row.finite == ""
    assert page.cells(row)[5:] == ["–"] * 7


def test_findings_name_what_differs_and_what_no_gradient_reaches(folder):
    other = record("ViT-Tiny", built=1)
    other["backward"]["without_gradient"] = ["layers.0.bias"]
    other["backward"]["faint"] = ["layers.1.bias", "layers.2.bias"]
    found = rows(folder(record("LeNet-5"), other))
    assert [page.cells(row)[-2:] for row in found] == [["0", "0"], ["1", "2"]]
    said = " ".join(page.findings(found))
    assert "In one network some gradients are faint." in said
    assert "1 of 2 modules hold exactly as many parameters as the layers’ formulas say; not ViT-Tiny." in said
    assert "2 were run forward and 2 backward" in said
    assert "received a gradient but in ViT-Tiny: layers.0.bias." in said
    assert "Numbers that are not finite left no networks." in said


def test_a_number_that_is_not_finite_counts_against_its_network(folder):
    broken = record("LeNet-5")
    broken["backward"]["finite"] = False
    (row,) = rows(folder(broken))
    assert row.finite == "no"
    assert "left one network." in " ".join(page.findings([row]))


def test_the_command_writes_all_three(folder, tmp_path_factory):
    source = folder(record("LeNet-5"), record("ResNet-18"))
    out = tmp_path_factory.mktemp("reports") / "networks"
    assert main(["--results", str(source), "--out", str(out)]) == 0
    assert out.with_suffix(".pdf").read_bytes().startswith(b"%PDF-")
    assert "| ResNet-18 | 11,689,512 | 0 |" in out.with_suffix(".md").read_text(encoding="utf-8")
    with out.with_suffix(".csv").open(encoding="utf-8") as file:
        assert [line["variant"] for line in csv.DictReader(file)] == ["LeNet-5", "ResNet-18"]


RECORD = {
    "name": "LeNet-5",
    **dict.fromkeys(("params", "built", "macs", "multiply_adds"), 1),
    "output_shape": [10],
    "machine": "1 CPU thread",
}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "expected a mapping of keys; expected what `netspec run --json` writes"),
        ('{"name": "LeNet-5"}', "0.json: the file: 'params' is missing"),
        (json.dumps({**RECORD, "name": "LeNet-6"}), "0.json: key 'name': unknown architecture 'LeNet-6'"),
        (json.dumps({**RECORD, "params": "many"}), "0.json: key 'params' is \"many\", expected an integer"),
        (json.dumps({**RECORD, "params": 3.0}), "0.json: key 'params' is 3.0, expected an integer"),
        (json.dumps({**RECORD, "macs": float("nan")}), "0.json: key 'macs' is nan, expected a finite number"),
        (json.dumps({**RECORD, "forward": []}), "0.json: key 'forward' is an empty list, expected a mapping"),
    ],
)
def test_a_file_that_is_no_record(tmp_path, capsys, text, message):
    (tmp_path / "0.json").write_text(text, encoding="utf-8")
    assert main(["--results", str(tmp_path), "--out", str(tmp_path / "networks")]) == 1
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_no_records_at_all(tmp_path, capsys):
    assert main(["--results", str(tmp_path), "--out", str(tmp_path / "networks")]) == 1
    assert "holds no networks" in capsys.readouterr().err
