import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import masks, recurrent

FAMILY = "masks"


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


REFUSED = {
    "tokens: arrived 0": lambda: masks.causal_mask(0),
    "tokens: arrived 2.5": lambda: masks.anticausal_mask(2.5),
    "window: arrived -1": lambda: masks.sparse_mask(4, window=-1),
    "global token: arrived 4, expected a number from 0 to 3": lambda: masks.sparse_mask(
        4, window=1, global_tokens=(0, 4)
    ),
    "stride: arrived 0": lambda: masks.factorized_mask(4, 0),
    "pattern: arrived 'diagonal'": lambda: masks.factorized_mask(4, 2, pattern="diagonal"),
    "summary: arrived 3, expected a number from 1 to 2": lambda: masks.factorized_mask(4, 2, summary=3),
    "layer: arrived -1": lambda: masks.oscillating_mask(-1, 4),
    "window: arrived -2": lambda: masks.sliding_window_attention(*[zeros(1, 4, 2, 3)] * 3, window=-2),
    r"key: arrived with shape \(1, 5, 2, 3\)": lambda: masks.sliding_window_attention(
        zeros(1, 4, 2, 3), zeros(1, 5, 2, 3), zeros(1, 5, 2, 3), window=1
    ),
    "step: arrived 0": lambda: masks.dilated_mask(4, 0),
    "chosen: arrived -1": lambda: masks.bigbird_mask(jax.random.key(0), 4, window=1, chosen=-1, global_tokens=0),
    "prefix: arrived 5, expected at most the 4 tokens": lambda: masks.prefix_mask(4, 5),
    "inputs: arrived empty": lambda: recurrent.unroll(lambda h, x: (h, x), 0.0, zeros(1, 0, 2)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_input_is_refused(message):
    with pytest.raises(VocabularyError, match=message):
        REFUSED[message]()


def test_masks_are_booleans():
    made = [
        masks.causal_mask(3),
        masks.anticausal_mask(3),
        masks.dilated_mask(3, 2),
        masks.prefix_mask(3, 1),
        masks.sparse_mask(3, window=1),
        masks.factorized_mask(3, 2),
        masks.oscillating_mask(0, 3),
        masks.bigbird_mask(jax.random.key(0), 3, window=0, chosen=1, global_tokens=0),
    ]
    assert {mask.dtype for mask in made} == {jnp.dtype(bool)} and {mask.shape for mask in made} == {(3, 3)}


def test_more_random_tokens_than_there_are_fill_the_mask():
    assert masks.bigbird_mask(jax.random.key(0), 4, window=0, chosen=9, global_tokens=9).all()


@pytest.mark.parametrize("summary", [1, 2, 3])
def test_fixed_pattern_by_its_definition(summary):
    found = masks.factorized_mask(10, 3, pattern="fixed", summary=summary)
    for i in range(10):
        for j in range(10):
            assert found[i, j] == (j <= i and (i // 3 == j // 3 or j % 3 >= 3 - summary))
