"""What must hold of losses on distributions and pictures."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from scipy.optimize import linprog
from scipy.special import rel_entr
from scipy.stats import norm

from netspec.vocabulary import losses
from netspec.vocabulary.cases import Case, apart, few
from netspec.vocabulary.losses.generative import Adversaries
from netspec.vocabulary.programs import gradient, program
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _chances(case: Case, seed: int, classes: int) -> np.ndarray:
    drawn = case.uniform(classes, low=0.05, seed=seed)
    return drawn / drawn.sum()


def _independent(divergence: Implementation, case: Case) -> float:
    """Of two things that have nothing to do with each other the divergences add up."""
    p, q, p2, q2 = (_chances(case, seed, 3) for seed in range(4))
    both = program(divergence)(np.log(np.outer(q, q2)).ravel(), np.outer(p, p2).ravel())
    return apart(both, program(divergence)(np.log(q), p) + program(divergence)(np.log(q2), p2))


def _gaussian(divergence: Implementation, case: Case) -> float:
    """Of two normal distributions on a fine grid it is log(s₂/s₁) + (s₁² + (m₁ − m₂)²)/(2 s₂²) − ½."""
    x, width = np.linspace(-30, 30, 1501, retstep=True)  # sums of smooth bells over a grid are exact to rounding
    shift = case.uniform(1, high=2.0)[0]
    p = norm.pdf(x, 0.0, 1.0) * width
    expected = np.log(1.5) + (1 + shift**2) / (2 * 1.5**2) - 0.5
    return apart(program(divergence)(norm.logpdf(x, shift, 1.5) + np.log(width), p), expected)


def _mean_of_all(log_q: jax.Array, p: jax.Array) -> jax.Array:
    return losses.kl_divergence(log_q, p) / p.shape[-1]


def _reversed(log_q: jax.Array, p: jax.Array) -> jax.Array:
    return losses.kl_divergence(jnp.log(jnp.maximum(p, 1e-300)), jnp.exp(log_q))


def _program(cost: np.ndarray) -> float:
    """The least cost of carrying equal masses, by a linear program over plans with the right sums."""
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    sums = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    return linprog(cost.ravel(), A_eq=np.concatenate([rows, columns]), b_eq=sums).fun


def _line(distance: Implementation, case: Case) -> float:
    x, y = case.normal(5), 2 * case.normal(5, seed=1)
    costs = np.abs(x[:, None] - y[None])
    return max(apart(program(distance)(x, y, order), _program(costs**order) ** (1 / order)) for order in (1.0, 2.0))


def _moved(distance: Implementation, case: Case) -> float:
    """What is moved by c is c away, wherever it stands in the list."""
    x = case.normal(5)
    return apart(program(distance)(x, case.rng(1).permutation(x) - 0.1), 0.1)


def _sinkhorn(distance: Implementation, case: Case) -> float:
    """Within ε log(n m) of the linear program in the plane, and never below it: entropies lie from 0 to log(n m)."""
    x, y, epsilon = case.normal(3, 2), case.normal(4, 2, seed=1) + 1, 0.05
    found, least = (
        float(program(distance)(x, y, epsilon=epsilon)),
        _program(np.linalg.norm(x[:, None] - y[None], axis=-1)),
    )
    return max(0.0, least - found, found - least - epsilon * np.log(12)) / least


def _independent_plan(x: jax.Array, y: jax.Array, order: float = 1.0, epsilon: float | None = None) -> jax.Array:
    """Every mass is shared out evenly."""
    return jnp.linalg.norm(x[:, None] - y[None], axis=-1).mean()


def _nearest(x: jax.Array, y: jax.Array, order: float = 1.0, epsilon: float | None = None) -> jax.Array:
    """Every mass goes to what is next to it, however full that is."""
    return jnp.linalg.norm(x[:, None] - y[None], axis=-1).min(1).mean()


def _unsorted(x: jax.Array, y: jax.Array, order: float = 1.0) -> jax.Array:
    return jnp.mean(jnp.abs(x - y) ** order) ** (1 / order)


def _no_root(x: jax.Array, y: jax.Array, order: float = 1.0) -> jax.Array:
    return losses.wasserstein(x, y, order) ** order


def _layers(x: jax.Array) -> list[jax.Array]:
    """Two layers: slopes along the rows, and the mean of the picture."""
    return [x[:, :, 1:] - x[:, :, :-1], 3 * x.mean((1, 2))]


def _as_they_are(x: jax.Array) -> list[jax.Array]:
    return [x]


def _everywhere(x: jax.Array) -> list[jax.Array]:
    """Brightness and contrast of the whole picture."""
    return [x.mean((1, 2)), x.std((1, 2))]


def _pictures(case: Case) -> tuple[np.ndarray, np.ndarray]:
    shape = (few(case)[0], 3, 4)
    return case.normal(*shape), case.normal(*shape, seed=1)


def _by_layer(loss: Implementation, case: Case) -> float:
    x, y = _pictures(case)
    expected = sum(((one - other) ** 2).sum() / one.size for one, other in zip(_layers(x), _layers(y), strict=True))
    return apart(program(loss)(Partial(_layers), x, y), expected)


def _pixels(loss: Implementation, case: Case) -> float:
    """With the pixels themselves as features it is the mean squared error."""
    x, y = _pictures(case)
    return apart(program(loss)(Partial(_as_they_are), x, y), ((x - y) ** 2).mean())


def _shift(loss: Implementation, case: Case) -> float:
    """A pattern that repeats, shifted by a pixel, is the same to features that do not tell places apart."""
    x = np.tile(case.normal(3, 3, 2), (1, 1, 2))
    return abs(float(program(loss)(Partial(_everywhere), x, np.roll(x, 1, 2))))


def _unweighted(features: Implementation, x: jax.Array, y: jax.Array) -> jax.Array:
    return sum(jnp.square(one - other).sum() for one, other in zip(features(x), features(y), strict=True))


def _divergence(adversaries: Implementation, case: Case) -> float:
    """At the best discriminator p/(p + q) its loss is 2 log 2 − 2 JSD(p, q)."""
    real, fake = case.rng(0).permutation([1, 2, 3, 6]), case.rng(1).permutation([2, 2, 4, 4])
    p, q = real / 12, fake / 12
    scores = np.log(p / q)
    shared = (rel_entr(p, (p + q) / 2) + rel_entr(q, (p + q) / 2)).sum() / 2
    found = program(adversaries)(np.repeat(scores, real), np.repeat(scores, fake)).discriminator
    return apart(found, 2 * np.log(2) - 2 * shared)


def _slope(adversaries: Implementation, case: Case) -> float:
    """A generator that is found out, whose examples have scores of −40, has a slope of −1."""
    slope = gradient(_generator(adversaries))(np.full(3, -40.0))
    return apart(slope.sum(), -1.0)


@cache
def _generator(adversaries: Implementation) -> Implementation:
    """The generator's loss of the scores of its examples."""
    return lambda fake: adversaries(jnp.zeros(1), fake).generator


