"""``netspec term`` and ``netspec terms``: pages, filters, JSON, checks, and one clear line for everything else."""

import json

import pytest

from netspec.cli import main
from netspec.cli.vocabulary import neighbours
from netspec.vocabulary import entries, errata, find


def run(capsys, *arguments):
    status = main(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


def test_a_page_has_formula_shapes_listing_and_neighbours(capsys):
    status, out, err = run(capsys, "term", "ReLU")
    assert (status, err) == (0, "")
    first, place, *_ = out.splitlines()
    assert first == "ReLU (relu)"
    assert place == "  Activation functions · vocabulary line 2702 · alias: netspec.vocabulary.activations.relu"
    for label in ("formula", "shapes", "cost", "training", "source"):
        assert f"\n  {label} " in out
    assert "  >>> relu(" in out
    assert "  near: " in out
    assert max(map(len, out.splitlines())) <= 100


def test_checking_prints_residual_tolerance_and_every_mistake(capsys):
    status, out, _ = run(capsys, "term", "relu", "--check")
    assert status == 0
    assert "  pass  Of an input and its negative" in out
    assert "tolerance" in out and out.count("caught: ") >= 2


def test_a_network_is_counted(capsys):
    status, out, _ = run(capsys, "term", "resnet")
    assert status == 0
    assert "ResNet-50" in out and "25,557,032" in out


def test_errors_of_the_document_stand_on_the_page(capsys):
    erratum = errata()[0]
    _, out, _ = run(capsys, "term", erratum.term)
    assert f"line {erratum.line} prints: " in out and "right is: " in out


def test_words_and_speculation_say_what_they_are(capsys):
    word = next(entry for entry in entries().values() if entry.status == "unsupported")
    status, out, _ = run(capsys, "term", word.id)
    assert status == 0 and "unsupported" in out and ">>>" not in out
    status, _, err = run(capsys, "term", word.id, "--check")
    assert status == 2 and "there is nothing to check" in err


def test_json_is_for_programs(capsys):
    _, out, _ = run(capsys, "term", "gqa", "--json")
    record = json.loads(out)
    assert record["id"] == "gqa" and record["where"].startswith("netspec.")
    assert {"formula", "described", "listing", "errata", "near", "counts"} <= record.keys()
    _, out, _ = run(capsys, "terms", "--family", "attention", "--json")
    assert all(each["family"] == "attention" for each in json.loads(out))


def test_lists_are_filtered_and_searched(capsys):
    _, out, _ = run(capsys, "terms")
    assert len(out.splitlines()) == 395
    _, out, _ = run(capsys, "terms", "--family", "Activation functions", "--status", "alias")
    assert out.splitlines()[0].split() == ["term", "id", "family", "status", "line"]
    assert all(" alias " in line for line in out.splitlines()[1:])
    _, out, _ = run(capsys, "terms", "softmax")
    assert "Softmax" in out
    _, out, _ = run(capsys, "terms", "--errata")
    assert out.count("prints: ") == len(errata())


def test_neighbours_are_never_the_term_itself():
    for entry in entries().values():
        assert entry not in neighbours(entry)
    assert neighbours(find("relu"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("term", "grouped"), "netspec: term: unknown term 'grouped'; did you mean "),
        (("term", "xyzzy"), "netspec: term: unknown term 'xyzzy'; `netspec terms` lists all"),
        (("terms", "--family", "nonsense"), "netspec: terms: unknown family 'nonsense'; expected one of activations, "),
        (("terms", "--status", "done"), "netspec: terms: unknown status 'done'; expected one of here, alias, "),
        (("terms", "xyzzy"), "netspec: terms: none passes all of these filters"),
    ],
)
def test_mistakes_are_one_line(capsys, arguments, message):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(message) and err.count("\n") == 1
