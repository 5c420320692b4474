import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import speculation
from netspec.vocabulary.entry import entries

FAMILY = "speculation"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


#: The families of this file and its neighbours, in which much is claimed and little can be computed.
OURS = ("reasoning", "minds", "personas", "words", "safety", "speculation")


def test_what_has_no_evidence_has_no_code():
    for entry in entries().values():
        if entry.family in OURS and entry.status in ("fact", "unsupported"):
            assert not entry.where and not entry.formula and entry.summary.endswith("."), entry.id


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: speculation.prioritized_replay(np.array([1.0, 0.0])), "priorities: arrived 0.0"),
        (lambda: speculation.prioritized_replay(np.ones(2), beta=-1.0), "beta: arrived -1.0"),
        (
            lambda: speculation.widen(np.ones((2, 3)), np.ones(3), np.ones((3, 1)), np.array([3])),
            "copies: arrived 3, expected a number from 0 to 2",
        ),
        (lambda: speculation.widen(np.ones((2, 3)), np.ones(2), np.ones((3, 1)), np.array([0])), "bias: arrived"),
        (
            lambda: speculation.regrow(jax.random.key(0), np.ones((2, 2)), np.ones((2, 3)), count=1),
            "mask: arrived with shape",
        ),
        (
            lambda: speculation.regrow(jax.random.key(0), jnp.ones(4), np.array([True] * 3 + [False]), count=2),
            "mask, connections: arrived 3",
        ),
        (
            lambda: speculation.dynamic_dense(np.ones((1, 2)), np.ones((2, 2)), np.ones((3, 2, 2)), np.ones((2, 2))),
            "gate: arrived with shape",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()
