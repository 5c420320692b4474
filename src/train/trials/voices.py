"""Who is speaking? Made-up speakers with five traits each, told apart by vectors of what they say.

A text is counts of words. Which words are likely is decided by its speaker's traits, and more so by its topic, so that
texts on one topic are more alike than texts of one speaker. Training has other speakers than those that are judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.personas import identity_consistency_loss, persona
from train.trials.base import Params, Run, Trial, dense, fit, percent, size, some, surprise, through
from train.trials.embeddings import retrieved, unit

WORDS, LENGTH, TRAITS, TOPICS = 80, 60, 5, 8
SPEAKERS, OTHERS, WIDTH, HIDDEN = 40, 20, 16, 48
#: How much a trait and a topic change what is likely.
MANNER, SUBJECT = 0.5, 1.0


def told(key: jax.Array, traits: jax.Array, texts: int) -> tuple[jax.Array, jax.Array]:
    """Shares of words ``(speakers · texts, WORDS)``, and who speaks, of speakers with traits ``(speakers, TRAITS)``."""
    topic, drawn = jax.random.split(key)
    manner = MANNER * jax.random.normal(jax.random.key(1), (TRAITS, WORDS))
    subject = SUBJECT * jax.random.normal(jax.random.key(2), (TOPICS, WORDS))
    who = jnp.repeat(jnp.arange(len(traits)), texts)
    likely = traits[who] @ manner + subject[jax.random.randint(topic, who.shape, 0, TOPICS)]
    words = jax.random.categorical(drawn, likely[:, None], shape=(len(who), LENGTH))
    return jax.nn.one_hot(words, WORDS).mean(1), who


def read_off(vectors: jax.Array, who: jax.Array, traits: jax.Array) -> jax.Array:
    """Percent of the spread of traits that a linear map of speakers' mean vectors explains, on speakers left out."""
    mean = jax.ops.segment_sum(vectors, who, len(traits)) / (len(who) / len(traits))
    half = len(traits) // 2
    inputs = jnp.concatenate([mean, jnp.ones((len(mean), 1))], 1)
    seen, held = inputs[:half], inputs[half:]
    ridge = 0.01 * jnp.trace(seen.T @ seen) / seen.shape[1] * jnp.eye(seen.shape[1])
    maps = jnp.linalg.solve(seen.T @ seen + ridge, seen.T @ traits[:half])
    _, found = persona(held[:, :-1], maps[:-1], maps[-1], jnp.arange(len(held)))
    return 100 * (1 - jnp.mean((found - traits[half:]) ** 2) / jnp.mean(traits[half:] ** 2))


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """An MLP from words to ``WIDTH`` numbers beside a vector a speaker, trained by one loss."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        drawn, others, data, start, table, training, last = jax.random.split(key, 7)
        x, who = told(data, jax.random.normal(drawn, (SPEAKERS, TRAITS)), settings["texts"])
        traits = jax.random.normal(others, (OTHERS, TRAITS))
        held, whose = told(last, traits, settings["texts"])
        vectors = jax.random.normal(table, (SPEAKERS, WIDTH))
        params: Params = {"body": dense(start, WORDS, HIDDEN, WIDTH), "speakers": vectors}

        def embedded(params: Params, x: jax.Array) -> jax.Array:
            return unit(through(params["body"], jnp.sqrt(WORDS) * x))

        def loss(params: Params, key: jax.Array) -> jax.Array:
            texts, speakers = some(key, 64, x, who)
            places = embedded(params, texts)
            points = unit(vectors if variant == "drawn" else params["speakers"])
            if variant == "apart":
                return surprise(10 * places @ points.T, speakers)
            return jax.vmap(lambda one, point: identity_consistency_loss(one[None], point))(
                places, points[speakers]
            ).mean()

        if variant != "words":
            params = fit(loss, params, training, settings["steps"], rate)
        places = unit(held) if variant == "words" else embedded(params, held)
        precision, first = retrieved(places, whose)
        trained = 0 if variant == "words" else size(params["body"]) + (variant != "drawn") * vectors.size
        return {"precision": precision, "recall": first, "traits": read_off(places, whose, traits), "params": trained}

    return run


TRIAL = Trial(
    variants={
        "words": "the shares of words themselves",
        "consistent": "texts near their speaker's vector, both trained, as listed",
        "drawn": "texts near their speaker's vector, which is drawn once",
        "apart": "nearer to their speaker's vector than to the others'",
    },
    figures=(
        percent("precision", "mean average precision, speakers never seen"),
        percent("recall", "nearest is of the speaker"),
        percent("traits", "spread of traits read off"),
    ),
    make=make,
    settings={"texts": 20, "steps": 800},
    smoke={"texts": 2, "steps": 3},
)
