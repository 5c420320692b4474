"""What a trial is, and what trials share: small problems, small networks, one optimizer.

A trial compares methods that no recipe of the trainer can express, such as learning from few examples or networks of
spikes. Each variant is a pure function of a key and a learning rate, compiled once for all seeds and rates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax

from train.tasks.base import Metric

#: From a key, which all variants share for a seed, and a learning rate to figures by name.
Run = Callable[[jax.Array, jax.Array], Mapping[str, Any]]


@dataclass(frozen=True)
class Series:
    """A curve: its name, what it shows with its unit, what lies along it, and where, given the sizes of the problem."""

    name: str
    label: str
    along: str
    at: Callable[[Mapping[str, Any]], Sequence[float]]
    logarithmic: bool = False


@dataclass(frozen=True)
class Trial:
    """Methods on one problem.

    ``variants`` are descriptions by name. ``make(variant, settings)`` gives its run, whose figures have the names of
    ``figures``, of which the first is judged, and may have ``params``. ``settings`` are the sizes of the problem,
    and ``smoke`` what is smaller in a smoke run. A run may give curves, too, by the names of ``series``, and under
    ``told`` arrays that ``tell`` makes a short text of, for a reader to see what was done; NaN in a curve is a gap.
    A run that is not ``compiled`` is called as it is, for what is no program of arrays, such as a search, and compiles
    what it can itself. A trial that needs a person's own copy of data has a ``load``, which reads it and raises
    :class:`train.config.schema.ConfigError` for one that is damaged; ``make`` finds what it gives, which has a
    ``digest``, as ``settings["data"]``.
    """

    variants: Mapping[str, str]
    figures: tuple[Metric, ...]
    make: Callable[[str, Mapping[str, Any]], Run]
    settings: Mapping[str, Any] = field(default_factory=dict)
    smoke: Mapping[str, Any] = field(default_factory=dict)
    series: tuple[Series, ...] = ()
    tell: Callable[[Any, Mapping[str, Any]], str] | None = None
    compiled: bool = True
    load: Callable[[Path], Any] | None = None


Params = Any


def dense(key: jax.Array, *widths: int) -> list[dict[str, jax.Array]]:
    """Weights of dense layers of these widths, drawn by He et al. 2015; biases are zero."""
    keys = jax.random.split(key, len(widths) - 1)
    return [
        {"kernel": jax.random.normal(one, (i, o)) * jnp.sqrt(2 / i), "bias": jnp.zeros(o)}
        for one, i, o in zip(keys, widths, widths[1:], strict=False)
    ]


def through(layers: list[dict[str, jax.Array]], x: jax.Array, act: Callable = jax.nn.relu) -> jax.Array:
    """``x`` through dense layers, with an activation between them."""
    for place, layer in enumerate(layers):
        x = jnp.matmul(x, layer["kernel"]) + layer["bias"]
        x = act(x) if place + 1 < len(layers) else x
    return x


def windows(x: jax.Array, side: int, stride: int = 1) -> jax.Array:
    """What lies under each window of ``x`` ``(n, height, width, channels)``: ``(n, rows, columns, side² · channels)``.

    A convolution is a product of it: XLA on CPU takes several times as long for small convolutions inside of loops.
    """
    rows, columns = (length - side + 1 for length in x.shape[1:3])
    shifted = [x[:, i : i + rows : stride, j : j + columns : stride] for i in range(side) for j in range(side)]
    return jnp.concatenate(shifted, -1)


def size(params: Params) -> int:
    """How many numbers are trained."""
    return sum(jnp.size(leaf) for leaf in jax.tree.leaves(params))


def fit(
    loss: Callable[[Params, jax.Array], jax.Array], params: Params, key: jax.Array, steps: int, rate: jax.Array | float
) -> Params:
    """``params`` after so many steps of Adam, whose rate falls to zero by half a cosine.

    ``loss(params, key)`` draws its own batch.
    """
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())

    def step(carry: tuple, at: tuple) -> tuple:
        params, state = carry
        number, key = at
        slope = jax.grad(loss)(params, key)
        moved, state = rule.update(slope, state, params)
        scale = rate * 0.5 * (1 + jnp.cos(jnp.pi * number / steps))
        return (jax.tree.map(lambda one, by: one - scale * by, params, moved), state), None

    drawn = (jnp.arange(steps), jax.random.split(key, steps))
    (params, _), _ = jax.lax.scan(step, (params, rule.init(params)), drawn)
    return params


def surprise(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Mean cross-entropy in nats."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def right(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Percent told right."""
    return 100 * jnp.mean(jnp.argmax(logits, -1) == labels)


def digits(key: jax.Array, held_out: int = 500) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]:
    """scikit-learn's 1,797 digits, ``(…, 64)`` from 0 to 1, with labels: for training, and as many as are ``held_out``.

    Which ones those are is drawn from ``key``.
    """
    from sklearn.datasets import load_digits

    found = load_digits()
    x, y = jnp.asarray(found.data / 16, jnp.float32), jnp.asarray(found.target)
    order = jax.random.permutation(key, len(y))
    x, y = x[order], y[order]
    return (x[held_out:], y[held_out:]), (x[:held_out], y[:held_out])


def some(key: jax.Array, count: int, *arrays: jax.Array) -> tuple[jax.Array, ...]:
    """``count`` rows of each array, the same of all, with repetition."""
    at = jax.random.randint(key, (count,), 0, len(arrays[0]))
    return tuple(array[at] for array in arrays)


def percent(name: str, label: str) -> Metric:
    """A share in percent, of which more is better."""
    return Metric(name, label, "%", "up")


def less(name: str, label: str, unit: str = "") -> Metric:
    """A figure of which less is better."""
    return Metric(name, label, unit, "down")
