"""What must hold of adversarial training's closed forms, and of a layer of styles."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.spatial.distance
import scipy.special

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.generative.adversarial import gradient_penalty, optimal_discriminator, style_layer
from netspec.vocabulary.programs import traced
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _densities(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return scipy.special.softmax(case.normal(6)), scipy.special.softmax(case.normal(6, seed=1))


def _value(judge: Any, data: Any, generated: Any) -> Any:
    return jnp.sum(data * jnp.log(judge) + generated * jnp.log(1 - judge))


@traced
def _judged(discriminator: Implementation, data: Any, generated: Any) -> tuple[Any, Any, Any]:
    """The best discriminator, the value that it reaches and the gradient there."""
    best = discriminator(data, generated)
    return best, *jax.value_and_grad(_value)(best, data, generated)


def _no_better(discriminator: Implementation, case: Case) -> float:
    """The gradient, each entry relative to the size of its two terms."""
    data, generated = _densities(case)
    best, _, slope = _judged(discriminator, data, generated)
    return float(np.max(np.abs(slope) / (data / best + generated / (1 - best))))


def _jensen_shannon(discriminator: Implementation, case: Case) -> float:
    data, generated = _densities(case)
    expected = 2 * scipy.spatial.distance.jensenshannon(data, generated) ** 2 - np.log(4)
    return apart(_judged(discriminator, data, generated)[1], expected)


_JUDGES = (
    Mistake("real and generated swapped", lambda data, generated: generated / (data + generated)),
    Mistake("always one half", lambda data, generated: 0.5 + 0 * data),
)


@traced
def _penalised(penalty: Implementation, w: Any, square: Any, real: Any, generated: Any, mix: Any) -> Any:
    """The penalty of the critic w · x + square |x|² / 2."""
    return penalty(lambda x: jnp.sum(x * w + square * x**2 / 2, (1, 2)), real, generated, mix)


def _linear(penalty: Implementation, case: Case) -> float:
    """A linear critic has one slope, its weights' norm."""
    w, (real, generated) = case.normal(4, 2), case.normal(2, 3, 4, 2, seed=1)
    return apart(_penalised(penalty, w, 0.0, real, generated, case.uniform(3)), 10 * (np.linalg.norm(w) - 1) ** 2)


def _on_the_way(penalty: Implementation, case: Case) -> float:
    """The gradient of ½ |x|² is x, so the penalty shows where it was taken."""
    (real, generated), mix = case.normal(2, 3, 4, 2, seed=1), case.uniform(3)
    share = mix[:, None, None]
    norms = np.sqrt(np.sum((share * real + (1 - share) * generated) ** 2, (1, 2)))
    found = _penalised(penalty, np.zeros((4, 2)), 1.0, real, generated, mix)
    return apart(found, 10 * np.mean((norms - 1) ** 2))


def _over_the_batch(critic: Any, real: Any, generated: Any, mix: Any) -> Any:
    slopes = jax.grad(lambda x: jnp.sum(critic(x)))(generated)
    return 10 * (jnp.sqrt(jnp.sum(slopes**2)) - 1) ** 2


def _squared(critic: Any, real: Any, generated: Any, mix: Any) -> Any:
    slopes = jax.grad(lambda x: jnp.sum(critic(x)))(generated)
    return 10 * jnp.mean((jnp.sum(slopes.reshape(len(slopes), -1) ** 2, -1) - 1) ** 2)


def _style_inputs(case: Case) -> tuple[np.ndarray, ...]:
    shapes = ((2, 3, 4, 2), (2, 3), (3, 4), (4,), (2, 3, 4), (2,))
    return tuple(case.normal(*shape, seed=seed) for seed, shape in enumerate(shapes))


@traced
def _styled(layer: Implementation, *inputs: Any) -> Any:
    return layer(*inputs)


