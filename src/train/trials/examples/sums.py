"""Sums such as (15 + 23) × 2 − 10, three operations from left to right, and an exact check of each result."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from train.trials.examples.steps import Layout, digits, number

PLUS, TIMES, MINUS = OPERATIONS = (10, 11, 12)
LAYOUT = Layout(question=11, width=3, steps=3, symbols=13)
#: No result of a question is larger.
LARGEST = 99
#: Operands of plus and minus, and factors, up to these but one.
OPERANDS, FACTORS = 26, 4


def asked(key: jax.Array, count: int) -> jax.Array:
    """Questions [count, 11]: two digits, then three times an operation and two digits."""
    start, *keys = jax.random.split(key, 1 + LAYOUT.steps)
    value = jax.random.randint(start, (count,), 1, OPERANDS)
    parts = [digits(value, 2)]
    for each in keys:
        which, what, times = jax.random.split(each, 3)
        by, factor = jax.random.randint(what, (count,), 1, OPERANDS), jax.random.randint(times, (count,), 2, FACTORS)
        wanted = jax.random.choice(which, jnp.array(OPERATIONS), (count,))
        wanted = jnp.where((wanted == TIMES) & (value * factor > LARGEST), MINUS, wanted)
        wanted = jnp.where((wanted == MINUS) & (value < by), PLUS, wanted)
        wanted = jnp.where((wanted == PLUS) & (value + by > LARGEST), MINUS, wanted)
        operand = jnp.where(wanted == TIMES, factor, by)
        value = result(value, wanted, operand)
        parts += [wanted[:, None], digits(operand, 2)]
    return jnp.concatenate(parts, -1)


def result(value: jax.Array, operation: jax.Array, operand: jax.Array) -> jax.Array:
    """What the operation makes."""
    return jnp.select([operation == PLUS, operation == TIMES], [value + operand, value * operand], value - operand)


def operation(tokens: jax.Array, step: int) -> tuple[jax.Array, jax.Array]:
    """The operation of a step, and its operand."""
    at = 2 + 3 * step
    return tokens[:, at], number(tokens[:, at + 1 : at + 3])


def solutions(key: jax.Array, count: int, *, planted: bool = False) -> jax.Array:
    """Written solutions [count, length]; ``planted``, half have a result that is off by 1, 2 or 10."""
    ask, where, size, how = jax.random.split(key, 4)
    question = asked(ask, count)
    at = jax.random.randint(where, (count,), 0, LAYOUT.steps)
    off = jax.random.choice(size, jnp.array([-10, -2, -1, 1, 2, 10]), (count,))
    off = off * jax.random.bernoulli(how, 0.5, (count,)) * planted
    value, parts = number(question[:, :2]), [question]
    for step in range(LAYOUT.steps):
        value = result(value, *operation(question, step))
        value = jnp.abs(value + off * (at == step))
        parts.append(digits(value, 3))
    return jnp.concatenate(parts, -1)


def results(tokens: jax.Array) -> list[jax.Array]:
    """The first number and what is written at each step, −1 where it is no number."""
    places = [LAYOUT.place(step) for step in range(LAYOUT.steps)]
    return [number(tokens[:, :2]), *(number(tokens[:, at : at + 3]) for at in places)]


def wrong(tokens: jax.Array) -> jax.Array:
    """Of each step [batch, steps] whether its result is not what the operation makes of the one before."""
    found = results(tokens)
    return jnp.stack(
        [found[step + 1] != result(found[step], *operation(tokens, step)) for step in range(LAYOUT.steps)], -1
    ) | jnp.stack([one < 0 for one in found[1:]], -1)


def answers(tokens: jax.Array) -> jax.Array:
    """What is written last [batch]."""
    return results(tokens)[-1]


def right(tokens: jax.Array) -> jax.Array:
    """What comes out of the questions [batch]."""
    value = number(tokens[:, :2])
    for step in range(LAYOUT.steps):
        value = result(value, *operation(tokens, step))
    return value


def shown(row: np.ndarray) -> str:
    """A solution to be read, as ``15 + 23 = 38, × 2 = 76, − 10 = 66``."""
    tokens = jnp.asarray(row)[None]
    found = [int(one[0]) for one in results(tokens)]
    told = []
    for step in range(LAYOUT.steps):
        sign, operand = (int(one[0]) for one in operation(tokens, step))
        told.append(f"{'+×−'[sign - PLUS]} {operand} = {found[step + 1]}")
    return f"{found[0]} {', '.join(told)}"
