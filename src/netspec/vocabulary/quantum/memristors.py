"""Matrices of resistors that remember."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def crossbar(
    voltages: jax.Array, weight: jax.Array, lowest: float = 1e-6, highest: float = 1e-4, levels: int | None = None
) -> jax.Array:
    """Multiply by a matrix where it is stored: wires cross, a resistor at each crossing is a weight.

    By Ohm's law a voltage on a row gives each column a current in proportion to the conductance between them, and by
    Kirchhoff's law the currents of a column add up. Conductances are positive, so each weight is a pair, of which one
    column's current is subtracted from the other's.

    Formula: y = (Vᵀ G⁺ − Vᵀ G⁻) / g; G± = G_min + g max(±W, 0), g = (G_max − G_min) / max|W|, to the nearest level
    Shapes: voltages (..., in) in volts; weight (in, out); lowest and highest in siemens; result (..., out), in the
        unit of V W.
    Parameters: 2 · in · out conductances.
    Cost: 2 · in · out multiply-adds here; on a chip one step, whatever the size.
    Training: elsewhere, as a rule; the conductances are then written once.
    Caveats: real devices drift, differ and add noise, and wires have resistance; only the levels are modelled here.
    Raises: VocabularyError for shapes that do not fit, weights that are all 0, conductances that are not in order and
        fewer than two levels.
    Source: Strukov et al. 2008; Prezioso et al. 2015 [arXiv:1412.0611]; vocabulary line 4955.

    >>> crossbar(jax.numpy.array([1.0, 2.0]), jax.numpy.array([[1.0], [-0.26]]), levels=5).round(4).tolist()
    [0.5]
    """
    expect.axes(voltages=(voltages, "... in"), weight=(weight, "in out"))
    expect.positive("lowest", lowest)
    if not highest > lowest:
        raise VocabularyError(f"highest: arrived {highest}, expected more than lowest {lowest}")
    largest = jnp.max(jnp.abs(weight))
    expect.positive("largest size of weight", largest)
    scale = (highest - lowest) / largest
    pair = [lowest + scale * jnp.maximum(sign * weight, 0) for sign in (1, -1)]
    if levels is not None:
        step = (highest - lowest) / (expect.whole("levels", levels, 2) - 1)
        pair = [lowest + step * jnp.round((each - lowest) / step) for each in pair]
    return (voltages @ pair[0] - voltages @ pair[1]) / scale
