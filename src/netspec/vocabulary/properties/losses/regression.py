"""What must hold of losses on numbers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary import losses
from netspec.vocabulary.cases import Case, apart, few, wrong
from netspec.vocabulary.programs import gradient, program
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _numbers(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return 2 * case.normal(*few(case)), case.normal(*few(case), seed=1)


def _mse_gradient(loss: Implementation, case: Case) -> float:
    y, t = _numbers(case)
    return apart(gradient(loss)(y, t), 2 * (y - t) / y.size)


def _bias_and_variance(loss: Implementation, case: Case) -> float:
    """Of a constant c it is (c − mean)² and the variance: so the mean is the best constant."""
    _, t = _numbers(case)
    return apart(program(loss)(np.full_like(t, 0.7), t), (0.7 - t.mean()) ** 2 + t.var())


def _mae_gradient(loss: Implementation, case: Case) -> float:
    y, t = _numbers(case)
    return apart(gradient(loss)(y, t), np.sign(y - t) / y.size)


def _median(loss: Implementation, case: Case) -> float:
    """No constant is better than the median, even with a target far off."""
    t = np.append(case.normal(6, seed=1), 1e3)
    value = [float(program(loss)(np.full_like(t, constant), t)) for constant in (np.median(t), t.mean(), *t)]
    return wrong(value[0] <= min(value) * (1 + 1e-12))


def _envelope(loss: Implementation, case: Case) -> float:
    """It is the least of ½ (e − u)² + δ |u| over u: what is left of an error when outliers u are allowed at a price.

    The least lies at u = sign(e) max(0, |e| − δ).
    """
    y, t = _numbers(case)
    e, delta = y - t, 0.7
    u = np.sign(e) * np.maximum(0, np.abs(e) - delta)
    return apart(program(loss)(y, t, delta), (e - u) ** 2 / 2 + delta * np.abs(u))


def _huber_slope(loss: Implementation, case: Case) -> float:
    y, t = _numbers(case)
    return apart(gradient(loss)(y, t, 0.7), np.clip(y - t, -0.7, 0.7))


def _smooth_slope(loss: Implementation, case: Case) -> float:
    y, t = _numbers(case)
    return apart(gradient(loss)(y, t, 0.7), np.clip((y - t) / 0.7, -1, 1))


def _pieces(loss: Implementation, case: Case) -> float:
    y, t = _numbers(case)
    e = np.abs(y - t)
    return apart(program(loss)(y, t, 0.7), np.where(e < 0.7, e**2 / 1.4, e - 0.35))


def _half_squares(y: jax.Array, t: jax.Array) -> jax.Array:
    return optax.l2_loss(y, t).mean()


def _root(y: jax.Array, t: jax.Array) -> jax.Array:
    return jnp.sqrt(losses.mse(y, t))


def _mean_of_huber(y: jax.Array, t: jax.Array) -> jax.Array:
    return losses.huber(y, t, 100.0).mean()


TERMS = (
    Term(
        "mse",
        losses.mse,
        (
            Property(
                "Its gradient is 2 (y − t) / N.",
                _mse_gradient,
                1e-12,
                (
                    Mistake("half of the square", _half_squares),
                    Mistake("the sum", lambda y, t: jnp.square(y - t).sum()),
                ),
            ),
            Property(
                "Of a constant it is its squared distance from the mean and the variance.",
                _bias_and_variance,
                1e-12,
                (Mistake("its root", _root), Mistake("half of the square", _half_squares)),
            ),
        ),
    ),
    Term(
        "mae",
        losses.mae,
        (
            Property(
                "Its gradient is sign(y − t) / N.",
                _mae_gradient,
                1e-12,
                (Mistake("the root of the mean square", _root),),
            ),
            Property(
                "No constant is better than the median.",
                _median,
                0.0,
                (Mistake("the root of the mean square", _root), Mistake("Huber's loss", _mean_of_huber)),
            ),
        ),
    ),
    Term(
        "huber",
        losses.huber,
        (
            Property(
                "It is the least of ½ (e − u)² + δ |u| over u.",
                _envelope,
                1e-12,
                (
                    Mistake("PyTorch's SmoothL1Loss, which is it divided by δ", losses.smooth_l1, line=3710),
                    Mistake(
                        "the two pieces not joined",
                        lambda y, t, d: jnp.where(abs(y - t) <= d, (y - t) ** 2 / 2, d * abs(y - t)),
                    ),
                ),
            ),
            Property(
                "Its derivative is the error, cut off at ±δ.",
                _huber_slope,
                1e-12,
                (
                    Mistake("divided by δ", losses.smooth_l1),
                    Mistake("the smooth log-cosh", lambda y, t, d: optax.losses.log_cosh(y, t)),
                ),
            ),
        ),
    ),
    Term(
        "smooth-l1",
        losses.smooth_l1,
        (
            Property(
                "It is e²/(2β) below β and |e| − β/2 from there.",
                _pieces,
                1e-12,
                (Mistake("Huber's loss", losses.huber),),
            ),
            Property(
                "Its derivative is e/β, cut off at ±1.",
                _smooth_slope,
                1e-12,
                (
                    Mistake("Huber's loss", losses.huber),
                    Mistake("β left out", lambda y, t, beta: losses.smooth_l1(y, t, 1.0)),
                ),
            ),
        ),
    ),
)
