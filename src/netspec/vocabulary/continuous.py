"""Networks in continuous time: their state follows a differential equation, solved in steps or in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def neural_ode(
    field: Callable[[Any, jax.Array, jax.Array], jax.Array],
    parameters: Any,
    h: jax.Array,
    t0: float = 0.0,
    t1: float = 1.0,
    steps: int = 16,
) -> jax.Array:
    """A residual network of infinitely many layers: its state flows along a field and does not hop from layer to layer.

    Formula: dh/dt = f(θ, h, t) from t₀ to t₁, by the method of Runge and Kutta of fourth order
    Shapes: field maps (parameters, h, t) to what has the shape of h, which is also that of the result.
    Parameters: those of the field, however many steps there are.
    Cost: 4 · steps evaluations of the field.
    Training: gradients pass through the solver here. The paper solves a second equation back in time for them, which
        needs no memory for the steps.
    Caveats: half the step makes the error a sixteenth, until rounding. What flows cannot cross: a field without further
        channels cannot swap two points of a line.
    Raises: VocabularyError for fewer steps than one, or a field that changes the shape.
    Source: Chen et al. 2018 [1806.07366], eq. 2; vocabulary line 4213.

    >>> h = neural_ode(lambda rate, h, t: -rate * h, 1.0, jnp.array([1.0]))
    >>> f"{h.item():.5f}"  # exp(-1)
    '0.36788'
    """
    expect.axes(h=(h, "..."))
    size = (t1 - t0) / expect.whole("steps", steps)
    h = jnp.asarray(h, jnp.result_type(h, float))
    found = jax.eval_shape(field, parameters, h, jnp.asarray(t0, h.dtype))
    if found.shape != h.shape:
        raise VocabularyError(f"field: arrived with shape {found.shape}, expected that of h, {h.shape}")

    def step(h: jax.Array, index: jax.Array) -> tuple[jax.Array, None]:
        t = t0 + size * index
        k1 = field(parameters, h, t)
        k2 = field(parameters, h + size / 2 * k1, t + size / 2)
        k3 = field(parameters, h + size / 2 * k2, t + size / 2)
        k4 = field(parameters, h + size * k3, t + size)
        return h + size / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

    return jax.lax.scan(step, h, jnp.arange(steps, dtype=h.dtype))[0]


def ct_rnn(
    x: jax.Array,
    h: jax.Array,
    inner: jax.Array,
    outer: jax.Array,
    bias: jax.Array,
    tau: float | jax.Array = 1.0,
    dt: float = 0.1,
    activation: Callable[[jax.Array], jax.Array] = jnp.tanh,
) -> jax.Array:
    """A recurrent network that leaks: units are slow, each with its own time, and follow what they are driven to.

    Formula: τ dh/dt = −h + f(x W + h U + b), by steps of Euler: h ← h + (dt / τ) (f(x W + h U + b) − h)
    Shapes: x (steps, batch, in), h (batch, width), inner W (in, width), outer U (width, width), bias (width,), tau one
        number or (width,); the result is (steps, batch, width).
    Parameters: width · (in + width + 1), and width more where tau is trained.
    Cost: width · (in + width) multiply-adds a step and example.
    Training: as in evaluation, through time.
    Caveats: at dt = τ it is a plain recurrent network. Beyond, at dt above 2 τ, Euler's steps grow without end.
    Raises: VocabularyError for a dt or tau of 0 or less.
    Source: Beer 1995, Adaptive Behavior 3(4); Funahashi and Nakamura 1993; vocabulary line 4223.

    >>> x, nothing = jnp.zeros((3, 1, 1)), jnp.zeros((1, 1))
    >>> ct_rnn(x, jnp.ones((1, 1)), nothing, nothing, jnp.zeros(1), tau=1.0, dt=0.5).ravel().tolist()
    [0.5, 0.25, 0.125]
    """
    sizes = expect.axes(
        x=(x, "steps batch in"),
        h=(h, "batch width"),
        inner=(inner, "in width"),
        outer=(outer, "width width"),
        bias=(bias, "width"),
    )
    if jnp.ndim(tau):
        expect.axes(sizes, tau=(tau, "width"))
    expect.positive("tau", tau)
    expect.positive("dt", dt)

    def step(h: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        h = h + dt / tau * (activation(x @ inner + h @ outer + bias) - h)
        return h, h

    return jax.lax.scan(step, jnp.asarray(h, jnp.result_type(h, float)), jnp.asarray(x))[1]


def cfc(
    x: jax.Array,
    h: jax.Array,
    t: float | jax.Array,
    kernels: jax.Array,
    biases: jax.Array,
    activation: Callable[[jax.Array], jax.Array] = jnp.tanh,
) -> jax.Array:
    """A liquid network without a solver: where the state is after some time follows in closed form.

    Formula: h' = σ(−f t) ⊙ g + (1 − σ(−f t)) ⊙ k, with f, g and k of [x ‖ h], g and k behind an activation
    Shapes: x (batch, in), h (batch, width), t one number or (batch,), kernels (3, in + width, width) and biases (3,
        width) of f, g and k in this order; the result is (batch, width).
    Parameters: 3 · width · (in + width + 1).
    Cost: 3 · width · (in + width) multiply-adds an example, however much time has passed.
    Training: as in evaluation; times between observations may all differ.
    Caveats: at t = 0 it is the mean of g and k, and not h: the state is read, not kept. The paper has a common layer in
        front of the three.
    Raises: VocabularyError for a negative t.
    Source: Hasani et al. 2022 [2106.13898]; vocabulary line 4232.

    >>> x, h, kernels = jnp.zeros((1, 1)), jnp.zeros((1, 1)), jnp.zeros((3, 2, 1))
    >>> biases = jnp.array([[5.0], [1.0], [-1.0]])
    >>> [f"{cfc(x, h, t, kernels, biases).item():.2f}" for t in (0.0, 0.2, 9.0)]  # from the mean to k
    ['0.00', '-0.35', '-0.76']
    """
    sizes = expect.axes(x=(x, "batch in"), h=(h, "batch width"))
    expect.axes(sizes, kernels=(kernels, f"3 {sizes['in'] + sizes['width']} width"), biases=(biases, "3 width"))
    if jnp.ndim(t):
        expect.axes(sizes, t=(t, "batch"))
    expect.not_negative("t", t)
    f, g, k = jnp.einsum("bi,kiw->kbw", jnp.concatenate([x, h], axis=1), kernels) + jnp.asarray(biases)[:, None]
    gate = jax.nn.sigmoid(-f * jnp.reshape(jnp.asarray(t), (-1, 1)))
    return gate * activation(g) + (1 - gate) * activation(k)


def ltc(
    x: jax.Array,
    h: jax.Array,
    kernel: jax.Array,
    bias: jax.Array,
    target: jax.Array,
    tau: float | jax.Array = 1.0,
    dt: float = 1.0,
    unfolds: int = 6,
) -> jax.Array:
    """A unit whose time constant is what it hears: the stronger it is driven, the faster it follows.

    Formula: dh/dt = −(1/τ + f) h + f A with f = σ([x ‖ h] W + b); each of the steps of δ = dt / unfolds is h ← (h + δ f
        A) / (1 + δ (1/τ + f))
    Shapes: x (batch, in), h (batch, width), kernel (in + width, width), bias and target A (width,), tau one number or
        (width,); the result is (batch, width), after a time of dt.
    Parameters: width · (in + width + 2), and width more where tau is trained.
    Cost: unfolds · width · (in + width) multiply-adds an example.
    Training: as in evaluation, through time.
    Caveats: the state stays between 0 and A however long the step, since h stands on both sides of the equation of a
        step.
    Raises: VocabularyError for a tau or dt of 0 or less, or fewer steps than one.
    Source: Hasani et al. 2021 [2006.04439], eq. 1 and algorithm 1; vocabulary line 4241.

    >>> x, h, kernel = jnp.zeros((1, 1)), jnp.zeros((1, 1)), jnp.zeros((2, 1))
    >>> ltc(x, h, kernel, jnp.zeros(1), jnp.array([3.0]), dt=1e6).round(3).item()  # f A / (1 + f), f = 1/2
    1.0
    """
    sizes = expect.axes(x=(x, "batch in"), h=(h, "batch width"), bias=(bias, "width"), target=(target, "width"))
    expect.axes(sizes, kernel=(kernel, f"{sizes['in'] + sizes['width']} width"))
    if jnp.ndim(tau):
        expect.axes(sizes, tau=(tau, "width"))
    expect.positive("tau", tau)
    expect.positive("dt", dt)
    size = dt / expect.whole("unfolds", unfolds)
    for _ in range(unfolds):
        f = jax.nn.sigmoid(jnp.matmul(jnp.concatenate([x, h], axis=1), kernel) + bias)
        h = (h + size * f * target) / (1 + size * (1 / jnp.asarray(tau) + f))
    return h


@dataclass(frozen=True)
class Liquid:
    """Fixed weights of a liquid: ``inner`` (in, neurons) from the input, ``outer`` (neurons, neurons) among them.

    A neuron keeps ``exp(−1 / tau)`` of its voltage a step, fires at a voltage of one and starts anew from zero; a
    readout sees its spikes fade by ``exp(−1 / tau_trace)``.
    """

    inner: jax.Array
    outer: jax.Array
    tau: float = 10.0
    tau_trace: float = 20.0


def liquid_state(x: jax.Array, liquid: Liquid) -> jax.Array:
    """A pond that remembers what was thrown in: drawn spiking neurons are stirred, and only who watches them learns.

    Formula: V ← e^(−1/τ) V + x W + z U, z = [V ≥ 1] and V = 0 where it fires, trace s ← e^(−1/τₛ) s + z
    Shapes: x (steps, in); the result s is (steps, neurons), what a readout reads.
    Parameters: none trained; neurons · (in + neurons) drawn, see Liquid.
    Cost: neurons · (in + neurons) multiply-adds a step.
    Training: only a linear readout of s is, by least squares.
    Caveats: with weights too weak nothing is remembered, with weights too strong all inputs end in the same turmoil.
    Raises: VocabularyError for a tau of 0 or less.
    Source: Maass, Natschläger and Markram 2002, Neural Computation 14(11); vocabulary line 4204.

    >>> liquid = Liquid(inner=jnp.ones((1, 1)), outer=jnp.zeros((1, 1)), tau_trace=1e9)
    >>> liquid_state(jnp.array([[1.0], [0.0], [1.0]]), liquid)[:, 0].tolist()
    [1.0, 1.0, 2.0]
    """
    expect.axes(x=(x, "steps in"), inner=(liquid.inner, "in neurons"), outer=(liquid.outer, "neurons neurons"))
    expect.positive("tau", liquid.tau)
    expect.positive("tau_trace", liquid.tau_trace)
    return _stirred(jnp.asarray(x), liquid.inner, liquid.outer, liquid.tau, liquid.tau_trace)


@jax.jit
def _stirred(x: jax.Array, inner: jax.Array, outer: jax.Array, tau: float, tau_trace: float) -> jax.Array:
    State = tuple[jax.Array, jax.Array, jax.Array]

    def step(state: State, x: jax.Array) -> tuple[State, jax.Array]:
        v, spikes, trace = state
        v = jnp.exp(-1 / tau) * v + x @ inner + spikes @ outer
        spikes = (v >= 1).astype(v.dtype)
        trace = jnp.exp(-1 / tau_trace) * trace + spikes
        return (jnp.where(spikes > 0, 0.0, v), spikes, trace), trace

    quiet = jnp.zeros(inner.shape[1], jnp.result_type(x, float))
    return jax.lax.scan(step, (quiet, quiet, quiet), x.astype(quiet.dtype))[1]
