"""What recurrent networks remember: a few symbols, recalled after a pause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from train.trials.base import Metric, Run, Trial, dense, fit, percent, size, surprise, through

HIDDEN, SYMBOLS, KEPT = 48, 8, 3


def _problem(key: jax.Array, pause: int, count: int) -> tuple[jax.Array, jax.Array]:
    """Symbols ``(count, KEPT + pause + KEPT)`` and what is to be said at the last places."""
    said = jax.random.randint(key, (count, KEPT), 0, SYMBOLS)
    silence, ask = SYMBOLS, SYMBOLS + 1
    pauses = jnp.full((count, pause), silence)
    return jnp.concatenate([said, pauses, jnp.full((count, KEPT), ask)], 1), said


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """A recurrent layer, or a convolution or attention, over one-hot symbols; ``-long`` waits four times as long."""
    kind, _, long = variant.partition("-")
    pause = settings["pause"] * (4 if long else 1)
    gates = {"rnn": 1, "lstm": 4, "gru": 3, "ssm": 1}.get(kind, 1)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        start, training, judging = jax.random.split(key, 3)
        one, two, three, four = jax.random.split(start, 4)
        inputs = SYMBOLS + 2
        params: dict[str, Any] = {
            "in": jax.random.normal(one, (inputs, gates * HIDDEN)) / jnp.sqrt(inputs),
            "bias": jnp.zeros(gates * HIDDEN),
            "out": dense(three, HIDDEN, SYMBOLS),
        }
        if kind in ("rnn", "lstm", "gru"):
            params["across"] = jax.random.orthogonal(two, HIDDEN, (gates,)).transpose(1, 0, 2).reshape(HIDDEN, -1)
        if kind == "lstm":
            params["bias"] = params["bias"].at[HIDDEN : 2 * HIDDEN].set(1.0)
        if kind == "ssm":  # decays from a tenth of a step to a hundred steps, as S4D’s real parts lie
            params["decay"] = jnp.log(jnp.geomspace(0.005, 0.7, HIDDEN))
            params["mix"] = dense(four, HIDDEN, HIDDEN, HIDDEN)
        if kind == "attention":
            params |= {"qkv": dense(two, HIDDEN, 3 * HIDDEN), "mix": dense(four, HIDDEN, HIDDEN, HIDDEN)}
            params["place"] = 0.1 * jax.random.normal(one, (2 * KEPT + pause, HIDDEN))

        def states(params: dict, symbols: jax.Array) -> jax.Array:
            """``(batch, time, HIDDEN)``."""
            arriving = params["in"][symbols] + params["bias"]
            batch = len(symbols)
            if kind == "attention":
                h = arriving + params["place"]
                q, k, v = jnp.split(through(params["qkv"], h), 3, -1)
                scores = jnp.einsum("bqd,bkd->bqk", q, k) / jnp.sqrt(HIDDEN)
                before = jnp.tril(jnp.ones(scores.shape[1:], bool))
                h = h + jax.nn.softmax(jnp.where(before, scores, -1e9)) @ v
                return h + through(params["mix"], h)

            def on(carry: tuple, x: jax.Array) -> tuple:
                h, c = carry
                match kind:
                    case "rnn":
                        h = jnp.tanh(x + h @ params["across"])
                    case "lstm":
                        i, f, o, g = jnp.split(x + h @ params["across"], 4, -1)
                        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                        h = jax.nn.sigmoid(o) * jnp.tanh(c)
                    case "gru":
                        across = jnp.split(h @ params["across"], 3, -1)
                        r, z, n = jnp.split(x, 3, -1)
                        r, z = jax.nn.sigmoid(r + across[0]), jax.nn.sigmoid(z + across[1])
                        h = (1 - z) * jnp.tanh(n + r * across[2]) + z * h
                    case "ssm":
                        kept = jnp.exp(-jnp.exp(params["decay"]))
                        h = kept * h + (1 - kept) * x
                return (h, c), h

            zero = jnp.zeros((batch, HIDDEN))
            _, h = jax.lax.scan(on, (zero, zero), arriving.transpose(1, 0, 2))
            h = h.transpose(1, 0, 2)
            return h + through(params["mix"], h) if kind == "ssm" else h

        def logits(params: dict, symbols: jax.Array) -> jax.Array:
            return through(params["out"], states(params, symbols)[:, -KEPT:])

        def loss(params: dict, key: jax.Array) -> jax.Array:
            symbols, said = _problem(key, pause, 32)
            return surprise(logits(params, symbols), said)

        params = fit(loss, params, training, settings["steps"], rate)
        symbols, said = _problem(judging, pause, 500)
        found = logits(params, symbols)
        return {
            "recalled": 100 * jnp.mean(jnp.argmax(found, -1) == said),
            "loss": surprise(found, said),
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "rnn": "a plain recurrent layer, a short pause",
        "lstm": "LSTM, a short pause",
        "gru": "GRU, a short pause",
        "ssm": "a linear diagonal state space with an MLP behind it, a short pause",
        "attention": "one causal attention with learned places, a short pause",
        "rnn-long": "a plain recurrent layer, a pause four times as long",
        "lstm-long": "LSTM, the long pause",
        "gru-long": "GRU, the long pause",
        "ssm-long": "a linear diagonal state space, the long pause",
        "attention-long": "one causal attention, the long pause",
    },
    figures=(percent("recalled", "symbols recalled"), Metric("loss", "loss", "nats", "down")),
    make=make,
    settings={"pause": 20, "steps": 1000},
    smoke={"pause": 3, "steps": 4},
)