def _requested(layer: Implementation, case: Case) -> float:
    """Mean and spread of every channel of every image are those that w asks for; epsilon is told apart."""
    x, w, affine, bias, noise, strength = inputs = _style_inputs(case)
    out = _styled(layer, *inputs)
    scale, shift = np.split(w @ affine + bias, 2, -1)
    variance = (x + strength * noise[..., None]).var((1, 2))
    spread = np.abs(scale) * np.sqrt(variance / (variance + 1e-8))
    return max(apart(out.mean((1, 2)), shift), apart(out.std((1, 2)), spread))


def _old_style_lost(layer: Implementation, case: Case) -> float:
    """What scale and shift the channels had before does not matter; so large that epsilon does not."""
    x, *style, strength = _style_inputs(case)
    other = 3e3 * case.uniform(2, low=1, high=2, seed=9)
    before = _styled(layer, 3e3 * x, *style, 0 * strength)
    return apart(_styled(layer, other * x + case.normal(2, seed=8), *style, 0 * strength), before)


def _normalised_over(axes: tuple[int, ...]) -> Any:
    def layer(x: Any, w: Any, affine: Any, bias: Any, noise: Any, strength: Any) -> Any:
        scale, shift = jnp.split((w @ affine + bias)[:, None, None], 2, -1)
        return scale * jax.nn.standardize(x + strength * noise[..., None], axis=axes, epsilon=1e-8) + shift

    return layer


def _noise_last(x: Any, w: Any, affine: Any, bias: Any, noise: Any, strength: Any) -> Any:
    return style_layer(x, w, affine, bias, 0 * noise, strength) + strength * noise[..., None]


def _scale_and_shift_swapped(x: Any, w: Any, affine: Any, bias: Any, noise: Any, strength: Any) -> Any:
    return style_layer(x, w, jnp.roll(affine, 2, -1), jnp.roll(bias, 2), noise, strength)


TERMS = (
    Term(
        "gan",
        optimal_discriminator,
        (
            Property(
                "No discriminator gains by changing it: the value's gradient is 0 there.", _no_better, 1e-12, _JUDGES
            ),
            Property(
                "The value that it reaches is twice the Jensen-Shannon divergence less log 4.",
                _jensen_shannon,
                1e-12,
                _JUDGES,
            ),
        ),
    ),
    Term(
        "wgan",
        gradient_penalty,
        (
            Property(
                "Of a linear critic it is λ (‖w‖ − 1)², whatever the examples.",
                _linear,
                1e-12,
                (
                    Mistake("one norm for the whole batch", _over_the_batch),
                    Mistake("the squared norm held at 1", _squared),
                ),
            ),
            Property(
                "It is taken between real and generated examples, each pair at its own share.",
                _on_the_way,
                1e-12,
                (
                    Mistake("at the generated ones", lambda f, x, y, e: gradient_penalty(f, y, y, e)),
                    Mistake("shares the wrong way round", lambda f, x, y, e: gradient_penalty(f, y, x, e)),
                    Mistake("one share for all", lambda f, x, y, e: gradient_penalty(f, x, y, 0 * e + e[0])),
                ),
            ),
        ),
    ),
    Term(
        "stylegan",
        style_layer,
        (
            Property(
                "Every channel of every image leaves with the mean and the spread that its w asks for.",
                _requested,
                1e-10,
                (
                    Mistake("statistics over the batch", _normalised_over((0, 1, 2))),
                    Mistake("statistics over the channels", _normalised_over((3,))),
                    Mistake("noise after the style", _noise_last),
                    Mistake("scale and shift swapped", _scale_and_shift_swapped),
                ),
            ),
            Property(
                "A scale and a shift that a channel had before leave no trace.",
                _old_style_lost,
                1e-10,
                (
                    Mistake("statistics over the channels", _normalised_over((3,))),
                    Mistake("statistics over the whole image", _normalised_over((1, 2, 3))),
                ),
            ),
        ),
    ),
)
