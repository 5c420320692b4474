import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family
from flax import nnx

from netspec.errors import VocabularyError
from netspec.vocabulary import recurrent
from netspec.vocabulary.properties.plain import size
from netspec.vocabulary.recurrent import Reservoir, StateSpace, Weights

FAMILY = "recurrent"


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


def zeros(*shape):
    return np.zeros(shape)


def cell(channels, features, gates):
    width = gates * features
    return Weights(zeros(channels, width), zeros(features, width), zeros(width))


SYSTEM = StateSpace(-np.eye(2), np.ones(2), np.ones(2), 0.0)
REFUSED = {
    "inputs: arrived empty": lambda: recurrent.rnn(zeros(2, 0, 3), zeros(2, 4), cell(3, 4, 1)),
    r"kernel: arrived with shape \(5, 4\)": lambda: recurrent.rnn(zeros(2, 6, 3), zeros(2, 4), cell(5, 4, 1)),
    r"kernel: arrived with shape \(3, 12\), expected \(channels 3, width 16\)": lambda: recurrent.lstm(
        zeros(2, 6, 3), (zeros(2, 4), zeros(2, 4)), cell(3, 4, 3)
    ),
    r"state: arrived with shape \(3, 4\), expected \(batch 2, features\)": lambda: recurrent.gru(
        zeros(2, 6, 3), zeros(3, 4), cell(3, 4, 3)
    ),
    "truncate: arrived 0": lambda: recurrent.bptt(None, None, None, None, zeros(1, 2, 3), truncate=0),
    "levels: arrived 0": lambda: recurrent.tcn(zeros(1, 4, 2), ()),
    "step: arrived -0.1, expected more than 0": lambda: recurrent.s4(zeros(1, 4), SYSTEM, step=-0.1),
    r"B: arrived with shape \(3,\)": lambda: recurrent.s4(zeros(1, 4), SYSTEM._replace(write=zeros(3)), step=0.1),
    "leak: arrived 1.5": lambda: recurrent.esn(
        zeros(1, 4, 2), Reservoir(zeros(2, 3), zeros(3, 3)), zeros(1, 4, 1), leak=1.5
    ),
    "ridge: arrived -1": lambda: recurrent.esn(
        zeros(1, 4, 2), Reservoir(zeros(2, 3), zeros(3, 3)), zeros(1, 4, 1), ridge=-1
    ),
    r"targets: arrived with shape \(1, 5, 1\)": lambda: recurrent.esn(
        zeros(1, 4, 2), Reservoir(zeros(2, 3), zeros(3, 3)), zeros(1, 5, 1)
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_input_is_refused(message):
    with pytest.raises(VocabularyError, match=message):
        REFUSED[message]()


@pytest.mark.parametrize(
    ("kind", "gates", "count"),
    [(nnx.SimpleCell, 1, 98_560), (nnx.OptimizedLSTMCell, 4, 394_240), (nnx.GRUCell, 3, 295_680)],
)
def test_weights_are_as_many_as_those_of_flaxs_cell(kind, gates, count):
    made = nnx.eval_shape(lambda: kind(128, 256, rngs=nnx.Rngs(0)))
    assert size(made) == sum(np.size(part) for part in cell(128, 256, gates)) == count


def test_reservoirs_forget_where_they_began():
    """With ‖W‖ = 0.9 and no leak two starts approach by at least that factor a token: the echo state property."""
    rng = np.random.default_rng(0)
    recurrent_part, x = rng.standard_normal((5, 5)), jnp.asarray(rng.standard_normal((1, 40, 2)))
    drawn = Reservoir(rng.standard_normal((2, 5)), 0.9 * recurrent_part / np.linalg.norm(recurrent_part, 2))
    one, other = (recurrent.reservoir_states(x, drawn, start=start) for start in (0.0, 0.5))
    apart = np.linalg.norm(one - other, axis=-1)[0]
    assert apart[-1] < 1e-2
    assert np.all(apart[1:] <= 0.9 * apart[:-1] + 1e-6)


def test_legs_has_the_published_first_entries():
    """Gu et al. 2020, eq. 30: −n − 1 on the diagonal, −√(2n + 1)√(2k + 1) below."""
    a, b = recurrent.legs(3)
    np.testing.assert_allclose(a, [[-1, 0, 0], [-(3**0.5), -2, 0], [-(5**0.5), -(15**0.5), -3]], rtol=1e-6)
    np.testing.assert_allclose(b, [1, 3**0.5, 5**0.5], rtol=1e-6)


def test_gradient_without_truncation_is_jaxs_own():
    w = jnp.asarray([[0.5]])
    x, start = jnp.ones((1, 4, 1)), jnp.zeros((1, 1))
    found = recurrent.bptt(lambda h, y: jnp.sum(h), lambda w, h, x: (h @ w + x, h), w, start, x, truncate=9)
    assert found.item() == pytest.approx(jax.grad(lambda w: 1 + w + w**2 + w**3)(0.5))
