"""Associative recall: pairs of a key and a value, then keys alone, by one layer that mixes tokens and what replaces it.

A pair is one token, so that a single layer can do it, and every mixing stands in the same place: tokens through an MLP,
the mixing beside a way around it, an MLP. What differs is how a layer remembers: a state of fixed size, a table that is
written to, or all tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.modules.attention import attend
from netspec.modules.mamba_block import selective_scan
from netspec.vocabulary.associative.memories import memory_access
from netspec.vocabulary.attention import retention, wkv
from netspec.vocabulary.convolutions import hyena, long_conv
from netspec.vocabulary.recurrent import Weights, lstm
from train.trials.base import Metric, Run, Series, Trial, dense, fit, percent, size, surprise, through

KEYS, VALUES, ASKED = 32, 8, 8
#: How many pairs are to be remembered; the last number is beyond those of training.
PAIRS = (2, 4, 8, 16, 24)
TRAINED = 16
#: Width of all layers, states of a channel, rows of a table, and heads.
WIDTH, STATES, ROWS, HEADS = 32, 8, 24, 2


def pairs(key: jax.Array, count: int, longest: int, shown: jax.Array | int) -> tuple[jax.Array, ...]:
    """Keys and values of tokens, both ``(count, longest + ASKED)``, and values asked for, ``(count, ASKED)``.

    The first ``longest - shown`` tokens are blank, of key ``KEYS``. Then come ``shown`` pairs of keys that differ, and
    keys of these, drawn with repetition, whose values are blank, ``VALUES``.
    """
    order, value, which = jax.random.split(key, 3)
    ones = jax.vmap(lambda key: jax.random.permutation(key, KEYS)[:longest])(jax.random.split(order, count))
    values = jax.random.randint(value, (count, longest), 0, VALUES)
    asked = longest - 1 - jax.random.randint(which, (count, ASKED), 0, shown)
    there = jnp.arange(longest) >= longest - shown
    wanted = jnp.take_along_axis(values, asked, 1)
    keys = jnp.concatenate([jnp.where(there, ones, KEYS), jnp.take_along_axis(ones, asked, 1)], 1)
    blank = jnp.full((count, ASKED), VALUES)
    return keys, jnp.concatenate([jnp.where(there, values, VALUES), blank], 1), wanted


def drawn(variant: str, key: jax.Array) -> dict[str, Any]:
    """Weights of a mixing."""
    one, two, three, four = jax.random.split(key, 4)

    def flat(key: jax.Array, out: int, width: int = WIDTH) -> jax.Array:
        return jax.random.normal(key, (width, out)) / jnp.sqrt(width)

    match variant:
        case "lstm":
            across = jax.random.orthogonal(two, WIDTH, (4,)).transpose(1, 0, 2).reshape(WIDTH, -1)
            bias = jnp.zeros(4 * WIDTH).at[WIDTH : 2 * WIDTH].set(1.0)
            return {"cell": Weights(flat(one, 4 * WIDTH), across, bias)}
        case "attention" | "retention":
            return {"inner": flat(one, 4 * WIDTH), "outer": flat(two, WIDTH)}
        case "s4":  # S4D-real: a system of real decays for every channel (Gu et al. 2022b)
            decay = jnp.log(jnp.tile(jnp.arange(1.0, STATES + 1), (WIDTH, 1)))
            step = jax.random.uniform(three, (WIDTH,), minval=jnp.log(1e-3), maxval=jnp.log(1e-1))
            return {
                "decay": decay, "step": step, "read": jax.random.normal(one, (WIDTH, STATES)), "skip": jnp.ones(WIDTH),
                "inner": flat(four, 2 * WIDTH), "outer": flat(two, WIDTH),
            }  # fmt: skip
        case "mamba":
            return {
                "inner": flat(one, 2 * WIDTH), "outer": flat(two, WIDTH),
                "select": flat(three, 2 * STATES), "pace": flat(four, WIDTH) / 4, "bias": jnp.full(WIDTH, -2.0),
                "decay": jnp.log(jnp.tile(jnp.arange(1.0, STATES + 1), (WIDTH, 1))), "skip": jnp.ones(WIDTH),
            }  # fmt: skip
        case "rwkv":
            return {
                "inner": flat(one, 3 * WIDTH), "outer": flat(two, WIDTH),
                "decay": jnp.linspace(-6.0, 0.0, WIDTH), "bonus": jnp.zeros(WIDTH),
            }  # fmt: skip
        case "hyena":  # two filters of order, each made of waves of the place and a window that fades
            return {
                "inner": flat(one, 3 * WIDTH), "outer": flat(two, WIDTH),
                "filters": dense(three, 9, 16, 2 * WIDTH), "fade": jnp.linspace(-5.0, 0.0, 2 * WIDTH),
            }  # fmt: skip
        case "table":  # key, erase and add of WIDTH each, a strength, and a table that starts somewhere
            return {
                "inner": flat(one, 3 * WIDTH + 1), "outer": flat(two, WIDTH),
                "rows": 0.3 * jax.random.normal(three, (ROWS, WIDTH)),
            }  # fmt: skip
    return {}


def mixed(variant: str, params: dict[str, Any], x: jax.Array) -> jax.Array:
    """``(batch, tokens, WIDTH)``: what each token hears of itself and of those before it."""
    batch, tokens, _ = x.shape

    def heads(one: jax.Array) -> jax.Array:
        return one.reshape(batch, tokens, HEADS, -1)

    match variant:
        case "lstm":
            zero = jnp.zeros((batch, WIDTH))
            return lstm(x, (zero, zero), params["cell"])[1]
        case "attention" | "retention":
            query, key, value, gate = jnp.split(x @ params["inner"], 4, -1)
            query, key, value = heads(query), heads(key), heads(value)
            if variant == "attention":
                found = attend(query, key, value, is_causal=True)
            else:
                decay = 1 - 2.0 ** (-5 - jnp.arange(HEADS))
                found = _even(retention(query, key / jnp.sqrt(WIDTH / HEADS), value, decay))
            return (found.reshape(x.shape) * jax.nn.silu(gate)) @ params["outer"]
        case "s4":
            u, gate = jnp.split(x @ params["inner"], 2, -1)
            rate = -jnp.exp(params["step"])[:, None] * jnp.exp(params["decay"])
            weight = params["read"] * jnp.expm1(rate) / rate * jnp.exp(params["step"])[:, None]
            taps = jnp.einsum("cn,tcn->tc", weight, jnp.exp(rate * jnp.arange(tokens)[:, None, None]))
            return ((long_conv(u, taps) + params["skip"] * u) * jax.nn.silu(gate)) @ params["outer"]
        case "mamba":
            u, gate = jnp.split(x @ params["inner"], 2, -1)
            write, read = jnp.split(u @ params["select"], 2, -1)
            pace = jax.nn.softplus(u @ params["pace"] + params["bias"])
            found = selective_scan(u, pace, -jnp.exp(params["decay"]), write, read) + params["skip"] * u
            return (found * jax.nn.silu(gate)) @ params["outer"]
        case "rwkv":
            receive, key, value = jnp.split(x @ params["inner"], 3, -1)
            found = wkv(key, value, jnp.exp(params["decay"]), params["bonus"])
            return (jax.nn.sigmoid(receive) * found) @ params["outer"]
        case "hyena":
            first, second, value = jnp.split(x @ params["inner"], 3, -1)
            time = jnp.arange(tokens)[:, None] / 16
            waves = jnp.concatenate([time, *(wave(time * 2**k) for k in range(4) for wave in (jnp.sin, jnp.cos))], -1)
            taps = through(params["filters"], waves, jnp.sin) * jnp.exp(-jnp.exp(params["fade"]) * 16 * time)
            return hyena(value, [first, second], jnp.split(taps, 2, -1)) @ params["outer"]
        case "table":
            key, erase, add, strength = jnp.split(x @ params["inner"], (WIDTH, 2 * WIDTH, 3 * WIDTH), -1)
            given = key, jax.nn.softplus(strength[..., 0]) * 8, jax.nn.sigmoid(erase), add

            def step(rows: jax.Array, given: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
                found = jax.vmap(memory_access)(rows, *given)
                return found.memory, found.read

            rows = jnp.broadcast_to(params["rows"], (batch, ROWS, WIDTH))
            read = jax.lax.scan(step, rows, jax.tree.map(lambda one: jnp.swapaxes(one, 0, 1), given))[1]
            return jnp.swapaxes(read, 0, 1) @ params["outer"]
    return jnp.zeros_like(x)


def _even(x: jax.Array) -> jax.Array:
    """Each head at a mean square of one, without trained numbers, as RetNet has behind its heads."""
    return x * jax.lax.rsqrt(jnp.mean(x**2, -1, keepdims=True) + 1e-6)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on 1 to :data:`TRAINED` pairs at once, judged at each number of :data:`PAIRS`."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        start, training, judging = jax.random.split(key, 3)
        one, two, three, four, five = jax.random.split(start, 5)
        mixing = drawn(variant, five)
        # What a mixing lacks in parameters its last MLP has, so that all variants are of one size.
        behind = max(1, (settings["parameters"] - size(mixing)) // (2 * WIDTH + 1))
        params = {
            "key": jax.random.normal(one, (KEYS + 1, WIDTH)),
            "value": jax.random.normal(two, (VALUES + 1, WIDTH)),
            "read": dense(three, WIDTH, WIDTH, WIDTH),
            "mixing": mixing,
            "behind": dense(four, WIDTH, behind, WIDTH),
            "out": dense(two, WIDTH, VALUES),
        }

        def logits(params: dict, keys: jax.Array, values: jax.Array) -> jax.Array:
            x = params["key"][keys] + params["value"][values]
            x = _even(x + through(params["read"], x))
            x = x + mixed(variant, params["mixing"], x)
            x = x + through(params["behind"], _even(x))
            return through(params["out"], _even(x)[:, -ASKED:])

        def loss(params: dict, key: jax.Array) -> jax.Array:
            many, which = jax.random.split(key)
            shown = jax.random.randint(many, (), 1, TRAINED + 1)
            keys, values, wanted = pairs(which, settings["batch"], PAIRS[-1], shown)
            return surprise(logits(params, keys, values), wanted)

        params = fit(loss, params, training, settings["steps"], rate)

        def recalled(shown: jax.Array) -> tuple[jax.Array, jax.Array]:
            keys, values, wanted = pairs(judging, settings["judged"], PAIRS[-1], shown)
            found = logits(params, keys, values)
            return 100 * jnp.mean(jnp.argmax(found, -1) == wanted), surprise(found, wanted)

        curve, losses = jax.lax.map(recalled, jnp.asarray(PAIRS))
        return {
            "recalled": curve[PAIRS.index(TRAINED)],
            "beyond": curve[-1],
            "few": curve[1],
            "loss": losses[PAIRS.index(TRAINED)],
            "params": size(params),
            "by_pairs": curve,
        }

    return run


TRIAL = Trial(
    variants={
        "none": "no mixing: a token knows no other",
        "lstm": "LSTM",
        "attention": "causal attention, two heads, gated",
        "table": "a table read and written by likeness, the head of a neural Turing machine",
        "s4": "a diagonal state space, gated",
        "mamba": "a selective state space, gated",
        "retention": "attention without softmax that decays, two heads, gated",
        "rwkv": "means whose weights grow with keys and fade, gated",
        "hyena": "two long convolutions, each followed by a gate",
    },
    figures=(
        percent("recalled", f"values recalled of {TRAINED} pairs"),
        percent("beyond", f"values recalled of {PAIRS[-1]} pairs, more than in training"),
        percent("few", f"values recalled of {PAIRS[1]} pairs"),
        Metric("loss", f"loss at {TRAINED} pairs", "nats", "down"),
    ),
    make=make,
    settings={"batch": 32, "steps": 1000, "judged": 200, "parameters": 12000},
    smoke={"batch": 4, "steps": 2, "judged": 4},
    series=(Series("by_pairs", "values recalled (%)", "pairs to remember", lambda settings: PAIRS),),
)
