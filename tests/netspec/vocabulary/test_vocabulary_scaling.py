import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import scaling

FAMILY = "scaling"


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


def _loss(w, batch):
    return jnp.mean((batch - w) ** 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scaling.magnitude_mask(np.ones(3), 1.5), "fraction: arrived 1.5, expected a number from 0 to 1"),
        (lambda: scaling.magnitude_mask(np.ones(0), 0.5), "weights: arrived empty"),
        (lambda: scaling.structured_pruning(np.ones((2, 3)), np.ones(3), np.ones((2, 1)), 0.3), "following: arrived"),
        (lambda: scaling.structured_pruning(np.ones((2, 3)), np.ones(3), np.ones((3, 1)), 1.0), "so that one stays"),
        (lambda: scaling.lottery_ticket(lambda w, _: w, np.ones(3), rounds=0), "rounds: arrived 0"),
        (lambda: scaling.quantize(np.ones(3), bits=9), "bits: arrived 9, expected 2 to 8"),
        (lambda: scaling.quantize(np.ones(3), bits=1), "bits: arrived 1, expected a whole number of at least 2"),
        (lambda: scaling.quantize(np.ones(3), axis=1), "axis: arrived 1"),
        (lambda: scaling.loss_scaling(optax.sgd(0.1), initial=0.0), "initial: arrived 0.0"),
        (lambda: scaling.loss_scaling(optax.sgd(0.1), period=0), "period: arrived 0"),
        (
            lambda: scaling.data_parallel(_loss, 1.0, jnp.ones(5), 2),
            "devices: arrived 2, expected a divisor of examples 5",
        ),
        (lambda: scaling.tensor_parallel(np.ones((1, 2)), np.ones((2, 3)), np.ones((3, 1)), 2), "devices: arrived 2"),
        (lambda: scaling.tensor_parallel(np.ones((1, 2)), np.ones((2, 4)), np.ones((3, 1)), 2), "second: arrived"),
        (
            lambda: scaling.pipeline_parallel(lambda w, x: x, {"a": np.ones(2), "b": np.ones(3)}, jnp.ones(3)),
            r"parameters\[1\]: arrived with shape \(3,\), expected \(stages 2,\)",
        ),
        (lambda: scaling.zero(optax.sgd(0.1), 2).init(jnp.ones(3)), "devices: arrived 2, expected a divisor of n 3"),
        (
            lambda: scaling.zero(optax.sgd(0.1), 2).update(jnp.ones((3, 4)), (), jnp.ones(4)),
            r"gradients: arrived with shape \(3, 4\), expected \(2, n 4\)",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()


@pytest.mark.parametrize("symmetric", [True, False])
def test_zeros_and_constants_are_quantized(symmetric):
    for x in (np.zeros(4), np.full(4, 3.0), np.full(4, -3.0)):
        np.testing.assert_allclose(scaling.dequantized(scaling.quantize(x, 8, symmetric)), x, atol=0.02)


def test_more_bits_are_closer():
    x = np.random.default_rng(0).normal(size=(20, 3))
    errors = [np.abs(scaling.fake_quantized(x, bits) - x).max() for bits in range(2, 9)]
    assert errors == sorted(errors, reverse=True) and errors[0] > 30 * errors[-1]


def test_checkpointed_layers_keep_what_goes_in_between_them():
    def deep(x, layer):
        for _ in range(3):
            x = layer(x)
        return x

    def layer(x):
        return jnp.sin(jnp.sin(jnp.sin(x)))

    kept = [
        len(jax.tree.leaves(jax.vjp(lambda x, each=each: deep(x, each), jnp.ones(2))[1]))
        for each in (layer, scaling.checkpointed(layer))
    ]
    assert kept == [9, 3]
