import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import associative
from netspec.vocabulary.associative.splines import b_splines

FAMILY = "associative"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


ONE = np.ones((2, 3))


@pytest.mark.parametrize(
    ("refused", "call"),
    [
        ("positions: arrived with shape", lambda: associative.som_update(ONE, np.ones((3, 2)), np.ones(3), 0.1, 1.0)),
        ("rate: arrived 1.5", lambda: associative.som_update(ONE, ONE, np.ones(3), 1.5, 1.0)),
        ("sigma: arrived 0", lambda: associative.som_update(ONE, ONE, np.ones(3), 0.5, 0.0)),
        ("x: arrived with shape", lambda: associative.stacked_som_update(np.ones((1, 1, 1, 2, 2, 2, 3)), np.ones(2))),
        ("units: arrived 1", lambda: associative.NeuralGas(np.ones((1, 2)), -np.ones((1, 1)), np.ones(1))),
        ("ages: arrived one-sided", lambda: associative.NeuralGas(ONE, np.array([[-1, 0], [-1, -1]]), np.ones(2))),
        ("no edge", lambda: associative.NeuralGas(ONE, -np.ones((2, 2)), np.ones(2)).insert()),
        ("bias: arrived with shape", lambda: associative.complex_layer(ONE, np.ones((3, 4)), np.ones(3))),
        ("x: arrived with shape", lambda: associative.quaternion_dense(ONE, np.ones((2, 2, 4)))),
        (
            "knots: arrived 5, expected 4 splines",
            lambda: associative.kan_layer(ONE, np.ones((3, 2, 4)), np.ones((3, 2)), np.arange(5.0)),
        ),
        (
            "differences of knots: arrived 0.0",
            lambda: associative.kan_layer(ONE, np.ones((3, 2, 4)), np.ones((3, 2)), np.zeros(8)),
        ),
        ("beta: arrived 0", lambda: associative.hopfield_retrieve(ONE, np.ones(3), beta=0.0)),
        ("visible: arrived 2.0", lambda: associative.rbm_free_energy(2 * ONE, np.ones((3, 2)), np.ones(3), np.ones(2))),
        ("erase: arrived 2.0", lambda: associative.memory_access(ONE, np.ones(3), 1.0, 2 * np.ones(3), np.ones(3))),
        ("strength: arrived -1", lambda: associative.memory_access(ONE, np.ones(3), -1.0, np.ones(3), np.ones(3))),
        ("k: arrived 3", lambda: associative.rag_log_prob(np.ones(3), ONE, np.ones(2), 3)),
        ("k: arrived 0", lambda: associative.rag_log_prob(np.ones(3), ONE, np.ones(2), 0)),
    ],
)
def test_bad_input_is_refused(refused, call):
    with pytest.raises(VocabularyError, match=refused):
        call()


def test_the_documents_map_has_as_many_units_as_it_says():
    assert np.prod([3, 3, 3, 11, 11, 11]) == 35_937
    cubes = np.abs(np.indices((3, 3, 3)).reshape(3, -1).T - 1)
    assert [int((cubes.sum(1) == steps).sum()) for steps in (1, 2, 3)] == [6, 12, 8]


def test_a_row_of_zeros_has_no_direction():
    found = associative.memory_access(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([1.0, 0.0]), 5.0, *np.zeros((2, 2)))
    assert np.isfinite(found.weights).all() and found.weights[1] > found.weights[0]


def test_splines_end_where_their_knots_do():
    knots = np.arange(8.0)
    assert (np.asarray(b_splines(np.array([-1.0, 7.5]), knots)) == 0).all()


def test_units_that_are_left_without_an_edge_go():
    gas = associative.NeuralGas(
        np.array([[0.0], [1.0], [9.0]]), np.array([[-1, 0, 5], [0, -1, -1], [5, -1, -1]]), np.zeros(3)
    )
    assert len(gas.adapt(np.array([0.1]), oldest=5).weights) == 2
