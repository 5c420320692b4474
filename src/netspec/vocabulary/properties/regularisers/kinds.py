"""What must hold of what drops in a way of its own: for SELU, of weights, of branches, of squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.modules.stochastic_depth import StochasticDepth
from netspec.vocabulary import regularisers
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.activations.rectifiers import PRINTED_ALPHA
from netspec.vocabulary.properties.regularisers.noise import (
    DRAWS,
    RATE,
    SHARE,
    drops,
    each_element,
    evaluates,
    noise,
    share,
    whole,
)
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: Maps for DropBlock, its blocks and its rate: what they cover varies by 0.2 from map to map, by 0.0045 in the mean.
MAPS, BLOCK, BLOCK_RATE = (2000, 6, 5, 1), 3, 0.1


def _alpha_moments(alpha_dropout: Implementation, case: Case) -> float:
    """Mean and variance that inputs of mean 0 and variance 1 get, from what is done to a kept and to a dropped one."""
    zeros, ones = (np.asarray(alpha_dropout(np.full((100, 100), value), RATE, case.key)) for value in (0.0, 1.0))
    kept = ones != zeros
    scale, shift, dropped = (ones - zeros)[kept], zeros[kept], zeros[~kept]
    if not 0 < kept.mean() < 1 or max(np.ptp(scale), np.ptp(shift), np.ptp(dropped)) > 1e-12:
        return 1.0
    mean = (1 - RATE) * shift[0] + RATE * dropped[0]
    square = (1 - RATE) * (scale[0] ** 2 + shift[0] ** 2) + RATE * dropped[0] ** 2
    return max(abs(mean), abs(square - mean**2 - 1))


def _alpha_saturated(alpha_dropout: Implementation, case: Case) -> float:
    """A unit that is saturated cannot be told from one that is dropped; and evaluation changes nothing."""
    saturated = np.full((100, 100), float(jax.nn.selu(-700.0)))
    y, x = np.asarray(alpha_dropout(saturated, RATE, case.key)), case.normal(5)
    return max(float(np.ptp(y)), evaluates(alpha_dropout, x))


def _connections(dropconnect: Implementation, case: Case) -> float:
    """Ones times 1, 2, 4 and 8: the binary digits of what leaves say which weights are there, unit by unit."""
    kernel = np.repeat(2.0 ** np.arange(4), 3).reshape(4, 3)
    y = np.asarray(dropconnect(np.ones((DRAWS, 4)), kernel, RATE, case.key))
    found = y.astype(int)
    digits = found[..., None] >> np.arange(4) & 1
    own = not (found == found[:1]).all() and not (found == found[:, :1]).all() and len(np.unique(found)) == 16
    return max(wrong(own), apart(y, found), float(np.abs(digits.mean(0) - (1 - RATE)).max() > 1.25 * SHARE))


def _connections_mean(dropconnect: Implementation, case: Case) -> float:
    """Many examples alike; their mean in deviations of it."""
    x, kernel = case.normal(1, 4), case.normal(4, 3, seed=1)
    evaluated = np.asarray(dropconnect(x, kernel, RATE, deterministic=True))
    y = np.asarray(dropconnect(np.broadcast_to(x, (DRAWS, 4)), kernel, RATE, case.key))
    deviation = np.sqrt(RATE * (1 - RATE) * (x**2 @ kernel**2) / DRAWS)
    return max(
        float((np.abs(y.mean(0) - evaluated) / deviation).max()), 1e9 * apart(evaluated, (1 - RATE) * x @ kernel)
    )


def _depth(implementation: Implementation, case: Case) -> Any:
    end = implementation(nnx.Rngs(dropout=case.seed))
    end.rate = RATE
    return end


def _branches(stochastic_depth: Implementation, case: Case) -> float:
    end, x = _depth(stochastic_depth, case), case.normal(DRAWS, 2) + 9
    in_training = whole(end(jnp.asarray(x)), x, (1,))
    end.eval()
    return max(in_training, apart(end(jnp.asarray(x)), x))


def _branches_share(stochastic_depth: Implementation, case: Case) -> float:
    end = _depth(stochastic_depth, case)
    return share((DRAWS, 2))(lambda x, rate, key: end(jnp.asarray(x)), case)


def _blocks(dropblock: Implementation, case: Case) -> float:
    """What is zero is made of squares of zeros; the rest is scaled alike, so that the mean of ones stays one."""
    y = np.asarray(dropblock(np.ones(MAPS), BLOCK_RATE, BLOCK, case.key))[..., 0]
    zero = y == 0
    squares = np.asarray(np.lib.stride_tricks.sliding_window_view(zero, (BLOCK, BLOCK), (1, 2)).all((-2, -1)))
    of_squares = np.array_equal(_spread(squares), zero) and 0 < zero.mean() < 1
    return max(wrong(of_squares), float(np.ptp(y[~zero])), abs(float(y.mean()) - 1))


def _blocks_share(dropblock: Implementation, case: Case) -> float:
    """The share that squares drawn with rate γ cover: a position under n of them is free with probability (1 − γ)ⁿ."""
    y = np.asarray(dropblock(np.ones(MAPS), BLOCK_RATE, BLOCK, case.key))
    _, height, width, _ = MAPS
    rows, columns = height - BLOCK + 1, width - BLOCK + 1
    gamma = BLOCK_RATE / BLOCK**2 * height * width / (rows * columns)
    over = np.outer(*(np.convolve(np.ones(places), np.ones(BLOCK)) for places in (rows, columns)))
    return float(abs((y == 0).mean() - (1 - (1 - gamma) ** over).mean()))


def _spread(corners: np.ndarray) -> np.ndarray:
    """The positions under squares, from where their upper left corners are."""
    _, rows, columns = corners.shape
    covered = np.zeros((len(corners), rows + BLOCK - 1, columns + BLOCK - 1), bool)
    for down in range(BLOCK):
        for across in range(BLOCK):
            covered[:, down : down + rows, across : across + columns] |= corners
    return covered


def _alpha(dropped: float, scaled: bool = True, shifted: bool = True) -> Implementation:
    """Alpha dropout to another value, without its scale or its shift."""

    def drop(x: np.ndarray, rate: float, key: Any = None, *, deterministic: bool = False) -> np.ndarray:
        if deterministic:
            return x
        q = 1 - rate
        a = (q + dropped**2 * q * rate) ** -0.5 if scaled else 1.0
        return a * np.where(noise(key, x.shape, q), x, dropped) - (a * rate * dropped if shifted else 0)

    return drop


def _connects(drop: Callable[..., np.ndarray], evaluation: float = 1 - RATE) -> Implementation:
    """Dropping something else than weights, or counting them otherwise in evaluation."""

    def layer(x: np.ndarray, kernel: np.ndarray, rate: float, key: Any = None, *, deterministic: bool = False) -> Any:
        return evaluation * x @ kernel if deterministic else drop(x, kernel, rate, key)

    return layer


def _units(x: np.ndarray, kernel: np.ndarray, rate: float, key: Any) -> np.ndarray:
    return (x @ kernel) * noise(key, (len(x), kernel.shape[1]), 1 - rate)


def _inputs(x: np.ndarray, kernel: np.ndarray, rate: float, key: Any) -> np.ndarray:
    return (x * noise(key, x.shape, 1 - rate)) @ kernel


def _one_mask(x: np.ndarray, kernel: np.ndarray, rate: float, key: Any) -> np.ndarray:
    return x @ (kernel * noise(key, kernel.shape, 1 - rate))


def _masks(x: np.ndarray, kernel: np.ndarray, rate: float, key: Any) -> np.ndarray:
    return np.einsum("...i,...io->...o", x, kernel * noise(key, (*x.shape[:-1], *kernel.shape), 1 - rate))


class _Elements(StochasticDepth):
    """Drops single elements."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return x if self.deterministic else drops(each_element)(np.asarray(x), self.rate, self.rngs())


