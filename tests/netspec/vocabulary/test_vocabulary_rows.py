"""The rows of the vocabulary: every term has a status, everything named is there, and formulas can be typeset."""

import subprocess
import sys
from collections import Counter

import pytest
import typst

from netspec.errors import UnknownTermError
from netspec.vocabulary import FAMILIES, STATUSES, check, entries, errata, find, search
from netspec.vocabulary.entry import SHOWN, imported
from netspec.vocabulary.search import key

ENTRIES = list(entries().values())
OWN = [entry for entry in ENTRIES if not entry.duplicate_of]
LINES = 6113


def test_every_row_of_the_document_has_a_family_and_a_status():
    assert len(ENTRIES) == 394
    assert {entry.family for entry in ENTRIES} == set(FAMILIES)
    assert {entry.status for entry in ENTRIES} <= set(STATUSES)
    assert all(1 <= entry.line <= LINES and entry.summary and entry.section for entry in ENTRIES)


def test_what_repeats_another_entry_leads_to_it_at_once():
    for entry in ENTRIES:
        if entry.duplicate_of:
            meant = entries()[entry.duplicate_of]
            assert not meant.duplicate_of, f"{entry.id} -> {meant.id} -> {meant.duplicate_of}"
            assert (entry.status, entry.where) == (meant.status, meant.where), entry.id
            assert find(entry.id) is meant


@pytest.mark.parametrize("entry", [entry for entry in OWN if entry.where], ids=lambda entry: entry.id)
def test_what_a_row_points_to_can_be_imported(entry):
    assert entry.where.startswith(("netspec.", "train."))
    assert entry.load() is not None


def test_only_words_and_what_must_be_trained_have_nothing_to_import():
    for entry in OWN:
        assert bool(entry.where) == entry.executable, entry.id


def test_every_executable_term_has_a_property_and_every_property_a_mistake():
    for entry in OWN:
        term = check.term(entry.id)
        assert (term is not None) == entry.executable, entry.id
        for prop in term.properties if term else ():
            assert prop.mistakes and prop.sentence.endswith("."), (entry.id, prop.sentence)


def test_names_lead_to_one_term_each():
    """An abbreviation that two entries claim would lead to whichever comes first."""
    claimed = Counter(key(name) for entry in OWN for name in {key(each) for each in (entry.id, *entry.also)})
    assert not [name for name, times in claimed.items() if times > 1]
    for entry in OWN:
        for name in (entry.id, entry.name, *entry.also):
            assert find(name) is entry, name


def test_every_formula_can_be_typeset():
    formulas = [entry.typeset for entry in OWN if entry.typeset]
    page = typst.compile("\n\n".join(f"$ {formula} $" for formula in formulas).encode())
    assert page.startswith(b"%PDF")
    assert all(entry.typeset and entry.formula for entry in OWN if entry.executable)


def test_related_terms_are_terms():
    assert all(id in entries() and id != entry.id for entry in ENTRIES for id in entry.related)


def printed_mistakes():
    """The term and line of every wrong implementation that is what the document prints."""
    terms = (term for family in FAMILIES for term in check.terms(family))
    planted = ((term.id, mistake.line) for term in terms for prop in term.properties for mistake in prop.mistakes)
    return {(id, line) for id, line in planted if line is not None}


@pytest.mark.exhaustive
def test_every_error_of_the_document_is_shown():
    """By a property that catches it (which is tested with the term), a computation, what happened, or a source."""
    planted = printed_mistakes()
    for erratum in errata():
        where = (erratum.term, erratum.line)
        assert erratum.term in entries() and 1 <= erratum.line <= LINES, where
        assert erratum.shown in SHOWN and erratum.printed != erratum.right, where
        if erratum.shown == "computed" and erratum.evidence:
            evidence = imported(erratum.evidence)()
            assert evidence.differs and evidence.printed != evidence.right, where
        else:
            assert erratum.evidence or (erratum.shown == "computed" and where in planted), f"{where}: nothing shows it"


def test_every_mistake_that_the_document_prints_is_among_its_errors():
    assert printed_mistakes() <= {(erratum.term, erratum.line) for erratum in errata()}


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("GQA", "gqa"),
        ("grouped query attention", "gqa"),
        ("grouped-qeury atention", "gqa"),
        ("RMS norm", "rmsnorm"),
        ("layer normalisation", "layernorm"),
        ("Kolmogorov Arnold network", "kan"),
        ("MoE", "moe"),
        ("KV cache", "kv-cache"),
        ("u-net", "unet"),
        ("byte pair encoding", "bpe"),
        ("swish", "silu"),
        ("transfromer", "transformer"),
    ],
)
def test_names_abbreviations_and_misspellings_are_understood(name, id):
    assert find(name).id == id


@pytest.mark.parametrize("name", ["", "?", "xyzzy", "zq"])
def test_what_means_nothing_is_refused(name):
    with pytest.raises(UnknownTermError, match="unknown term"):
        find(name)


def test_search_looks_into_names_summaries_and_formulas():
    assert search("softmax")[0].id == "softmax"
    assert find("gelu") in search("erf") or find("gelu") in search("Φ")
    assert search("") == [] and search("xyzzy") == []


def test_importing_the_vocabulary_imports_neither_jax_nor_numpy():
    program = "import sys, netspec.vocabulary as v; v.find('gqa'); print('jax' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


#: What the issue of the vocabulary asks to be planted: the term, and a word of the mistake's name.
PLANTED = [
    ("causal-attention", "anti-causal"),
    ("rope-positional", "position"),
    ("gqa", "interleaved"),
    ("rmsnorm", "epsilon"),
    ("lamb", "norm"),
    ("tot-diversity-loss", "sign"),
    ("gcn", "self-loop"),
    ("dice-loss", "coefficient"),
    ("label-smoothing", "K"),
    ("parents-attention", "detached"),
    ("gelu", "constant"),
    ("focal-loss", "α"),
]


@pytest.mark.parametrize(("id", "word"), PLANTED)
def test_the_mistakes_that_are_easily_made_are_planted(id, word):
    term = check.term(find(id).id)
    names = [mistake.name for prop in term.properties for mistake in prop.mistakes]
    assert any(word.lower() in name.lower() for name in names), names
