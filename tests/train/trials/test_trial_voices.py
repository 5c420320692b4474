"""Speakers are told apart by what they say, and precision is what its definition says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.trials import voices
from train.trials.embeddings import retrieved


def test_precision_is_the_mean_over_what_is_right():
    """Of four on a line of angles, each with one other of its class: at place one, two or three."""
    angles = jnp.array([0.0, 0.1, 0.15, 0.4])
    places = jnp.stack([jnp.cos(angles), jnp.sin(angles)], 1)
    precision, first = retrieved(places, jnp.array([0, 0, 1, 1]))
    # from 0: the other is nearest; from 0.1: 0.15 first; from 0.15: 0.1, then 0, then 0.4; from 0.4: 0.15 is nearest
    assert precision == pytest.approx(100 * (1 + 1 / 2 + 1 / 3 + 1) / 4)
    assert first == pytest.approx(50)


@pytest.mark.exhaustive
def test_texts_on_one_topic_are_more_alike_than_texts_of_one_speaker():
    traits = jax.random.normal(jax.random.key(0), (6, voices.TRAITS))
    x, who = voices.told(jax.random.key(3), traits, 50)
    assert x.shape == (300, voices.WORDS) and jnp.allclose(x.sum(1), 1, atol=1e-5)
    assert np.bincount(who).tolist() == [50] * 6
    between = jnp.stack([x[who == one].mean(0) for one in range(6)]).var(0).sum()
    assert float(between) < 0.5 * float(x.var(0).sum())


@pytest.mark.exhaustive
def test_traits_are_read_off_vectors_that_hold_them_and_off_no_others():
    traits = jax.random.normal(jax.random.key(0), (40, voices.TRAITS))
    who = jnp.repeat(jnp.arange(40), 3)
    mixed = traits @ jax.random.normal(jax.random.key(1), (voices.TRAITS, 8))
    assert float(voices.read_off(mixed[who], who, traits)) > 95
    drawn = jax.random.normal(jax.random.key(2), (40, 8))
    assert float(voices.read_off(drawn[who], who, traits)) < 20
