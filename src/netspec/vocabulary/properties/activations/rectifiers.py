"""What must hold of ReLU and its relatives with another negative side, and of the weights that SELU needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import activations
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.properties.activations.drawn import inputs, slopes
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: The constants of SELU to as many digits as the document prints.
PRINTED_SCALE, PRINTED_ALPHA = 1.0507, 1.6733
#: Networks of 20 layers of this width keep their variance within a tenth: it wanders by about 1/sqrt(WIDTH) a layer.
LAYERS, WIDTH = 20, 128


def _relu_parts(relu: Implementation, case: Case) -> float:
    x = inputs(case)
    return apart(relu(x) - relu(-x), x)


def _relu_slope(relu: Implementation, case: Case) -> float:
    x = inputs(case)
    return apart(slopes(relu, x), x > 0)


def _leaky(leaky_relu: Implementation, case: Case) -> float:
    x = inputs(case)
    pairs = [(leaky_relu(x, slope), np.maximum(x, slope * x)) for slope in (0.0, 0.2, 1.0)]
    return max(apart(leaky_relu(x), np.maximum(x, 0.01 * x)), *(apart(*pair) for pair in pairs))


def _leaky_undone(leaky_relu: Implementation, case: Case) -> float:
    x = inputs(case)
    return apart(-leaky_relu(-leaky_relu(x, 0.25) / 0.25, 0.25), x)


def _prelu(prelu: Implementation, case: Case) -> float:
    x = inputs(case).reshape(8, 3)
    slope = case.uniform(3, low=-0.5, high=2.5, seed=1)
    return apart(prelu(x, slope), np.maximum(x, 0) + slope * np.minimum(x, 0))


def _prelu_learned(prelu: Implementation, case: Case) -> float:
    x, arriving = inputs(case).reshape(8, 3), case.normal(8, 3, seed=1)
    found = _slope_learned(prelu)(jnp.full(3, 0.25), x, arriving)
    return apart(found, (arriving * np.minimum(x, 0)).sum(axis=0))


@cache
def _slope_learned(prelu: Implementation) -> Callable[..., jax.Array]:
    return jax.jit(jax.grad(lambda slope, x, arriving: (arriving * prelu(x, slope)).sum()))


def _elu(elu: Implementation, case: Case) -> float:
    x = inputs(case)
    return max(apart(elu(x, alpha), np.where(x > 0, x, alpha * np.expm1(x))) for alpha in (0.5, 1.0, 2.0))


def _elu_slope(elu: Implementation, case: Case) -> float:
    x = inputs(case)
    return apart(slopes(elu, x), np.where(x > 0, 1.0, np.asarray(elu(x)) + 1))


def _of_a_standard_normal(function: Implementation) -> tuple[float, float]:
    """Mean and variance of a function of a standard normal number, by quadrature on both sides of its corner at 0."""
    nodes, weights = np.polynomial.legendre.leggauss(120)
    x = np.concatenate([7 * (nodes - 1), 7 * (nodes + 1)])
    mass = 7 * np.tile(weights, 2) * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    y = np.asarray(function(x))
    mean = (mass * y).sum()
    return mean, (mass * (y - mean) ** 2).sum()


def _selu_keeps(selu: Implementation, case: Case) -> float:
    return apart(_of_a_standard_normal(selu), [0.0, 1.0])


def _selu_shape(selu: Implementation, case: Case) -> float:
    x = inputs(case)
    scale, limit = selu(np.ones(1)), selu(np.full(1, -800.0))
    return apart(selu(x), np.where(x > 0, scale * x, -limit * np.expm1(x)))


def _lecun_spread(lecun_normal: Implementation, case: Case) -> float:
    """The spread of 80,000 numbers is known to 1/400: three of that are allowed."""
    kernel = lecun_normal(case.key, (10, 40, 200))
    return max(apart(kernel.std(), 1 / np.sqrt(400)), float(abs(kernel.mean())))


def _lecun_network(lecun_normal: Implementation, case: Case) -> float:
    x = _network(lecun_normal)(jnp.asarray(case.normal(64, WIDTH)), jax.random.split(case.key, LAYERS))
    return max(float(abs(x.mean())), float(abs(x.var() - 1)))


@cache
def _network(draw: Implementation) -> Callable[[jax.Array, jax.Array], jax.Array]:
    def layer(x: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
        return jax.nn.selu(x @ draw(key, (WIDTH, WIDTH))), None

    return jax.jit(lambda x, keys: jax.lax.scan(layer, x, keys)[0])


def _scaled(initializer: jax.nn.initializers.Initializer) -> Implementation:
    return lambda key, shape: initializer(key, shape, jnp.float64)


def _elu_of(x: np.ndarray, alpha: float, scale: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / scale))


TERMS = (
    Term(
        "relu",
        activations.relu,
        (
            Property(
                "Of an input and its negative it keeps one: relu(x) − relu(−x) = x.",
                _relu_parts,
                0.0,
                (
                    Mistake("the absolute value", np.abs),
                    Mistake("a leak of a hundredth", lambda x: np.where(x > 0, x, 0.01 * x)),
                ),
            ),
            Property(
                "Its slope is 1 above zero and 0 below.",
                _relu_slope,
                0.0,
                (
                    Mistake("cut at 6 and at −1", lambda x: jnp.clip(x, -1, 6)),
                    Mistake("a gradient that ignores the corner", lambda x: x + jax.lax.stop_gradient(jnp.abs(x))),
                ),
            ),
        ),
    ),
    Term(
        "leaky-relu",
        activations.leaky_relu,
        (
            Property(
                "For slopes up to 1 it is the larger of x and s·x, with s = 0.01 if nothing is said.",
                _leaky,
                0.0,
                (
                    Mistake("the smaller of both", lambda x, s=0.01: np.minimum(x, s * x)),
                    Mistake("a slope of a fifth if nothing is said", lambda x, s=0.2: np.maximum(x, s * x)),
                    Mistake("the slope on both sides", lambda x, s=0.01: s * x),
                ),
            ),
            Property(
                "Turned over, divided by the slope and turned back it is its own inverse.",
                _leaky_undone,
                1e-15,
                (
                    Mistake("no leak", lambda x, s=0.01: np.maximum(x, 0)),
                    Mistake("the exponential of ELU below zero", lambda x, s=0.01: _elu_of(x, s)),
                ),
            ),
        ),
    ),
    Term(
        "prelu",
        activations.prelu,
        (
            Property(
                "It is max(x, 0) + a·min(x, 0), for slopes above 1 and below 0 too.",
                _prelu,
                1e-15,
                (
                    Mistake("the larger of x and a·x", lambda x, a: np.maximum(x, a * x)),
                    Mistake("one slope for all channels", lambda x, a: np.where(x > 0, x, a[0] * x)),
                ),
            ),
            Property(
                "The gradient of a slope is the sum of min(x, 0) times what arrives.",
                _prelu_learned,
                1e-13,
                (
                    Mistake("a slope that is not learned", lambda x, a: jax.nn.leaky_relu(x, jax.lax.stop_gradient(a))),
                    Mistake("the mean of the slopes for all", lambda x, a: jax.nn.leaky_relu(x, a.mean() + 0.1 * a)),
                ),
            ),
        ),
    ),
    Term(
        "elu",
        activations.elu,
        (
            Property(
                "It is x above zero and α(eˣ − 1) below.",
                _elu,
                1e-15,
                (
                    Mistake("x/α in the exponential, as CELU has it", lambda x, a: _elu_of(x, a, a)),
                    Mistake("α on both sides", lambda x, a: a * _elu_of(x, 1.0)),
                    Mistake("the exponential without the one", lambda x, a: np.where(x > 0, x, a * np.exp(x))),
                ),
            ),
            Property(
                "With α = 1 its slope below zero is its value plus 1, and so without a jump at zero.",
                _elu_slope,
                1e-14,
                (
                    Mistake("half an exponential below zero", lambda x: jax.nn.elu(x, 0.5)),
                    Mistake("a straight line below zero", lambda x: jax.nn.leaky_relu(x, 0.5)),
                ),
            ),
        ),
    ),
    Term(
        "selu",
        activations.selu,
        (
            Property(
                "A standard normal number leaves with mean 0 and variance 1 (by quadrature).",
                _selu_keeps,
                1e-12,
                (
                    Mistake("an ELU with the α of SELU", lambda x: _elu_of(x, PRINTED_ALPHA), line=2741),
                    Mistake("both constants to four decimals", lambda x: PRINTED_SCALE * _elu_of(x, PRINTED_ALPHA)),
                    Mistake("α and λ for one another", lambda x: PRINTED_ALPHA * _elu_of(x, PRINTED_SCALE)),
                ),
            ),
            Property(
                "It is λ times an ELU: λ is its value at 1, and −λα where it saturates.",
                _selu_shape,
                1e-14,
                (
                    Mistake("no limit below zero", lambda x: PRINTED_SCALE * np.where(x > 0, x, x / 2)),
                    Mistake("a softplus with a limit", lambda x: PRINTED_SCALE * (np.logaddexp(0, x) - 0.5)),
                ),
            ),
        ),
    ),
    Term(
        "lecun-normal-init",
        activations.lecun_normal,
        (
            Property(
                "80,000 weights have mean 0 and a spread of 1/√(fan-in), fan-in being all axes but the last.",
                _lecun_spread,
                0.0075,
                (
                    Mistake("twice the variance, for ReLU", _scaled(jax.nn.initializers.he_normal())),
                    Mistake("the mean of fan-in and fan-out", _scaled(jax.nn.initializers.glorot_normal())),
                    Mistake("the axis before the last alone", lambda key, s: jax.random.normal(key, s) / s[-2] ** 0.5),
                ),
            ),
            Property(
                "20 layers of SELU keep the mean of their outputs at 0 and the variance at 1.",
                _lecun_network,
                0.2,
                (
                    Mistake("twice the variance, for ReLU", _scaled(jax.nn.initializers.he_normal())),
                    Mistake("half the variance", lambda key, s: jax.random.normal(key, s) / (2 * s[0]) ** 0.5),
                ),
            ),
        ),
    ),
)