def _saturating(real: jax.Array, fake: jax.Array) -> Adversaries:
    right = losses.adversarial_loss(real, fake)
    return Adversaries(right.discriminator, -jax.nn.softplus(fake).mean())


TERMS = (
    Term(
        "kl-divergence",
        losses.kl_divergence,
        (
            Property(
                "Of independent things the divergences add up.",
                _independent,
                1e-12,
                (Mistake("the mean over all elements, PyTorch's default", _mean_of_all, line=3749),),
            ),
            Property(
                "Of two normal distributions it is log(s₂/s₁) + (s₁² + (m₁ − m₂)²)/(2 s₂²) − ½.",
                _gaussian,
                1e-10,
                (
                    Mistake("the other way round", _reversed),
                    Mistake("cross-entropy", lambda log_q, p: -(p * log_q).sum(-1)),
                ),
            ),
        ),
    ),
    Term(
        "wasserstein",
        losses.wasserstein,
        (
            Property(
                "On a line it is what the linear program over all plans finds, for orders 1 and 2.",
                _line,
                1e-9,  # what the solver leaves
                (
                    Mistake("points paired as they stand", _unsorted),
                    Mistake("without the root of the order", _no_root),
                ),
            ),
            Property(
                "What is moved by c is |c| away, in whatever order it is listed.",
                _moved,
                1e-12,
                (
                    Mistake("points paired as they stand", _unsorted),
                    Mistake("the distance of the means, signed", lambda x, y: 2 * (x.mean() - y.mean())),
                ),
            ),
            Property(
                "In the plane Sinkhorn's plan costs as much as the linear program's, or more by up to ε log(n m).",
                _sinkhorn,
                1e-6,  # how far the sums are off after 500 rounds
                (
                    Mistake("every mass shared out evenly", _independent_plan),
                    Mistake("every mass to what is next to it", _nearest),
                ),
            ),
        ),
    ),
    Term(
        "perceptual-loss",
        losses.perceptual_loss,
        (
            Property(
                "It is the sum over layers of the mean squared difference of their features.",
                _by_layer,
                1e-12,
                (
                    Mistake("layers weighed by their size", _unweighted),
                    Mistake("the last layer alone", lambda f, x, y: jnp.square(f(x)[-1] - f(y)[-1]).mean()),
                ),
            ),
            Property(
                "With pixels as features it is the mean squared error.",
                _pixels,
                1e-12,
                (Mistake("the sum", _unweighted),),
            ),
            Property(
                "To features that do not tell places apart a shifted pattern is the same.",
                _shift,
                1e-12,
                (Mistake("pixels compared as well", lambda f, x, y: losses.mse(x, y) + 0 * f(x)[0].sum()),),
            ),
        ),
    ),
    Term(
        "adversarial-loss",
        losses.adversarial_loss,
        (
            Property(
                "At the best discriminator its loss is 2 log 2 − 2 JSD of both distributions.",
                _divergence,
                1e-12,
                (
                    Mistake("real and generated exchanged", lambda real, fake: losses.adversarial_loss(fake, real)),
                    Mistake(
                        "the mean of both parts",
                        lambda real, fake: Adversaries(*(loss / 2 for loss in losses.adversarial_loss(real, fake))),
                    ),
                ),
            ),
            Property(
                "A generator that is found out still has a slope.",
                _slope,
                1e-12,
                (Mistake("the discriminator's loss turned round, which saturates", _saturating),),
            ),
        ),
    ),
)
