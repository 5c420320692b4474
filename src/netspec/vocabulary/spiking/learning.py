"""How spiking networks learn from what is near: by timing, by firing together, by slopes in place of spikes."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def stdp(
    pre: jax.Array,
    post: jax.Array,
    *,
    dt: float = 1.0,
    a_plus: float = 0.01,
    a_minus: float = 0.012,
    tau_plus: float = 20.0,
    tau_minus: float = 20.0,
) -> jax.Array:
    """Learn causes: a synapse grows where its spike comes before that of the neuron behind it, and shrinks where after.

    Formula: Δw = Σ over pairs of spikes of A₊ exp(−Δt / τ₊) for Δt > 0 and −A₋ exp(Δt / τ₋) for Δt < 0, Δt = t_post −
        t_pre
    Shapes: pre (steps, senders) and post (steps, receivers) of zeros and ones; the result Δw is (senders, receivers).
        dt, the time between steps, and both tau in the same unit.
    Parameters: none trained here.
    Cost: 4 · steps · senders · receivers multiply-adds: instead of all pairs of spikes, each side keeps a trace.
    Training: this is the training; it needs no loss.
    Caveats: spikes of the same step change nothing. With A₋ τ₋ above A₊ τ₊, spikes at random weaken a synapse.
    Raises: VocabularyError for a dt or tau of 0 or less, or a negative amplitude.
    Source: Bi and Poo 1998, J. Neuroscience 18(24); Song, Miller and Abbott 2000; vocabulary line 4179.

    >>> before, after = jnp.array([[1.0], [0.0], [0.0]]), jnp.array([[0.0], [0.0], [1.0]])
    >>> stdp(before, after).item() > 0, stdp(after, before).item() < 0
    (True, True)
    """
    expect.axes(pre=(pre, "steps senders"), post=(post, "steps receivers"))
    for name, value in (("dt", dt), ("tau_plus", tau_plus), ("tau_minus", tau_minus)):
        expect.positive(name, value)
    expect.not_negative("a_plus", a_plus)
    expect.not_negative("a_minus", a_minus)
    return _traced(jnp.asarray(pre), jnp.asarray(post), dt, a_plus, a_minus, tau_plus, tau_minus)


@jax.jit
def _traced(
    pre: jax.Array, post: jax.Array, dt: float, a_plus: float, a_minus: float, tau_plus: float, tau_minus: float
) -> jax.Array:
    def step(
        state: tuple[jax.Array, jax.Array, jax.Array], now: tuple[jax.Array, jax.Array]
    ) -> tuple[tuple[jax.Array, jax.Array, jax.Array], None]:
        # A trace is what is left of earlier spikes, those of this step not among them.
        change, of_pre, of_post = state
        sent, fired = now
        of_pre, of_post = of_pre * jnp.exp(-dt / tau_plus), of_post * jnp.exp(-dt / tau_minus)
        change = change + a_plus * jnp.outer(of_pre, fired) - a_minus * jnp.outer(sent, of_post)
        return (change, of_pre + sent, of_post + fired), None

    kind = jnp.result_type(pre, float)
    start = (
        jnp.zeros((pre.shape[1], post.shape[1]), kind),
        jnp.zeros(pre.shape[1], kind),
        jnp.zeros(post.shape[1], kind),
    )
    return jax.lax.scan(step, start, (pre.astype(kind), post.astype(kind)))[0][0]


def hebbian(weights: jax.Array, x: jax.Array, rate: float = 0.01, *, oja: bool = True) -> jax.Array:
    """Learn without a teacher: what fires together is wired together, and Oja's term keeps weights from growing.

    Formula: y = x W; Δwᵢⱼ = η mean(xᵢ yⱼ), less η mean(yⱼ²) wᵢⱼ with Oja's term
    Shapes: weights (in, out), x (examples, in); the result is the new weights (in, out).
    Parameters: in · out; rate is η.
    Cost: 3 · examples · in · out multiply-adds.
    Training: this is the training.
    Caveats: without Oja's term weights grow without end. With it each unit finds the direction of the largest variance,
        all units the same one.
    Raises: VocabularyError for a negative rate.
    Source: Hebb 1949; Oja 1982, J. Mathematical Biology 15, eq. 3; vocabulary line 4812.

    >>> weights, x = jnp.array([[1.0], [0.0]]), jnp.array([[1.0, 1.0], [-1.0, -1.0]])
    >>> for _ in range(200):
    ...     weights = hebbian(weights, x, 0.1)
    >>> [f"{value:.3f}" for value in weights[:, 0]]  # the diagonal, of length one
    ['0.707', '0.707']
    """
    examples = expect.axes(weights=(weights, "in out"), x=(x, "examples in"))["examples"]
    expect.not_negative("rate", rate)
    y = jnp.matmul(x, weights)
    together = jnp.matmul(jnp.transpose(x), y) / examples
    return weights + rate * (together - jnp.mean(jnp.square(y), axis=0) * weights if oja else together)


def surrogate_spike(v: jax.Array, threshold: float = 1.0, slope: float = 10.0, kind: str = "sigmoid") -> jax.Array:
    """Train through spikes: a step on the way forward, and on the way back the slope of a smooth step in its place.

    Formula: forward v ≥ θ; backward, of x = v − θ, k σ(k x) (1 − σ(k x)) for "sigmoid", k / (1 + (π k x)²) for "arctan"
    Shapes: v of any shape; the result is zeros and ones of that shape.
    Parameters: none; threshold is θ, slope k.
    Cost: a comparison forward, an exponential or a division back.
    Training: the gradient is not that of what is computed, which is zero wherever there is one.
    Caveats: with a small slope gradients reach neurons far from their threshold, with a large one hardly any.
    Raises: VocabularyError for a slope of 0 or less, or another kind.
    Source: Neftci, Mostafa and Zenke 2019 [1901.09948], sec. V; vocabulary line 4192.

    >>> surrogate_spike(jnp.array([0.9, 1.0, 1.1])).tolist()
    [0.0, 1.0, 1.0]
    >>> jax.grad(surrogate_spike)(1.0).item()  # k / 4 at the threshold
    2.5
    """
    expect.axes(v=(v, "..."))
    expect.positive("slope", slope)
    expect.one_of("kind", kind, ("sigmoid", "arctan"))
    return _step(v, threshold, slope, kind)


@partial(jax.custom_jvp, nondiff_argnums=(1, 2, 3))
def _step(v: jax.Array, threshold: float, slope: float, kind: str) -> jax.Array:
    return (jnp.asarray(v) >= threshold).astype(jnp.result_type(v, float))


@_step.defjvp
def _(
    threshold: float, slope: float, kind: str, primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    x = slope * (primals[0] - threshold)
    bend = jax.nn.sigmoid(x) * jax.nn.sigmoid(-x) if kind == "sigmoid" else 1 / (1 + (jnp.pi * x) ** 2)
    return _step(primals[0], threshold, slope, kind), slope * bend * tangents[0]


def rank_order(x: jax.Array, weights: jax.Array, modulation: float = 0.9) -> jax.Array:
    """Tell numbers by who fires first: only the order of spikes counts, and the first counts most.

    Formula: y = Σᵢ wᵢ mʳ⁽ⁱ⁾ with r(i) the rank of xᵢ, 0 for the largest
    Shapes: x (…, inputs), weights (inputs, out); the result is (…, out).
    Parameters: inputs · out; modulation is m.
    Cost: a sorting and inputs · out multiply-adds an example.
    Training: as in evaluation; a rank has no slope.
    Caveats: how much larger one input is than another is lost. Equal inputs rank in their order.
    Raises: VocabularyError for a modulation outside [0, 1].
    Source: Thorpe and Gautrais 1998, Computational Neuroscience: Trends in Research, 113-118; vocabulary line 4188.

    >>> weights = jnp.eye(3)
    >>> rank_order(jnp.array([0.1, 5.0, 2.0]), weights, 0.5).tolist()
    [0.25, 1.0, 0.5]
    """
    expect.axes(x=(x, "... inputs"), weights=(weights, "inputs out"))
    expect.probability("modulation", modulation)
    ranks = jnp.argsort(jnp.argsort(-jnp.asarray(x), axis=-1), axis=-1)
    return jnp.matmul(jnp.power(modulation, ranks), weights)


def spiking_attention(q: jax.Array, k: jax.Array, v: jax.Array, scale: float = 0.125) -> jax.Array:
    """Attend with spikes: queries, keys and values of zeros and ones need no softmax, and no multiplication.

    Formula: s (Q Kᵀ) V = s Q (Kᵀ V)
    Shapes: q, k, v (…, tokens, width) of zeros and ones; the result has the shape of v. What fires on it is another
        neuron.
    Parameters: none; scale is s.
    Cost: tokens² · width additions twice, or width² · tokens where Kᵀ V comes first.
    Training: with slopes in place of spikes (see surrogate-gradient), and a batch norm in front of each neuron.
    Caveats: weights are counts of common spikes: they are not negative, and do not sum to one.
    Raises: VocabularyError for other numbers than zeros and ones, or a scale of 0 or less.
    Source: Zhou et al. 2023, Spikformer [2209.15425], eq. 6; vocabulary line 4951.

    >>> q, k = jnp.array([[1.0, 1.0, 0.0]]), jnp.array([[1.0, 1.0, 1.0]])
    >>> spiking_attention(q, k, jnp.array([[1.0, 0.0, 1.0]]), scale=1.0).tolist()
    [[2.0, 0.0, 2.0]]
    """
    expect.axes(q=(q, "... tokens width"), k=(k, "... others width"), v=(v, "... others width"))
    expect.positive("scale", scale)
    for name, spikes in (("q", q), ("k", k), ("v", v)):
        if not isinstance(spikes, jax.core.Tracer) and not bool(jnp.all((spikes == 0) | (spikes == 1))):
            raise VocabularyError(f"{name}: arrived with other numbers, expected spikes, zeros and ones")
    return scale * jnp.matmul(jnp.matmul(q, jnp.swapaxes(k, -1, -2)), v)
