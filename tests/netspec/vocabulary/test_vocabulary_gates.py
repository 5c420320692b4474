import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import gates
from netspec.vocabulary.entry import entries
from netspec.vocabulary.evidence import gates as evidence

FAMILY = "gates"
LAYERS = (gates.glu, gates.reglu, gates.swiglu, gates.geglu)


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_what_repeats_a_gate_points_where_it_does():
    repeats = [entry for entry in entries().values() if entry.family == FAMILY and entry.duplicate_of]
    assert len(repeats) == 4
    for entry in repeats:
        original = entries()[entry.duplicate_of]
        assert (entry.status, entry.where, entry.formula) == (original.status, original.where, original.formula)


def test_evidence_stands():
    assert evidence.gpt_2_is_not_gated().differs


@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_refused(layer):
    x, kernel = np.ones((2, 3)), np.ones((3, 4))
    with pytest.raises(VocabularyError, match=r"gate: arrived with shape \(3, 5\), expected \(in 3, out 4\)"):
        layer(x, kernel, np.ones((3, 5)))
    with pytest.raises(VocabularyError, match=r"x: arrived with shape \(2, 2\), expected \(\.\.\., in 3\)"):
        layer(x[:, :2], kernel, kernel)
    with pytest.raises(VocabularyError, match=r"gate_bias: arrived with shape \(1,\)"):
        layer(x, kernel, kernel, np.ones(4), np.ones(1))
    with pytest.raises(VocabularyError, match="x: arrived empty"):
        layer(x[:0], kernel, kernel)


def test_a_hidden_width_of_eight_thirds_costs_what_a_plain_one_of_four_does():
    width = 384
    plain, gated = 2 * width * 4 * width, 3 * width * (8 * width // 3)
    assert plain == gated
