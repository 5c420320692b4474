import jax
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import activations

FAMILY = "activations"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


ELEMENTWISE = (
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "sigmoid",
    "tanh",
    "hard_swish",
    "hard_sigmoid",
)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_empty_batches_are_refused(name):
    with pytest.raises(VocabularyError, match="x: arrived empty"):
        getattr(activations, name)(np.zeros((0, 3)))


REFUSED = {
    "slope: arrived -0.1": lambda: activations.leaky_relu(np.ones(3), -0.1),
    r"slope: arrived with shape \(2,\), expected \(channels 3,\)": lambda: activations.prelu(
        np.ones((2, 3)), np.ones(2)
    ),
    "alpha: arrived 0.0, expected more than 0": lambda: activations.elu(np.ones(3), 0.0),
    r"shape: arrived \(3,\), expected at least": lambda: activations.lecun_normal(jax.random.key(0), (3,)),
    "shape: arrived 0": lambda: activations.lecun_normal(jax.random.key(0), (0, 3)),
    "temperature: arrived 0.0": lambda: activations.softmax(np.ones(3), temperature=0.0),
    r"logits: arrived with shape \(\)": lambda: activations.softmax(np.float64(1.0)),
    "logits: arrived empty": lambda: activations.log_softmax(np.zeros((2, 0))),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_refused(said):
    with pytest.raises(VocabularyError, match=said):
        REFUSED[said]()


def test_the_slope_of_a_prelu_may_be_one_number():
    assert activations.prelu(np.array([-4.0, 2.0]), np.float64(0.25)).tolist() == [-1.0, 2.0]


def test_the_slope_of_swish_may_be_learned():
    slope = jax.grad(lambda beta: activations.silu(np.float32(2.0), beta))(1.0)
    gate = 1 / (1 + np.exp(-2.0))
    assert float(slope) == pytest.approx(4 * gate * (1 - gate), rel=1e-5)
