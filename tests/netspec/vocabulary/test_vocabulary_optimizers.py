import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import optimizers

FAMILY = "optimizers"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


@pytest.mark.parametrize(
    "name", ["adadelta", "adagrad", "adam", "adan", "lamb", "lars", "lion", "nesterov", "novograd"]
)
def test_a_rate_has_to_be_above_zero(name):
    with pytest.raises(VocabularyError, match=r"learning_rate: arrived -0\.1, expected more than 0"):
        getattr(optimizers, name)(-0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optimizers.adam(0.1, b1=1.0), "b1: arrived 1.0, expected less than 1"),
        (lambda: optimizers.adam(0.1, eps=0.0), "eps: arrived 0.0"),
        (lambda: optimizers.rmsprop(0.1, decay=-0.5), "decay: arrived -0.5"),
        (lambda: optimizers.adadelta(rho=1.5), "rho: arrived 1.5"),
        (lambda: optimizers.adafactor(0.1, least=0), "least: arrived 0"),
        (lambda: optimizers.adafactor(-0.1), "learning_rate: arrived -0.1"),
        (lambda: optimizers.adafactor(0.1, clip=0.0), "clip: arrived 0.0"),
        (lambda: optimizers.sophia(0.1, gamma=0.0), "gamma: arrived 0.0"),
        (lambda: optimizers.sophia(0.1, interval=0), "interval: arrived 0"),
        (lambda: optimizers.lion(0.1, weight_decay=-1.0), "weight_decay: arrived -1.0"),
        (lambda: optimizers.lamb(0.1, low=2.0, high=1.0), "low, high: arrived 2.0 and 1.0"),
        (lambda: optimizers.lars(0.1, trust=0.0), "trust: arrived 0.0"),
        (lambda: optimizers.nesterov(0.1, momentum=1.0), "momentum: arrived 1.0"),
        (lambda: optimizers.novograd(0.1, b2=-0.1), "b2: arrived -0.1"),
        (lambda: optimizers.adan(0.1, b3=1.0), "b3: arrived 1.0"),
        (lambda: optimizers.lookahead(optax.sgd(0.1), period=0), "period: arrived 0"),
        (lambda: optimizers.lookahead(optax.sgd(0.1), rate=1.5), "rate: arrived 1.5"),
        (lambda: optimizers.sam(optax.sgd(0.1), radius=-1.0), "radius: arrived -1.0"),
        (lambda: optimizers.rates_by_group({}, {}), "rates: arrived empty"),
        (lambda: optimizers.rates_by_group({"a": -0.1}, {"w": "a"}), r"rates\['a'\]: arrived -0.1"),
        (lambda: optimizers.rates_by_group({"a": 0.1}, {"w": "b"}), "groups: arrived 'b', expected one of 'a'"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()


def test_layers_of_zeros_move_nevertheless():
    for make in (optimizers.lamb, optimizers.lars, lambda rate: optimizers.lamb(rate, low=1.0, high=2.0)):
        optimizer, zeros = make(0.1), jnp.zeros(3)
        step, _ = optimizer.update(jnp.ones(3), optimizer.init(zeros), zeros)
        assert np.isfinite(step).all() and np.all(np.asarray(step) < 0)


@pytest.mark.parametrize("make", [optimizers.adan, optimizers.lamb, optimizers.lion, optimizers.adam])
def test_they_go_through_jit_and_find_a_minimum(make):
    optimizer = make(0.05)

    @jax.jit
    def run(w):
        def once(carry, _):
            w, state = carry
            step, state = optimizer.update(w - 3.0, state, w)
            return (w + step, state), None

        return jax.lax.scan(once, (w, optimizer.init(w)), length=200)[0][0]

    assert np.abs(np.asarray(run(jnp.ones(2))) - 3.0).max() < 0.3
