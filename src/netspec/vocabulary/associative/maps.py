"""Maps that arrange themselves: Kohonen's, one in six dimensions, and one that grows."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse.csgraph import connected_components

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def som_update(
    weights: jax.Array, positions: jax.Array, x: jax.Array, rate: float | jax.Array, sigma: float | jax.Array
) -> jax.Array:
    """Spread a grid of units over data so that neighbours on the grid stand for similar data.

    The unit nearest to an example wins. It moves towards the example, and its neighbours on the grid move with it, the
    less the farther they are. So the grid unfolds over the data, and the picture of the grid shows them.

    Formula: b = argmin_i ‖x − w_i‖; h_i = exp(−‖r_i − r_b‖² / (2 σ²)); w_i ← w_i + α h_i (x − w_i)
    Shapes: weights (units, features); positions r (units, axes) on the grid; x (features,); the result as weights.
    Parameters: units · features.
    Cost: 2 · units · features multiply-adds an example.
    Training: rate and sigma shrink as it goes on; evaluation only looks for the winner.
    Caveats: sigma is a distance on the grid, not among data. Without neighbours (sigma near 0) it is k-means, one
        example at a time.
    Raises: VocabularyError for shapes that do not fit, a rate outside 0 to 1 and a sigma not above 0.
    Source: Kohonen 1982; Kohonen 2001, sec. 3.1; vocabulary line 4934.

    >>> line = jax.numpy.arange(3.0)[:, None]
    >>> moved = som_update(jax.numpy.zeros((3, 1)), line, jax.numpy.ones(1), rate=0.5, sigma=1.0)
    >>> [round(float(weight), 4) for weight in moved[:, 0]]
    [0.5, 0.3033, 0.0677]
    """
    expect.axes(weights=(weights, "units features"), positions=(positions, "units axes"), x=(x, "features"))
    expect.probability("rate", rate)
    expect.positive("sigma", sigma)
    winner = jnp.argmin(jnp.sum(jnp.square(weights - x), -1))
    near = jnp.exp(-jnp.sum(jnp.square(positions - positions[winner]), -1) / (2 * sigma**2))
    return weights + rate * near[:, None] * (x - weights)


def stacked_som_update(
    weights: jax.Array, x: jax.Array, rate: float | jax.Array = 0.1, sigma: float | jax.Array = 2.0
) -> jax.Array:
    """Arrange cubes of units in a cube, so that there is an order within each and one among them.

    The document's map of 3 × 3 × 3 cubes of 11 × 11 × 11 units: a place has six coordinates, three of the cube and
    three within it, and distance counts all six alike.

    Formula: w_i ← w_i + α exp(−‖r_i − r_b‖² / (2 σ²)) (x − w_i), r in six dimensions
    Shapes: weights (a, b, c, d, e, f, features), cube first; x (features,); the result as weights.
    Parameters: units · features; 35,937 units for the sizes above.
    Cost: 2 · units · features multiply-adds an example.
    Training: as :func:`som_update`.
    Caveats: a unit is as near to its like in the next cube as to its neighbour within, but units that touch across the
        border of two cubes are far apart: √101 for cubes of 11, where one grid of 33³ has 1.
    Raises: VocabularyError for shapes that do not fit, a rate outside 0 to 1 and a sigma not above 0.
    Source: Kohonen 1982 for the rule; vocabulary line 1341.

    >>> weights = jax.numpy.zeros((2, 1, 1, 2, 1, 1, 1))
    >>> moved = stacked_som_update(weights, jax.numpy.ones(1), rate=1.0, sigma=1.0)
    >>> [round(float(weight), 4) for weight in moved.ravel()]  # winner, neighbour, its like in the next cube, its
    [1.0, 0.6065, 0.6065, 0.3679]
    """
    sizes = expect.axes(weights=(weights, "a b c d e f features"), x=(x, "features"))
    positions = jnp.asarray(np.indices(jnp.shape(weights)[:-1]).reshape(6, -1).T)
    flat = som_update(weights.reshape(-1, sizes["features"]), positions, x, rate, sigma)
    return flat.reshape(jnp.shape(weights))


@dataclass(frozen=True, eq=False)
class NeuralGas:
    """Find out how many units data need and which belong together, where a map has to be given its grid.

    Units are joined by edges. With each example the two nearest units are joined, the nearest and its neighbours move
    towards it, and edges that are not renewed grow old and go. Now and then a unit is added where the error is largest.
    Groups of data end as groups of units without an edge between them.

    Formula: s₁, s₂ nearest to x: error(s₁) += ‖x − w‖²; w(s₁) += ε_b (x − w), neighbours by ε_n; age(s₁, s₂) = 0;
        new w = ½ (w_q + w_f) between the unit q of largest error and its neighbour f of largest
    Shapes: weights (units, features); ages (units, units), symmetric, −1 where there is no edge; errors (units,).
        In NumPy, for the number of units changes.
    Parameters: units · features.
    Cost: 2 · units · features multiply-adds an example.
    Training: :meth:`adapt` with each example and :meth:`insert` every so many (λ = 100); evaluation looks for the
        nearest unit.
    Caveats: it goes on growing until it is stopped.
    Raises: VocabularyError for shapes that do not fit and fewer than two units.
    Source: Fritzke 1995, sec. 3; vocabulary line 4943.

    >>> gas = NeuralGas(np.array([[0.0], [1.0]]), np.array([[-1, -1], [-1, -1]]), np.zeros(2))
    >>> gas = gas.adapt(np.array([0.2]))
    >>> gas.weights.round(4).ravel().tolist(), gas.errors.round(4).tolist(), gas.ages.tolist()
    ([0.04, 1.0], [0.0398, 0.0], [[-1, 0], [0, -1]])
    >>> gas.insert().weights.round(4).ravel().tolist()
    [0.04, 1.0, 0.52]
    """

    weights: np.ndarray
    ages: np.ndarray
    errors: np.ndarray

    def __post_init__(self) -> None:
        sizes = expect.axes(weights=(self.weights, "units features"), ages=(self.ages, "units units"))
        expect.axes(sizes, errors=(self.errors, "units"))
        expect.within("units", sizes["units"], 2)
        if np.any(self.ages != self.ages.T):
            raise VocabularyError("ages: arrived one-sided, expected the same age in both directions of an edge")

    def adapt(self, x: np.ndarray, rate: float = 0.2, neighbours: float = 0.006, oldest: int = 50) -> NeuralGas:
        """After one example ``(features,)``: the winner moves by ``rate``, units joined to it by ``neighbours``.

        Edges older than ``oldest`` go, and units that are left without any; all errors keep 0.995 of their value.
        """
        expect.axes({"features": self.weights.shape[1]}, x=(x, "features"))
        square = np.sum((self.weights - x) ** 2, -1)
        first, second = np.argsort(square, kind="stable")[:2]
        weights, ages, errors = self.weights.copy(), self.ages.copy(), self.errors.copy()
        errors[first] += square[first]
        joined = ages[first] >= 0
        ages[first, joined] += 1
        ages[joined, first] += 1
        weights[first] += rate * (x - weights[first])
        weights[joined] += neighbours * (x - weights[joined])
        ages[first, second] = ages[second, first] = 0
        ages[ages > oldest] = -1
        kept = (ages >= 0).any(1)
        return NeuralGas(weights[kept], ages[np.ix_(kept, kept)], 0.995 * errors[kept])

    def insert(self, keep: float = 0.5) -> NeuralGas:
        """With a unit halfway between that of the largest error and the worst of its neighbours.

        The new unit takes the edge's place; both errors keep a part, and the new one starts with the first of them.
        """
        expect.probability("keep", keep)
        worst = int(np.argmax(self.errors))
        joined = self.ages[worst] >= 0
        if not joined.any():
            raise VocabularyError(f"ages: unit {worst} with the largest error has no edge, expected one to insert on")
        other = int(np.argmax(np.where(joined, self.errors, -np.inf)))
        ages = np.pad(self.ages, (0, 1), constant_values=-1)
        ages[worst, other] = ages[other, worst] = -1
        for unit in (worst, other):
            ages[unit, -1] = ages[-1, unit] = 0
        errors = self.errors.copy()
        errors[[worst, other]] *= keep
        weights = np.vstack([self.weights, (self.weights[worst] + self.weights[other]) / 2])
        return NeuralGas(weights, ages, np.append(errors, errors[worst]))

    @property
    def groups(self) -> np.ndarray:
        """The number of the group of each unit, ``(units,)``: units with edges between them have the same."""
        return connected_components(self.ages >= 0, directed=False)[1]
