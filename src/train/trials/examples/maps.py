"""Cubes of units in a cube: Kohonen's map on the document's six-dimensional lattice, and on the one that is drawn.

A unit has six coordinates, three of its cube and three within. The document counts all six alike, so that a unit is
next to its like in the next cube, and units that touch across a face are far apart. On the physical lattice the 27
cubes are one grid, three times as wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.associative.maps import som_update
from train.trials.base import Metric, Run, Series, Trial, less, percent

#: Cubes along each axis, and numbers of an example.
CUBES, FEATURES = 3, 3
#: How often a map is looked at while it is trained.
LOOKS = 20
#: The rate and the radius of the listing, in steps of the lattice, which do not fall there.
LISTED_RATE, LISTED_RADIUS = 0.1, 2.0
#: What a radius falls to, and the part of itself that a rate falls to.
LAST_RADIUS, LAST_RATE = 0.4, 0.2
#: A radius at which no neighbour moves: winners alone, which is k-means, one example at a time.
ALONE = 1e-2
#: The part of examples that are farthest out.
FARTHEST = 0.05


def six(cube: int) -> np.ndarray:
    """``(units, 6)``: where units lie on the document's lattice, the place of the cube first."""
    return np.indices((CUBES,) * 3 + (cube,) * 3).reshape(6, -1).T


def physical(cube: int) -> np.ndarray:
    """``(units, 3)``: where the same units lie when the cubes are put beside each other."""
    at = six(cube)
    return at[:, :3] * cube + at[:, 3:]


def winners(weights: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The two nearest units of each example, ``(examples, 2)``, and how far the nearest is, ``(examples,)``."""
    # The same order as by the distance, without an array of all differences.
    square = jnp.sum(weights**2, -1) - 2 * x @ weights.T
    first = jnp.argmin(square, -1)
    second = jnp.argmin(square.at[jnp.arange(len(x)), first].set(jnp.inf), -1)
    return jnp.stack([first, second], -1), jnp.linalg.norm(x - weights[first], axis=-1)


def torn(two: jax.Array, positions: np.ndarray) -> jax.Array:
    """Percent of examples whose two nearest units are not next to each other: more than one step along some axis."""
    at = jnp.asarray(positions)
    return 100 * jnp.mean(jnp.abs(at[two[:, 0]] - at[two[:, 1]]).max(-1) > 1)


def place_of_cubes(cube: int) -> np.ndarray:
    """``(units,)``: how many axes take a unit's cube away from the middle: 0 for the centre, 3 for corners."""
    return (six(cube)[:, :3] != CUBES // 2).sum(-1)


def drawn(key: jax.Array, count: int) -> jax.Array:
    """``(count, FEATURES)`` from a normal distribution: common in the middle, extremes all around."""
    return jax.random.normal(key, (count, FEATURES))


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """A map of 27 cubes of ``cube``³ units, trained on ``steps`` examples and judged on others."""
    cube, steps = settings["cube"], settings["steps"]
    lattice, seen = (six if variant in ("six", "listing") else physical)(cube), physical(cube)
    away = jnp.asarray(place_of_cubes(cube))
    cubes = jnp.asarray(np.ravel_multi_index(tuple(six(cube)[:, :3].T), (CUBES,) * 3))
    first = settings["radius"]
    constant = variant in ("listing", "physical-constant")

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, judged = jax.random.split(key, 3)
        held = drawn(judged, settings["held_out"])
        common = -0.5 * jnp.sum(held**2, -1)

        def step(weights: jax.Array, at: tuple) -> tuple[jax.Array, None]:
            share, x = at
            if constant:
                now, radius = jnp.where(variant == "listing", LISTED_RATE, rate), jnp.asarray(LISTED_RADIUS)
            else:
                now, radius = rate * LAST_RATE**share, first * (LAST_RADIUS / first) ** share
            radius = jnp.asarray(ALONE) if variant == "k-means" else radius
            return som_update(weights, jnp.asarray(lattice), x, now, radius), None

        def stretch(weights: jax.Array, at: tuple) -> tuple[jax.Array, tuple]:
            if variant != "random":
                weights, _ = jax.lax.scan(step, weights, at)
            two, far = winners(weights, held)
            return weights, (far.mean(), torn(two, seen))

        x = drawn(data, steps)
        shares = jnp.arange(steps) / steps
        parts = jax.tree.map(lambda one: one.reshape(LOOKS, -1, *one.shape[1:]), (shares, x))
        # As in the listing, weights start as normal numbers, which are examples of these data, too.
        weights, (error, tears) = jax.lax.scan(stretch, drawn(start, len(lattice)), parts)
        two, _ = winners(weights, held)
        dense = -0.5 * jnp.sum(weights**2, -1)
        outliers = common <= jnp.quantile(common, FARTHEST)
        corner = away[two[:, 0]] == 3
        means = jax.ops.segment_sum(weights, cubes, CUBES**3) / cube**3
        return {
            "error": error[-1],
            "torn": tears[-1],
            "torn_own": torn(two, lattice),
            "centre": jnp.mean(dense, where=away == 0) - jnp.mean(dense, where=away == 3),
            "outliers": 100 * (jnp.mean(corner, where=outliers) - corner.mean()),
            "level": 100 * jnp.sum(means.var(0)) / jnp.sum(weights.var(0)),
            "along_error": error,
            "along_torn": tears,
            "told": jnp.bincount(cubes[two[:, 0]], length=CUBES**3) / len(held),
            "params": weights.size,
        }

    return run


def tell(share: Any, settings: Mapping[str, Any]) -> str:
    """How examples that were held out fall to the cubes."""
    share = 100 * np.asarray(share)
    number = int(share.argmax()) + 1
    ends = [place for place in range(27) if all(one != 1 for one in np.unravel_index(place, (3, 3, 3)))]
    return (
        f"of {settings['held_out']:,} examples that were held out cube 14 in the middle has {share[13]:.1f} %, a cube "
        f"in a corner {share[ends].mean():.1f} %, and the busiest, cube {number}, {share.max():.1f} %"
    )


TRIAL = Trial(
    variants={
        "random": "units where they start, at normal numbers",
        "k-means": "winners move alone, by the same falling rate",
        "six": "the document’s lattice of six dimensions, rate and radius falling",
        "listing": "the same at the listing’s constant rate of 0.1 and radius of 2",
        "physical": "one grid of all cubes, rate and radius falling",
        "physical-constant": "the same at a constant rate and the listing’s radius",
    },
    figures=(
        less("error", "quantisation error"),
        less("torn", "topographic error, as drawn", "%"),
        less("torn_own", "topographic error, as learnt", "%"),
        Metric("centre", "density, centre over corners", "nat", "up"),
        Metric("outliers", "outliers in corner cubes", "points", "up"),
        percent("level", "variance between cubes"),
    ),
    make=make,
    settings={"cube": 4, "steps": 20000, "held_out": 2000, "radius": 4.0},
    smoke={"cube": 2, "steps": 40, "held_out": 100},
    series=tuple(
        Series(name, label, "examples seen", lambda s: [s["steps"] * (i + 1) // LOOKS for i in range(LOOKS)])
        for name, label in (("along_error", "quantisation error"), ("along_torn", "topographic error, %"))
    ),
    tell=tell,
)
