"""What must hold of maps that arrange themselves."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import scipy.spatial.distance

from netspec.vocabulary.associative.maps import NeuralGas, som_update, stacked_som_update
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import traced
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


@traced
def _moved(update: Implementation, weights: Any, positions: Any, x: Any, rate: Any, sigma: Any) -> Any:
    return update(weights, positions, x, rate, sigma)


def _grid(case: Case) -> tuple[np.ndarray, ...]:
    """Weights of 3 × 4 units, their places, and an example."""
    return case.normal(12, 3), np.indices((3, 4)).reshape(2, -1).T.astype(float), case.normal(3, seed=1)


def _by_loop(update: Implementation, case: Case) -> float:
    """Unit by unit, as the formula says."""
    weights, positions, x = _grid(case)
    winner = scipy.spatial.distance.cdist(x[None], weights).argmin()
    expected = weights.copy()
    for unit, place in enumerate(positions):
        near = np.exp(-(np.linalg.norm(place - positions[winner]) ** 2) / (2 * 1.3**2))
        expected[unit] += 0.3 * near * (x - weights[unit])
    return apart(_moved(update, weights, positions, x, 0.3, 1.3), expected)


def _k_means(update: Implementation, case: Case) -> float:
    """With no neighbours only the winner moves: the running mean of what it won, at a rate of one over their number."""
    _, positions, _ = _grid(case)
    examples = case.normal(5, 3, seed=2)
    weights = 100.0 + case.normal(12, 3)
    for count, x in enumerate(examples, start=1):
        weights = _moved(update, weights, positions, x, 1 / count, 1e-3)
    winner = scipy.spatial.distance.cdist(examples[:1], weights).argmin()
    return apart(weights[winner], examples.mean(0))


def _like(name: str) -> Any:
    def update(weights: Any, positions: Any, x: Any, rate: Any, sigma: Any) -> Any:
        away = jnp.sum((weights - x) ** 2, -1)
        winner = jnp.argmax(away) if name == "farthest" else jnp.argmin(away)
        square = jnp.sum((positions - positions[winner]) ** 2, -1)
        if name == "data":
            square = jnp.sum((weights - weights[winner]) ** 2, -1)
        near = jnp.exp(-(jnp.sqrt(square) if name == "root" else square) / ((1 if name == "sigma" else 2) * sigma**2))
        return weights + rate * near[:, None] * (x - weights)

    return update


def _flat(update: Implementation, case: Case) -> float:
    """It is an ordinary map whose units lie on a grid of six dimensions."""
    weights, x = case.normal(2, 1, 2, 2, 3, 1, 2), case.normal(2, seed=1)
    positions = np.array(list(np.ndindex(2, 1, 2, 2, 3, 1)), dtype=float)
    expected = _moved(som_update, weights.reshape(-1, 2), positions, x, 0.1, 2.0)
    return apart(_stacked(update, weights, x), np.reshape(expected, weights.shape))


def _cubes_alike(update: Implementation, case: Case) -> float:
    """Where cubes and units change places, so does the result: both kinds of distance count the same."""
    weights, x = case.normal(2, 1, 2, 2, 1, 2, 2), case.normal(2, seed=1)
    swapped = np.transpose(weights, (3, 4, 5, 0, 1, 2, 6))
    other = _stacked(update, swapped, x)
    return apart(np.transpose(other, (3, 4, 5, 0, 1, 2, 6)), _stacked(update, weights, x))


@traced
def _stacked(update: Implementation, weights: Any, x: Any) -> Any:
    return update(weights, x)


def _within_scaled(weights: Any, x: Any, cube: float) -> Any:
    """A map in which one step between cubes counts as ``cube`` steps within."""
    positions = jnp.asarray(np.indices(weights.shape[:-1]).reshape(6, -1).T * np.array([cube] * 3 + [1.0] * 3))
    return som_update(weights.reshape(-1, weights.shape[-1]), positions, x, 0.1, 2.0).reshape(weights.shape)


STACKED = Term(
    "stacked-3d-som",
    stacked_som_update,
    (
        Property(
            "It is a map whose units lie on a grid of six dimensions.",
            _flat,
            1e-12,
            (
                Mistake("cubes side by side on one grid of three dimensions", lambda w, x: _within_scaled(w, x, 3.0)),
                Mistake("cubes that do not matter", lambda w, x: _within_scaled(w, x, 0.0)),
            ),
        ),
        Property(
            "Steps between cubes and steps within count alike.",
            _cubes_alike,
            1e-12,
            (Mistake("a step between cubes counts double", lambda w, x: _within_scaled(w, x, 2.0)),),
        ),
    ),
)


def _gas(case: Case) -> NeuralGas:
    """Five units in a ring of edges of several ages, with errors."""
    ages = np.full((5, 5), -1)
    for unit in range(5):
        ages[unit, (unit + 1) % 5] = ages[(unit + 1) % 5, unit] = 10 * unit
    return NeuralGas(case.normal(5, 2), ages, case.uniform(5, seed=1))


def _of(kind: Implementation, gas: NeuralGas) -> Any:
    return kind(gas.weights, gas.ages, gas.errors)


def _inserted(kind: Implementation, case: Case) -> float:
    """Halfway on the edge between the worst unit and its worst neighbour, and the edge is split."""
    gas = _gas(case)
    q = int(gas.errors.argmax())
    f = max(((q - 1) % 5, (q + 1) % 5), key=lambda unit: gas.errors[unit])
    new = _of(kind, gas).insert()
    errors = np.append(gas.errors, gas.errors[q] / 2)
    errors[[q, f]] /= 2
    return max(
        apart(new.weights, np.vstack([gas.weights, (gas.weights[q] + gas.weights[f]) / 2])),
        apart(new.errors, errors),
        wrong([new.ages[q, f] < 0, new.ages[f, 5] == 0, new.ages[5, q] == 0, (new.ages[5] >= 0).sum() == 2]),
    )


def _adapted(kind: Implementation, case: Case) -> float:
    """One example, by the paper's list: the winner by a fifth, units joined to it by 0.006, edges a step older."""
    gas, x = _gas(case), case.normal(2, seed=2)
    square = ((gas.weights - x) ** 2).sum(-1)
    first, second = np.argsort(square)[:2]
    weights, ages, errors = gas.weights.copy(), gas.ages.copy(), gas.errors.copy()
    errors[first] += square[first]
    for unit in ((first - 1) % 5, (first + 1) % 5):
        ages[first, unit] = ages[unit, first] = ages[first, unit] + 1
        weights[unit] += 0.006 * (x - weights[unit])
    weights[first] += 0.2 * (x - weights[first])
    ages[first, second] = ages[second, first] = 0
    new = _of(kind, gas).adapt(x)
    return max(apart(new.weights, weights), apart(new.errors, 0.995 * errors), wrong(new.ages == ages))


