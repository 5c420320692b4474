"""Neurons that fire: leaky integration, a threshold that adapts, and the model of Izhikevich."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def lif(
    current: jax.Array,
    *,
    dt: float = 1.0,
    tau: float = 10.0,
    resistance: float = 1.0,
    threshold: float = 1.0,
    rest: float = 0.0,
    reset: float = 0.0,
) -> tuple[jax.Array, jax.Array]:
    """The simplest neuron that fires: it leaks towards rest, adds up what it gets, and starts anew after a spike.

    Formula: τ dV/dt = −(V − V_rest) + R I; at V ≥ V_th a spike, and V = V_reset
    Shapes: current I (steps, …), constant within a step; the results are spikes of zeros and ones, and voltages before
        the reset, both of that shape. dt and tau in the same unit of time, the others in volts, ohms and amperes.
    Parameters: none trained here.
    Cost: two multiply-adds a step and neuron.
    Training: a spike has no slope; networks are trained with one in its place (see surrogate-gradient).
    Caveats: each step is solved exactly, V∞ + (V − V∞) exp(−dt / τ) with V∞ = V_rest + R I, and only then compared with
        the threshold: a constant current fires every ⌈T / dt⌉ steps with T = τ ln((V∞ − V_reset) / (V∞ − V_th)).
    Raises: VocabularyError for a dt, tau or resistance of 0 or less, or a reset or rest at the threshold or above.
    Source: Lapicque 1907; Gerstner et al. 2014, Neuronal Dynamics, sec. 1.3; vocabulary line 4150.

    >>> spikes, voltages = lif(jnp.full(20, 2.0))  # T = 10 ln 2 = 6.9
    >>> jnp.flatnonzero(spikes).tolist()
    [6, 13]
    """
    _check(current, dt=dt, tau=tau, resistance=resistance, threshold=threshold, rest=rest, reset=reset)
    spikes, voltages, _ = _run(jnp.asarray(current), dt, tau, resistance, threshold, rest, reset, 0.0, 1.0)
    return spikes, voltages


def alif(
    current: jax.Array,
    *,
    dt: float = 1.0,
    tau: float = 10.0,
    tau_adaptation: float = 100.0,
    strength: float = 1.0,
    resistance: float = 1.0,
    threshold: float = 1.0,
    rest: float = 0.0,
    reset: float = 0.0,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """A neuron that tires: every spike raises its threshold for a while, so that it fires ever less often.

    Formula: as lif with V_th = θ₀ + β a; a ← ρ a + (1 − ρ) z after each step, ρ = exp(−dt / τₐ), z the spike
    Shapes: current (steps, …); the results are spikes, voltages before the reset and thresholds, all of that shape.
    Parameters: none trained here; threshold is θ₀, strength β.
    Cost: four multiply-adds a step and neuron.
    Training: as for lif.
    Caveats: with β = 0 it is lif. The paper lowers V by the threshold at a spike, where this one resets it.
    Raises: VocabularyError as lif, for a tau_adaptation of 0 or less, or a negative strength.
    Source: Bellec et al. 2018 [1803.09574], sec. 2; vocabulary line 4160.

    >>> spikes, _, _ = alif(jnp.full(60, 3.0), strength=10.0)
    >>> jnp.diff(jnp.flatnonzero(spikes)).tolist()  # steps between spikes
    [5, 6, 6, 6, 7, 7, 8, 8]
    """
    _check(current, dt=dt, tau=tau, resistance=resistance, threshold=threshold, rest=rest, reset=reset)
    expect.positive("tau_adaptation", tau_adaptation)
    expect.not_negative("strength", strength)
    decay = jnp.exp(-dt / tau_adaptation)
    return _run(jnp.asarray(current), dt, tau, resistance, threshold, rest, reset, strength, decay)


def izhikevich(
    current: jax.Array, *, a: float = 0.02, b: float = 0.2, c: float = -65.0, d: float = 8.0, dt: float = 0.5
) -> tuple[jax.Array, jax.Array]:
    """Two equations and a reset that fire as many kinds of neurons of the cortex do, by the choice of four numbers.

    Formula: v' = 0.04 v² + 5 v + 140 − u + I, u' = a (b v − u); at v ≥ 30 a spike, v = c and u ← u + d
    Shapes: current I (steps, …); the results are spikes of zeros and ones, and v in millivolts, 30 at a spike, both of
        that shape. dt in milliseconds.
    Parameters: a, b, c, d: regular spiking as given; fast spiking a = 0.1, d = 2; chattering c = −50, d = 2.
    Cost: seven multiplications a step and neuron.
    Training: as for lif; it is used to simulate rather than to learn.
    Caveats: without the reset v runs off to infinity in finite time. Steps of Euler above 0.5 ms change the spikes.
    Raises: VocabularyError for a dt of 0 or less, or a reset c of 30 or more.
    Source: Izhikevich 2003, IEEE Transactions on Neural Networks 14(6), eq. 1 to 3; vocabulary line 4169.

    >>> spikes, v = izhikevich(jnp.full(400, 10.0))  # 200 ms of regular spiking
    >>> int(spikes.sum()), float(v.max())
    (5, 30.0)
    """
    _one_a_step(current)
    expect.positive("dt", dt)
    expect.within("c", c, high=29.999)
    return _izhikevich(jnp.asarray(current), a, b, c, d, dt)


def _one_a_step(current: jax.Array) -> None:
    expect.axes(current=(current, "..."))
    if jnp.ndim(current) == 0:
        raise VocabularyError("current: arrived one number, expected one a step")


def _check(current: jax.Array, **values: float) -> None:
    _one_a_step(current)
    for name in ("dt", "tau", "resistance"):
        expect.positive(name, values[name])
    for name in ("rest", "reset"):
        if not isinstance(values["threshold"], jax.core.Tracer) and values[name] >= values["threshold"]:
            raise VocabularyError(
                f"{name}: arrived {values[name]}, expected less than the threshold {values['threshold']}"
            )


@jax.jit
def _run(
    current: jax.Array,
    dt: float,
    tau: float,
    resistance: float,
    threshold: float,
    rest: float,
    reset: float,
    strength: float,
    decay: float,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    keep = jnp.exp(-dt / tau)

    def step(
        state: tuple[jax.Array, jax.Array], i: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array, jax.Array]]:
        v, adaptation = state
        target = rest + resistance * i
        v = target + (v - target) * keep
        height = threshold + strength * adaptation
        spike = (v >= height).astype(v.dtype)
        return (jnp.where(spike > 0, reset, v), decay * adaptation + (1 - decay) * spike), (spike, v, height)

    start = jnp.full(current.shape[1:], rest, jnp.result_type(current, float))
    return jax.lax.scan(step, (start, jnp.zeros_like(start)), current.astype(start.dtype))[1]


@jax.jit
def _izhikevich(current: jax.Array, a: float, b: float, c: float, d: float, dt: float) -> tuple[jax.Array, jax.Array]:
    def step(
        state: tuple[jax.Array, jax.Array], i: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]:
        v, u = state
        v, u = v + dt * (0.04 * v * v + 5 * v + 140 - u + i), u + dt * a * (b * v - u)
        spike = v >= 30
        return (jnp.where(spike, c, v), u + d * spike), (spike.astype(v.dtype), jnp.minimum(v, 30.0))

    start = jnp.full(current.shape[1:], -65.0, jnp.result_type(current, float))
    return jax.lax.scan(step, (start, b * start), current.astype(start.dtype))[1]