class _Survives(StochasticDepth):
    """Is not scaled while training."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return x if self.deterministic else (1 - self.rate) * super().__call__(x)


class _Together(StochasticDepth):
    """Drops the branch for the whole batch."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return x if self.deterministic else x * super().__call__(jnp.ones((1,) * x.ndim))


def _masks_of(seeds: Callable[[jax.Array, tuple[int, ...], float], np.ndarray], scaled: bool = True) -> Implementation:
    """DropBlock with other squares, which ``seeds`` gives for ``(maps, height, width)``, or not scaled."""

    def drop(x: np.ndarray, rate: float, block: int, key: jax.Array) -> np.ndarray:
        left = ~seeds(key, x.shape[:3], rate)[..., None]
        return x * left * (left.size / left.sum() if scaled else 1)

    return drop


def _inside(factor: float) -> Callable[[jax.Array, tuple[int, ...], float], np.ndarray]:
    """Squares inside of the map, at the rate of the paper times ``factor``."""

    def seeds(key: jax.Array, shape: tuple[int, ...], rate: float) -> np.ndarray:
        maps, rows, columns = shape[0], shape[1] - BLOCK + 1, shape[2] - BLOCK + 1
        gamma = factor * rate / BLOCK**2 * shape[1] * shape[2] / (rows * columns)
        return _spread(noise(key, (maps, rows, columns), gamma))

    return seeds