def _two_groups(kind: Implementation, case: Case) -> float:
    """Four units joined all to all, each at one of two pairs of places that lie far apart: the pairs come apart."""
    places = np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0], [10.0, 0.0]])
    gas = kind(places + 0.1 * case.normal(4, 2), np.zeros((4, 4), int) - np.eye(4, dtype=int), np.zeros(4))
    for place in np.tile(places, (22, 1)):
        gas = gas.adapt(place, oldest=20)
    return wrong([len(gas.weights) == 4, *(gas.groups == [0, 0, 1, 1])])


class _OnWinner(NeuralGas):
    def insert(self, keep: float = 0.5) -> NeuralGas:
        new = super().insert(keep)
        new.weights[-1] = self.weights[np.argmax(self.errors)]
        return new


class _EdgeKept(NeuralGas):
    def insert(self, keep: float = 0.5) -> NeuralGas:
        new = super().insert(keep)
        q, f = np.flatnonzero(new.ages[-1] >= 0)
        new.ages[q, f] = new.ages[f, q] = 0
        return new


class _AllMove(NeuralGas):
    def adapt(self, x: np.ndarray, rate: float = 0.2, neighbours: float = 0.006, oldest: int = 50) -> NeuralGas:
        new = super().adapt(x, rate, 0.0, oldest)
        return NeuralGas(new.weights + neighbours * (x - new.weights), new.ages, new.errors)


class _NeverOld(NeuralGas):
    def adapt(self, x: np.ndarray, rate: float = 0.2, neighbours: float = 0.006, oldest: int = 50) -> NeuralGas:
        new = super().adapt(x, rate, neighbours, 10**6)
        return type(self)(new.weights, new.ages, new.errors)


TERMS = (
    Term(
        "som",
        som_update,
        (
            Property(
                "Every unit moves as the formula says, written out unit by unit.",
                _by_loop,
                1e-12,
                (
                    Mistake("neighbours among the weights", _like("data")),
                    Mistake("distance not squared", _like("root")),
                    Mistake("σ² for 2 σ²", _like("sigma")),
                    Mistake("the farthest unit wins", _like("farthest")),
                ),
            ),
            Property(
                "Without neighbours, and with a rate of one over the count, the winner is the mean of what it won.",
                _k_means,
                1e-12,
                (
                    Mistake("the farthest unit wins", _like("farthest")),
                    Mistake("half the way", lambda w, r, x, a, s: som_update(w, r, x, a / 2, s)),
                ),
            ),
        ),
    ),
    Term(
        "growing-neural-gas",
        NeuralGas,
        (
            Property(
                "A unit is inserted halfway between the worst one and its worst neighbour, and splits their edge.",
                _inserted,
                1e-12,
                (Mistake("on the worst unit", _OnWinner), Mistake("the edge stays", _EdgeKept)),
            ),
            Property(
                "With an example only the winner and units joined to it move, and its edges age.",
                _adapted,
                1e-12,
                (Mistake("all units move", _AllMove),),
            ),
            Property(
                "Units at data that lie apart come apart: in the end no edge leads from some to the others.",
                _two_groups,
                0.0,
                (Mistake("edges never go", _NeverOld),),
            ),
        ),
    ),
)
