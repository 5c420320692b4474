"""Listings of the document that fail: taken out of a copy by their lines, and run."""

import pytest

from netspec.cli import main
from netspec.errors import VocabularyError
from netspec.vocabulary import entries, errata
from netspec.vocabulary.listings import LINES, Trial, trials, tried


def document(**lines):
    """A text as long as the document, with these lines; the first is 1."""
    text = [""] * (LINES + 1)
    for number, line in lines.items():
        text[int(number.removeprefix("l")) - 1] = line
    return "\n".join(text)


def test_every_trial_is_an_erratum_of_a_term():
    known = {(erratum.term, erratum.line) for erratum in errata() if erratum.shown != "cited"}
    lines = [trial.line for trial in trials()]
    assert lines == sorted(lines)
    for trial in trials():
        assert trial.term in entries() and trial.line + trial.length <= LINES
        near = [line for term, line in known if 0 <= line - trial.line <= trial.length + 1 or term == trial.term]
        assert near, f"{trial.term}, line {trial.line}: no erratum says that it fails"


def test_another_version_of_the_document_is_refused(tmp_path, capsys):
    with pytest.raises(VocabularyError, match="the document has 1 lines, expected the version of 6,113"):
        tried("a\nb")
    path = tmp_path / "other.md"
    path.write_text("a\nb")
    assert main(["listings", str(path)]) == 2
    assert "other.md: the document has 1 lines" in capsys.readouterr().err


def test_a_document_that_is_none_is_one_line(tmp_path, capsys):
    assert main(["listings", str(tmp_path / "none.md")]) == 2
    assert "none.md: cannot be read: No such file" in capsys.readouterr().err
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    assert main(["listings", str(tmp_path / "binary")]) == 2
    assert "binary: cannot be read: not UTF-8 text" in capsys.readouterr().err


def test_a_listing_is_run_with_what_it_is_given():
    pytest.importorskip("torch")
    text = document(l10="python", l11="def double(x):", l12="    return x + x @ x")
    good = Trial(10, 2, "relu", "y = torch.ones(2, 2)", "double(y).sum().item()", "12.0", "it adds")
    bad = Trial(10, 2, "relu", "y = torch.ones(2, 3)", "double(y)", "RuntimeError", "shapes")
    other = Trial(10, 2, "relu", "", "double(3)", "RuntimeError", "numbers have no product of matrices")
    first, second, third = tried(text, [good, bad, other])
    assert (first.happened, first.as_stated) == ("12.0", True)
    assert second.happened.startswith("RuntimeError: ") and second.as_stated
    assert third.happened.startswith("TypeError: ") and not third.as_stated
