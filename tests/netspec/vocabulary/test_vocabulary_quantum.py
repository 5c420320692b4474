import jax
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import quantum

FAMILY = "quantum"


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


ANGLES = np.zeros((1, 2, 2))


@pytest.mark.parametrize(
    ("refused", "call"),
    [
        ("angles: arrived with shape", lambda: quantum.qnn(np.zeros(3), ANGLES)),
        ("angles: arrived with shape", lambda: quantum.qnn(np.zeros(2), np.zeros((1, 2, 3)))),
        ("x: arrived empty", lambda: quantum.qnn(np.zeros(0), np.zeros((1, 0, 2)))),
        ("hamiltonian: arrived with shape", lambda: quantum.vqe_energy(ANGLES, np.eye(2))),
        (
            "weight_out: arrived with shape",
            lambda: quantum.hybrid_network(np.ones(3), np.ones((3, 2)), ANGLES, np.ones((3, 1))),
        ),
        ("theta: arrived with shape", lambda: quantum.mzi_mesh(np.ones(3), np.ones(2), np.ones(2), np.ones(3))),
        ("unitary", lambda: quantum.reck_angles(2 * np.eye(2))),
        ("phases: arrived with shape", lambda: quantum.diffract(np.ones((2, 2)), np.ones((1, 2, 3)), 1.0, 1.0, 1.0)),
        ("wavelength: arrived 0", lambda: quantum.diffract(np.ones((2, 2)), np.ones((1, 2, 2)), 1.0, 0.0, 1.0)),
        ("weight: arrived with shape", lambda: quantum.crossbar(np.ones(3), np.ones((2, 2)))),
        ("highest: arrived", lambda: quantum.crossbar(np.ones(2), np.ones((2, 2)), lowest=1e-3)),
        ("largest size of weight: arrived 0", lambda: quantum.crossbar(np.ones(2), np.zeros((2, 2)))),
        ("levels: arrived 1", lambda: quantum.crossbar(np.ones(2), np.ones((2, 2)), levels=1)),
    ],
)
def test_bad_input_is_refused(refused, call):
    with pytest.raises(VocabularyError, match=refused):
        call()


def test_states_keep_their_length():
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        state = quantum.circuit_state(rng.normal(size=3), rng.normal(size=(2, 3, 2)))
        assert state.shape == (2, 2, 2)
        assert abs(float(np.sum(np.abs(state) ** 2)) - 1) < 1e-12


@pytest.mark.exhaustive
def test_the_shift_rule_is_the_slope_of_a_circuit():
    x, angles = np.array([0.3, -1.0]), np.linspace(-2, 2, 4).reshape(1, 2, 2)
    with jax.enable_x64(True):
        shifted = quantum.parameter_shift(lambda a: quantum.qnn(x, a), angles)
        exact = np.asarray(jax.jacfwd(quantum.qnn, 1)(x, angles))
        assert shifted.shape == (2, 1, 2, 2) and np.abs(np.asarray(shifted) - exact).max() < 1e-12


def test_one_mode_has_nothing_to_interfere_with():
    assert quantum.mzi_mesh(np.ones((2, 1), complex), np.ones(0), np.ones(0), np.zeros(1)).tolist() == [[1], [1]]
