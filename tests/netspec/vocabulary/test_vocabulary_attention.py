import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family
from flax import nnx

from netspec.errors import VocabularyError
from netspec.layers import TransformerEncoder
from netspec.modules.base import Numerics
from netspec.modules.initialize import SCHEMES
from netspec.modules.transformer_encoder import SelfAttention
from netspec.vocabulary import attention
from netspec.vocabulary.entry import imported
from netspec.vocabulary.properties.plain import size

FAMILY = "attention"


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


def three(*shape):
    return zeros(*shape), zeros(*shape), zeros(*shape)


REFUSED = {
    "query: arrived empty": lambda: attention.flash_attention(*three(0, 4, 2, 3)),
    "tile: arrived 0": lambda: attention.flash_attention(*three(1, 4, 2, 3), tile=0),
    "key heads: arrived 3, expected a divisor of query heads 4": lambda: attention.grouped_query_attention(
        zeros(1, 5, 4, 2), zeros(1, 5, 3, 2), zeros(1, 5, 3, 2)
    ),
    r"value: arrived with shape \(1, 5, 3, 2\)": lambda: attention.grouped_query_attention(
        zeros(1, 5, 4, 2), zeros(1, 5, 2, 2), zeros(1, 5, 3, 2)
    ),
    r"key: arrived with shape \(1, 5, 1, 2\), expected \(batch 1, source, c 2\)": lambda: (
        attention.multi_query_attention(zeros(1, 5, 4, 2), zeros(1, 5, 1, 2), zeros(1, 5, 1, 2))
    ),
    "source: arrived 4, expected one of 5": lambda: attention.linear_attention(
        zeros(1, 5, 2, 3), zeros(1, 4, 2, 3), zeros(1, 4, 2, 3), is_causal=True
    ),
    r"rows: arrived with shape \(2, 2, 2\)": lambda: attention.axial_attention(
        zeros(1, 4, 4, 2), zeros(2, 2, 2), zeros(3, 2, 2)
    ),
    r"key: arrived with shape \(4, 5\)": lambda: attention.perceiver_attention(
        zeros(2, 3), zeros(1, 9, 6), zeros(3, 5), zeros(4, 5), zeros(6, 5)
    ),
    "decay: arrived 1.5": lambda: attention.retention(*three(1, 4, 2, 3), np.array([0.5, 1.5])),
    "chunk: arrived 3, expected a divisor of tokens 4": lambda: attention.retention(
        *three(1, 4, 2, 3), np.ones(2), chunk=3
    ),
    "decay: arrived -1": lambda: attention.wkv(zeros(1, 4, 2), zeros(1, 4, 2), np.array([1.0, -1.0]), zeros(2)),
    "expected a divisor of distances 5": lambda: attention.disentangled_attention(
        *three(1, 4, 2, 3), zeros(5, 2, 3), zeros(5, 2, 3)
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_input_is_refused(message):
    with pytest.raises(VocabularyError, match=message):
        REFUSED[message]()


def test_flash_attention_survives_scores_that_overflow():
    query, key, value = jax.random.normal(jax.random.key(0), (3, 1, 9, 1, 4))
    far = attention.flash_attention(1e4 * query, key, value, tile=2)
    assert bool(jnp.isfinite(far).all())
    np.testing.assert_allclose(far, jax.nn.dot_product_attention(1e4 * query, key, value), rtol=1e-5, atol=1e-6)


def test_multi_head_attention_of_the_first_transformer_has_1050624_parameters():
    layer = TransformerEncoder(512, 8, 1, 1)
    module = nnx.eval_shape(lambda: SelfAttention(layer, Numerics(SCHEMES["glorot"]), nnx.Rngs(0)))
    assert size(module) == 1_050_624


def test_linear_attention_is_hardly_nearer_to_the_softmax_than_a_mean():
    """The figures of the reference: 0.79 and 0.85 of the norm."""
    right = imported("netspec.vocabulary.evidence.attention.another_kernel")().right
    assert "0.79" in right and "0.85" in right