def _anywhere(key: jax.Array, shape: tuple[int, ...], rate: float) -> np.ndarray:
    """Squares around any position, of which the border leaves a part."""
    around = _spread(noise(key, shape, rate / BLOCK**2))
    return around[:, 1:-1, 1:-1]


def _single(key: jax.Array, shape: tuple[int, ...], rate: float) -> np.ndarray:
    return noise(key, shape, rate)


TERMS = (
    Term(
        "alpha-dropout",
        regularisers.alpha_dropout,
        (
            Property(
                "Inputs of mean 0 and variance 1 leave with both, by what becomes of kept and dropped ones.",
                _alpha_moments,
                1e-12,
                (
                    Mistake("dropped to zero, rescaled", drops(each_element)),
                    Mistake("no shift", _alpha(-1.7581, shifted=False)),
                    Mistake("no scale", _alpha(-1.7581, scaled=False)),
                ),
            ),
            Property(
                "A unit that SELU has saturated is not changed by being dropped, and nothing is in evaluation.",
                _alpha_saturated,
                1e-12,
                (
                    Mistake("dropped to −α", _alpha(-PRINTED_ALPHA)),
                    Mistake("dropped to +λα", _alpha(1.7580993408473766)),
                    Mistake("dropped to zero, rescaled", drops(each_element)),
                ),
            ),
        ),
    ),
    Term(
        "dropconnect",
        regularisers.dropconnect,
        (
            Property(
                "Single weights are missing, for each example others, and the rest is as it was.",
                _connections,
                1e-12,
                (
                    Mistake("units", _connects(_units)),
                    Mistake("inputs", _connects(_inputs)),
                    Mistake("the same weights for all examples", _connects(_one_mask)),
                ),
            ),
            Property(
                "Evaluation is (1 − p)·xW, the mean over 10,000 masks, within 4.5 of its deviations.",
                _connections_mean,
                4.5,
                (
                    Mistake("all of the weights in evaluation", _connects(_masks, 1.0)),
                    Mistake("scaled up in training", _connects(lambda *given: _masks(*given) / (1 - RATE))),
                ),
            ),
        ),
    ),
    Term(
        "stochastic-depth",
        StochasticDepth,
        (
            Property(
                "A branch is zero for an example as a whole or divided by 1 − p; in evaluation it stays.",
                _branches,
                1e-12,
                (
                    Mistake("single elements", _Elements),
                    Mistake("no rescaling", _Survives),
                    Mistake("the whole batch at once", _Together),
                ),
            ),
            Property(
                "Of 10,000 examples a share of p is dropped, and the mean stays, within four deviations.",
                _branches_share,
                SHARE,
                (Mistake("no rescaling", _Survives), Mistake("the whole batch at once", _Together)),
            ),
        ),
    ),
    Term(
        "dropblock",
        regularisers.dropblock,
        (
            Property(
                "What is dropped are whole squares inside of the map, and the mean of what is left is restored.",
                _blocks,
                1e-12,
                (
                    Mistake("single positions", _masks_of(_single)),
                    Mistake("squares that the border cuts", _masks_of(_anywhere)),
                    Mistake("no rescaling", _masks_of(_inside(1.0), scaled=False)),
                ),
            ),
            Property(
                "Of 2,000 maps the share is dropped that squares with the rate γ cover, within four deviations.",
                _blocks_share,
                0.02,
                (
                    Mistake("γ = p / b², without what the border takes", _masks_of(_inside(12 / 30))),
                    Mistake("γ = p", _masks_of(_inside(9 * 12 / 30))),
                ),
            ),
        ),
    ),
)
