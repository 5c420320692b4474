"""Equations a x + b = c in digits, solved by moves of which one is wrong, and an exact check of each step."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from train.trials.examples.steps import Layout, digits, number

#: Symbols of moves: subtract b from both sides, divide all by a, try a value, divide c alone; or nothing is left to do.
SUBTRACT, DIVIDE, TRY, WRONG, DONE = MOVES = (10, 11, 12, 13, 14)
LAYOUT = Layout(question=6, width=7, steps=2, symbols=15)
SHOWN = {SUBTRACT: "subtract", DIVIDE: "divide", TRY: "try", WRONG: "divide c alone", DONE: "done"}
#: How often each of the first four is the first move of the solutions that are learned, if it can be.
OFTEN = (0.5, 0.2, 0.15, 0.15)


class Equation(NamedTuple):
    """a x + b = c, whole numbers of any shape."""

    a: jax.Array
    b: jax.Array
    c: jax.Array


def every() -> np.ndarray:
    """All questions: a, b and x [questions, 3]."""
    grid = np.meshgrid(np.arange(2, 10), np.arange(1, 26), np.arange(1, 13), indexing="ij")
    return np.stack(grid, -1).reshape(-1, 3)


def asked(rows: jax.Array) -> Equation:
    """The equations of rows a, b, x."""
    a, b, x = rows.T
    return Equation(a, b, a * x + b)


def spelled(equation: Equation) -> jax.Array:
    """Its six digits."""
    return jnp.concatenate([digits(equation.a, 1), digits(equation.b, 2), digits(equation.c, 3)], -1)


def read(symbols: jax.Array) -> Equation:
    """The equation of six symbols, with −1 for what is no number."""
    return Equation(number(symbols[..., :1]), number(symbols[..., 1:3]), number(symbols[..., 3:]))


def moved(equation: Equation, move: jax.Array) -> Equation:
    """The equation after a move; :data:`TRY` tries what is right."""
    a, b, c = equation
    one, zero = jnp.ones_like(a), jnp.zeros_like(b)
    cases = [move == each for each in MOVES[:4]]
    return Equation(
        jnp.select(cases, [a, one, one, one], a),
        jnp.select(cases, [zero, b // a, zero, zero], b),
        jnp.select(cases, [jnp.maximum(c - b, 0), c // a, jnp.maximum(c - b, 0) // a, c // a], c),
    )


def solved(equation: Equation) -> jax.Array:
    """Whether nothing is left but x = c."""
    return (equation.a == 1) & (equation.b == 0)


def follows(before: Equation, after: Equation) -> jax.Array:
    """Whether the second has the solution of the first, exactly."""
    whole = (after.a >= 1) & (after.b >= 0) & (after.c >= 0) & (before.a >= 1) & (before.b >= 0) & (before.c >= 0)
    return whole & (after.a * (before.c - before.b) + after.b * before.a == after.c * before.a)


def solutions(key: jax.Array, rows: jax.Array, *, wrong: bool = False, planted: bool = False) -> jax.Array:
    """Written solutions [batch, length] of questions a, b, x.

    With ``wrong`` some divide c alone, as those do that are learned. With ``planted`` half have an error: c is off by
    1, 2 or 10 at either step, or c alone is divided.
    """
    first, second, kind, size = jax.random.split(key, 4)
    start = asked(rows)
    usual = jnp.log(jnp.array(OFTEN)) + jnp.where(jnp.array([True, True, True, wrong]), 0, -jnp.inf)
    can = jnp.stack([start.a > 0, start.b % start.a == 0, start.a > 0, start.a > 0], -1)
    one = jnp.array(MOVES)[jax.random.categorical(first, jnp.where(can, usual, -jnp.inf))]
    error = jax.random.categorical(kind, jnp.log(jnp.array([0.5, 0.2, 0.2, 0.1])), shape=one.shape) * planted
    off = jax.random.choice(size, jnp.array([-10, -2, -1, 1, 2, 10]), one.shape)
    one = jnp.where(error == 3, WRONG, one)
    middle = moved(start, one)
    middle = middle._replace(c=jnp.abs(middle.c + off * (error == 1)))
    tries = jax.random.bernoulli(second, 0.15, one.shape)
    two = jnp.where(solved(middle), DONE, jnp.where(tries, TRY, jnp.where(middle.b == 0, DIVIDE, SUBTRACT)))
    end = moved(middle, two)
    end = end._replace(c=jnp.abs(end.c + off * (error == 2) * (two != DONE)))
    return jnp.concatenate([spelled(start), one[:, None], spelled(middle), two[:, None], spelled(end)], -1)


def chain(tokens: jax.Array) -> tuple[Equation, Equation, Equation]:
    """Question and both steps of written solutions."""
    return read(tokens[:, :6]), read(tokens[:, 7:13]), read(tokens[:, 14:20])


def wrong(tokens: jax.Array) -> jax.Array:
    """Of each step [batch, steps] whether it does not follow from the one before."""
    start, middle, end = chain(tokens)
    return ~jnp.stack([follows(start, middle), follows(middle, end)], -1)


def counted(tokens: jax.Array) -> jax.Array:
    """Of each step [batch, steps] whether there was something left to do."""
    _, middle, _ = chain(tokens)
    return jnp.stack([jnp.ones(len(tokens), bool), ~solved(middle)], -1)


def answers(tokens: jax.Array) -> jax.Array:
    """x of written solutions [batch], −1 where they do not end in one."""
    _, middle, end = chain(tokens)
    first = solved(middle)
    return jnp.where(first, middle.c, jnp.where(solved(end), end.c, -1))


def shown(equation: tuple) -> str:
    """An equation to be read."""
    a, b, c = map(int, equation)
    left = "x" if a == 1 else f"{a}x"
    return f"{left} = {c}" if b == 0 else f"{left} + {b} = {c}"
