"""Prompts and prefixes stand before the tokens of a network that is otherwise as it was."""

import jax
import jax.numpy as jnp
import pytest

from netspec.vocabulary.layers.adapters import prefix_attention
from train.trials import prompts
from train.trials.base import size

PARAMS = prompts.start(jax.random.key(0))
X = jax.random.uniform(jax.random.key(1), (3, 64))


def test_what_stands_before_the_tokens_is_attended_to_like_a_token():
    """A first token that is taken off and put before the others as a prefix gives what it gave in its place."""
    asks, keys, values = jax.random.normal(jax.random.key(3), (3, 8, prompts.WIDTH))
    whole = prompts.attended(asks, keys, values)
    assert jnp.allclose(whole, prefix_attention(asks, keys[1:], values[1:], keys[:1], values[:1]), atol=1e-5)


@pytest.mark.exhaustive
def test_a_prompt_is_seen_and_is_no_part_of_what_is_read():
    plain = prompts.logits(PARAMS, X)
    prompted = prompts.logits(PARAMS, X, prompt=jax.random.normal(jax.random.key(2), (4, prompts.WIDTH)))
    assert plain.shape == prompted.shape == (3, prompts.TEN)
    assert not jnp.allclose(plain, prompted, atol=1e-2)


@pytest.mark.exhaustive
def test_a_prefix_of_keys_takes_its_share_of_attention_even_where_its_values_are_nothing():
    plain = prompts.logits(PARAMS, X)
    drawn = jax.random.normal(jax.random.key(2), (prompts.LAYERS, 2, 4, prompts.WIDTH))
    assert not jnp.allclose(plain, prompts.logits(PARAMS, X, prefix=drawn), atol=1e-2)
    silent = drawn.at[:, 1].set(0)
    assert not jnp.allclose(plain, prompts.logits(PARAMS, X, prefix=silent), atol=1e-2)


def test_digits_turned_four_times_are_themselves():
    turned = X
    for _ in range(4):
        turned = prompts.turned(turned)
    assert jnp.array_equal(turned, X) and not jnp.array_equal(prompts.turned(X), X)


@pytest.mark.exhaustive
def test_prefixes_are_as_many_numbers_as_the_longer_prompt():
    sizes = prompts.TRIAL.settings | prompts.TRIAL.smoke
    counted = {
        name: int(jax.jit(prompts.make(name, sizes))(jax.random.key(0), 0.01)["trained"])
        for name in ("prefix", "prompt-long", "prompt", "head")
    }
    assert counted["prefix"] == counted["prompt-long"] == 4 * counted["prompt"] == 512
    assert counted["head"] == size(PARAMS["head"]) == pytest.approx(330)
