import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import norms
from netspec.vocabulary.evidence import norms as evidence

FAMILY = "norms"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


@pytest.mark.parametrize("shown", [evidence.momentum_of_the_new_batch, evidence.one_picture])
def test_evidence_stands(shown):
    assert shown().differs


X = np.ones((2, 3, 3, 4))
REFUSED = {
    r"x: arrived with shape \(2, 4\), expected \(batch, positions, channels\)": lambda: norms.instance_norm(X[:, 0, 0]),
    r"scale: arrived with shape \(3,\), expected \(channels 4,\)": lambda: norms.instance_norm(X, np.ones(3)),
    "x: arrived empty": lambda: norms.instance_norm(X[:0]),
    "groups: arrived 3, expected a divisor of channels 4": lambda: norms.group_norm(X, 3),
    "groups: arrived 0, expected a whole number": lambda: norms.group_norm(X, 0),
    r"x: arrived with shape \(4,\)": lambda: norms.group_norm(np.ones(4), 2),
    "epsilon: arrived 0.0": lambda: norms.rms_norm(X, epsilon=0.0),
    r"shift: arrived with shape \(1,\)": lambda: norms.group_norm(X, 2, np.ones(4), np.ones(1)),
    r"gain: arrived with shape \(2,\), expected \(out 3,\)": lambda: norms.weight_norm(np.ones((2, 3)), np.ones(2)),
    r"start: arrived with shape \(2,\), expected \(out 3,\)": lambda: norms.spectral_norm(np.ones((2, 3)), np.ones(2)),
    "steps: arrived 0": lambda: norms.spectral_norm(np.ones((2, 3)), np.ones(3), 0),
    r"x: arrived with shape \(2, 3, 3, 4\), expected \(5, positions": lambda: norms.adaptive_instance_norm(
        X, np.ones((5, 4)), np.ones((5, 4))
    ),
    r"shift: arrived with shape \(2, 3\)": lambda: norms.adaptive_instance_norm(X, np.ones((2, 4)), np.ones((2, 3))),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_refused(said):
    with pytest.raises(VocabularyError, match=said):
        REFUSED[said]()


def test_a_single_position_becomes_the_shift():
    y = norms.instance_norm(np.full((2, 1, 4), 7.0), shift=np.arange(4.0))
    assert y.tolist() == [[[0, 1, 2, 3]], [[0, 1, 2, 3]]]


def test_half_precision_stays_and_is_summed_in_float32():
    x = jnp.linspace(1000, 1010, 4096, dtype=jnp.bfloat16)
    assert norms.rms_norm(x).dtype == jnp.bfloat16
    assert abs(float(norms.rms_norm(x).mean()) - 1) < 0.01


def test_one_step_at_a_time_is_as_many_at_once():
    kernel, u = np.random.default_rng(0).standard_normal((4, 3)), np.ones(3)
    together, _ = norms.spectral_norm(kernel, u, 3)
    for _ in range(3):
        apart, u = norms.spectral_norm(kernel, u)
    assert np.allclose(together, apart, rtol=1e-5)
