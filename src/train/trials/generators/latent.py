"""Generators that draw a code and decode it: numbers with a normal prior, or rows of a table with a learned one."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary.generative import vector_quantize
from train.trials.base import dense, fit, some, through
from train.trials.generators.base import BATCH, HIDDEN, LATENT, LEVELS, PIXELS, Generator, Train, bound, spread
from train.trials.generators.sequential import masked, one_after_the_other

#: Codes of a picture, rows of their table, and numbers in a row.
CODES, ROWS, FEATURES = 4, 32, 4
#: How often codes are drawn for a bound on the likelihood (Burda et al. 2016).
WEIGHED = 64


def _middle(x: jax.Array) -> jax.Array:
    """The levels, from 0 to 1, of intervals around ``x``, which need not lie in the middle of one."""
    return (LEVELS * x - 0.5) / (LEVELS - 1)


def variational(beta: float) -> Train:
    """A VAE (Kingma and Welling 2014) whose pixels have a learned spread each, its divergence ``beta`` times."""

    def train(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
        encoder, decoder = jax.random.split(start)
        params = {
            "encoder": dense(encoder, PIXELS, HIDDEN, HIDDEN, 2 * LATENT),
            "decoder": dense(decoder, LATENT, HIDDEN, HIDDEN, PIXELS),
            "spread": jnp.full(PIXELS, jnp.log(0.2)),
        }

        def decoded(params: dict, z: jax.Array) -> jax.Array:
            return jax.nn.sigmoid(through(params["decoder"], z))

        def weighed(params: dict, key: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            """Log-densities, ``(batch,)``: of pictures by their code, and of the code by prior and by encoder."""
            mean, log = jnp.split(through(params["encoder"], x), 2, axis=-1)
            z = mean + jnp.exp(log / 2) * jax.random.normal(key, mean.shape)
            near = jax.scipy.stats.norm.logpdf(x, decoded(params, z), jnp.exp(params["spread"])).sum(-1)
            prior = jax.scipy.stats.norm.logpdf(z).sum(-1)
            return near, prior, jax.scipy.stats.norm.logpdf(z, mean, jnp.exp(log / 2)).sum(-1)

        def loss(params: dict, key: jax.Array) -> jax.Array:
            pick, noise, code = jax.random.split(key, 3)
            (real,) = some(pick, BATCH, x)
            near, prior, found = weighed(params, code, spread(noise, real))
            return (beta * (found - prior) - near).mean() / PIXELS

        made = fit(loss, params, training, steps, rate)

        def draw(key: jax.Array, count: int) -> jax.Array:
            return _middle(decoded(made, jax.random.normal(key, (count, LATENT))))

        def likelihood(key: jax.Array, x: jax.Array) -> jax.Array:
            def once(key: jax.Array) -> jax.Array:
                noise, code = jax.random.split(key)
                near, prior, found = weighed(made, code, spread(noise, x))
                return near + prior - found

            log = jax.lax.map(once, jax.random.split(key, WEIGHED))
            return bound(jax.nn.logsumexp(log, 0) - jnp.log(WEIGHED))

        return Generator(made, draw, likelihood)

    return train


def quantized(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
    """A VQ-VAE (van den Oord et al. 2017), and then a masked network for which codes follow which."""
    encoder, decoder, table, prior = jax.random.split(start, 4)
    learning, following = jax.random.split(training)
    params = {
        "encoder": dense(encoder, PIXELS, HIDDEN, HIDDEN, CODES * FEATURES),
        "decoder": dense(decoder, CODES * FEATURES, HIDDEN, HIDDEN, PIXELS),
        "table": jax.random.normal(table, (ROWS, FEATURES)),
    }

    def encoded(params: dict, x: jax.Array) -> jax.Array:
        z = through(params["encoder"], x).reshape(len(x), CODES, FEATURES)
        # Codes of mean square one keep rows within reach of them, or few rows would ever be the nearest.
        return z * jax.lax.rsqrt(jnp.mean(z**2, -1, keepdims=True) + 1e-6)

    def decoded(params: dict, codes: jax.Array) -> jax.Array:
        return jax.nn.sigmoid(through(params["decoder"], codes.reshape(len(codes), -1)))

    def loss(params: dict, key: jax.Array) -> jax.Array:
        (real,) = some(key, BATCH, x)
        found = vector_quantize(encoded(params, real), params["table"])
        return jnp.mean((decoded(params, found.codes) - real) ** 2) + 0.1 * found.loss / FEATURES

    made = fit(loss, params, learning, steps, rate)
    symbols = vector_quantize(encoded(made, x), made["table"]).indices
    following_network = masked(CODES, ROWS, ROWS, lambda symbols: jax.nn.one_hot(symbols, ROWS))
    after, drawn, _ = one_after_the_other(following_network, symbols, prior, following, steps, rate)
    return Generator((made, after), lambda key, count: decoded(made, made["table"][drawn(key, count)]))
