import flax.nnx as nnx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import personas

FAMILY = "personas"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_near_and_equal_vectors_have_an_arc_with_a_gradient():
    def length(share):
        return jnp.linalg.norm(personas.interpolate_personas(jnp.ones(3), jnp.ones(3), share, spherical=True))

    value, slope = jax.value_and_grad(length)(0.5)
    assert float(value) == pytest.approx(3**0.5) and float(slope) == pytest.approx(0.0, abs=1e-6)


TWO, THREE = np.ones((2, 2)), np.ones((2, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: personas.persona(TWO, TWO, np.zeros(2), np.array(2)), "ids: arrived 2"),
        (lambda: personas.persona(TWO, THREE, np.zeros(2), np.array(0)), "bias: arrived with shape"),
        (lambda: personas.restyled(TWO, np.ones(2), np.ones(3)), "target: arrived with shape"),
        (lambda: personas.emotion_step(TWO, TWO, TWO, None), "readout: arrived with shape"),
        (lambda: personas.identity_consistency_loss(TWO, np.ones(3)), "persona: arrived with shape"),
        (
            lambda: personas.multi_persona(TWO, np.array([0, 2]), np.ones((2, 2, 1)), np.ones((2, 1, 2))),
            "ids: arrived 2",
        ),
        (lambda: personas.interpolate_personas(np.ones(2), np.ones(2), 1.5), "share: arrived 1.5"),
        (lambda: personas.interpolate_personas(np.ones(2), np.ones(3)), "second: arrived with shape"),
        (lambda: personas.should_respond(TWO, np.ones(3), np.ones(2), TWO, TWO), "to_knowledge: arrived"),
        (
            lambda: personas.should_respond(TWO, np.ones(2), np.ones(2), TWO, TWO, relevant=2.0),
            "relevant: arrived 2.0",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()


def test_a_cell_of_another_width_is_refused():
    cell = nnx.GRUCell(128, 4, rngs=nnx.Rngs(0))
    with pytest.raises(VocabularyError, match="cell: arrived with 128 inputs, expected 3"):
        personas.emotion_step(TWO, np.ones((2, 4)), np.ones((2, 3)), cell)
