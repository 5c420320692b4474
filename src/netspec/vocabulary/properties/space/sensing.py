"""What must hold of rules with degrees of truth, of splats and of learning from sound."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import scipy.stats

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import traced
from netspec.vocabulary.space.audio import wav2vec_loss
from netspec.vocabulary.space.logic import RealLogic
from netspec.vocabulary.space.splatting import splat
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


@traced
def _truths(logic: Implementation, a: Any, b: Any) -> tuple[Any, ...]:
    """Not a, a and b, a or b, a implies b, all of a, some of a; and what De Morgan says of the third and the fifth."""
    rules = logic(p=2)
    nor = rules.both(rules.negate(a), rules.negate(b))
    none = rules.exists(rules.negate(a))
    return (
        rules.negate(a),
        rules.both(a, b),
        rules.either(a, b),
        rules.implies(a, b),
        rules.forall(a),
        rules.exists(a),
        rules.negate(nor),
        rules.negate(none),
        rules.either(rules.negate(a), b),
    )


def _boolean(logic: Implementation, case: Case) -> float:
    """On 0 and 1: connectives on all pairs; all of two is 1, and some of them is above 0, just where it should be."""
    rows = np.array(list(product((0.0, 1.0), repeat=4))).reshape(16, 2, 2)
    a, b = rows[:, 0] > 0, rows[:, 1] > 0
    *connectives, every, some = _truths(logic, rows[:, 0], rows[:, 1])[:6]
    quantified = wrong([np.asarray(every) == 1, np.asarray(some) > 0] == np.stack([a.all(-1), a.any(-1)]))
    return max(quantified, apart(np.stack(connectives), 1.0 * np.stack([~a, a & b, a | b, ~a | b])))


def _de_morgan(logic: Implementation, case: Case) -> float:
    a, b = case.uniform(2, 16, 2, seed=1)
    found = _truths(logic, a, b)
    return max(apart(found[2], found[6]), apart(found[4], found[7]), apart(found[3], found[8]))


def _between(logic: Implementation, case: Case) -> float:
    """All of equal degrees is that degree; else doubt lies from that of the worst over √2 to that of the worst."""
    a = case.uniform(16, 2, seed=2)
    alike, found = a.copy(), _truths(logic, a, a)[4]
    alike[:, 1] = alike[:, 0]
    worst = 1 - a.min(-1)
    outside = np.maximum(1 - found - worst, worst / np.sqrt(2) - (1 - found)).max()
    return max(apart(_truths(logic, alike, alike)[4], alike[:, 0]), float(outside))


@dataclass(frozen=True)
class _Converse(RealLogic):
    def implies(self, a: Any, b: Any) -> Any:
        return super().implies(b, a)


@dataclass(frozen=True)
class _Mean(RealLogic):
    def both(self, a: Any, b: Any) -> Any:
        return (a + b) / 2


@dataclass(frozen=True)
class _Sum(RealLogic):
    def either(self, a: Any, b: Any) -> Any:
        return jnp.minimum(a + b, 1)


@dataclass(frozen=True)
class _Product(RealLogic):
    def forall(self, a: Any) -> Any:
        return jnp.prod(a, -1)


@dataclass(frozen=True)
class _Lenient(RealLogic):
    def forall(self, a: Any) -> Any:
        return self.exists(a)


@traced
def _drawn(renderer: Implementation, *scene: Any) -> Any:
    return renderer(*scene)


def _scene(case: Case) -> tuple[np.ndarray, ...]:
    """Pixels, and six Gaussians: means, covariances, opacities, colours and depths."""
    roots = case.normal(6, 2, 2, seed=2) / 2
    covariances = roots @ np.swapaxes(roots, 1, 2) + 0.3 * np.eye(2)
    return (
        case.normal(5, 2),
        case.normal(6, 2, seed=1),
        covariances,
        case.uniform(6, seed=3),
        case.uniform(6, 3, seed=4),
        case.uniform(6, seed=5),
    )


def _volume(renderer: Implementation, case: Case) -> float:
    """Along a ray with densities σ over lengths δ, with opacities 1 − exp(−σ δ), it is NeRF's sum."""
    pixels, _, covariances, _, colors, depths = _scene(case)
    optical = case.uniform(6, low=0.1, high=2, seed=6)
    order = np.argsort(depths)
    before = np.exp(-(np.cumsum(optical[order]) - optical[order]))
    expected = (before * (1 - np.exp(-optical[order]))) @ colors[order]
    scene = np.tile(pixels[:1], (5, 1)), np.tile(pixels[0], (6, 1)), covariances, 1 - np.exp(-optical), colors, depths
    return apart(_drawn(renderer, *scene), np.tile(expected, (5, 1)))


def _one_splat(renderer: Implementation, case: Case) -> float:
    """One that is not clear and five that are: its colour by its opacity, as the normal density falls."""
    pixels, means, covariances, _, colors, depths = _scene(case)
    normal = scipy.stats.multivariate_normal(means[2], covariances[2])
    falls = np.exp(normal.logpdf(pixels) - normal.logpdf(means[2]))
    found = _drawn(renderer, pixels, means, covariances, 0.8 * np.eye(6)[2], colors, depths)
    return apart(found, 0.8 * falls[:, None] * colors[2])


def _listed(renderer: Implementation, case: Case) -> float:
    """The order in which Gaussians are listed does not matter, their depths do."""
    pixels, *splats = _scene(case)
    order = case.rng(7).permutation(6)
    return apart(_drawn(renderer, pixels, *(one[order] for one in splats)), _drawn(renderer, pixels, *splats))


def _added(pixels: Any, *splats: Any) -> Any:
    """Nothing hides anything."""

    def alone(mean: Any, covariance: Any, opacity: Any, color: Any, depth: Any) -> Any:
        return splat(pixels, mean[None], covariance[None], opacity[None], color[None], depth[None])

    return jnp.sum(jax.vmap(alone)(*splats), 0)


def _as_listed(pixels: Any, means: Any, covariances: Any, opacities: Any, colors: Any, depths: Any) -> Any:
    return splat(pixels, means, covariances, opacities, colors, jnp.arange(6))


_BACK = Mistake("the farthest in front", lambda p, m, s, o, c, depths: splat(p, m, s, o, c, -depths))


@traced
def _loss(loss: Implementation, context: Any, targets: Any, negatives: Any, mask: Any) -> Any:
    return loss(context, targets, negatives, mask)


@traced
def _slopes(loss: Implementation, context: Any, targets: Any, negatives: Any, mask: Any) -> Any:
    """The gradient by what the transformer gives."""
    return jax.grad(loss)(context, targets, negatives, mask)


def _speech(case: Case) -> tuple[np.ndarray, ...]:
    """Six frames, the distractors of each, and which are masked."""
    negatives = np.array([[(frame + shift) % 6 for shift in (1, 2, 4)] for frame in range(6)])
    return case.normal(6, 3), case.normal(6, 3, seed=1), negatives, np.array([True, False, True, True, False, False])


def _cross_entropy(loss: Implementation, case: Case) -> float:
    context, targets, negatives, mask = _speech(case)
    candidates = np.concatenate([targets[:, None], targets[negatives]], 1)
    lengths = np.linalg.norm(context, axis=-1)[:, None] * np.linalg.norm(candidates, axis=-1)
    logits = np.einsum("tf,tcf->tc", context, candidates) / lengths / 0.1
    losses = _entropies(logits)
    return apart(_loss(loss, context, targets, negatives, mask), np.mean(np.asarray(losses)[mask]))


@jax.jit
def _entropies(logits: Any) -> Any:
    """Optax's cross-entropy for the first of all candidates."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, jnp.zeros(len(logits), int))


def _guessing(loss: Implementation, case: Case) -> float:
    """Where all frames sound alike, one of four is guessed: log 4, whatever the context is."""
    context, _, negatives, mask = _speech(case)
    return apart(_loss(loss, context, np.ones((6, 3)), negatives, mask), np.log(4))


def _masked_only(loss: Implementation, case: Case) -> float:
    """Outputs at frames that were not masked get no gradient; their share of it is the residual."""
    context, targets, negatives, mask = _speech(case)
    slopes = np.abs(_slopes(loss, context, targets, negatives, mask)).max(-1)
    return float(slopes[~mask].max() / slopes[mask].max())


def _every_frame(context: Any, targets: Any, negatives: Any, mask: Any) -> Any:
    return wav2vec_loss(context, targets, negatives, mask | True)


def _logits(context: Any, targets: Any, negatives: Any) -> Any:
    """Cosines by the temperature, ``(frames, 1 + distractors)``."""
    candidates = jnp.concatenate([targets[:, None], targets[negatives]], 1)
    lengths = jnp.linalg.norm(context, axis=-1)[:, None] * jnp.linalg.norm(candidates, axis=-1)
    return jnp.einsum("tf,tcf->tc", context, candidates) / lengths / 0.1


def _without_itself(context: Any, targets: Any, negatives: Any, mask: Any) -> Any:
    """The true frame left out of the sum below."""
    logits = _logits(context, targets, negatives)
    losses = jnp.log(jnp.sum(jnp.exp(logits[:, 1:]), -1)) - logits[:, 0]
    return jnp.sum(jnp.where(mask, losses, 0)) / jnp.sum(mask)


def _inner_products(context: Any, targets: Any, negatives: Any, mask: Any) -> Any:
    candidates = jnp.concatenate([targets[:, None], targets[negatives]], 1)
    losses = -jax.nn.log_softmax(jnp.einsum("tf,tcf->tc", context, candidates) / 0.1, -1)[:, 0]
    return jnp.sum(jnp.where(mask, losses, 0)) / jnp.sum(mask)


TERMS = (
    Term(
        "neuro-symbolic",
        RealLogic,
        (
            Property(
                "On 0 and 1 it is logic.",
                _boolean,
                1e-12,
                (Mistake("the converse", _Converse), Mistake("the mean for and", _Mean)),
            ),
            Property(
                "De Morgan's laws hold for all degrees, and a → b is ¬a ∨ b.",
                _de_morgan,
                1e-12,
                (Mistake("a sum that is cut for or", _Sum), Mistake("the product for all", _Product)),
            ),
            Property(
                "All of equal degrees is that degree, and never less than the worst.",
                _between,
                1e-12,
                (Mistake("the product for all", _Product), Mistake("some for all", _Lenient)),
            ),
        ),
    ),
    Term(
        "gaussian-splatting",
        splat,
        (
            Property(
                "Along a ray it is volume rendering, with opacities 1 − exp(−σ δ).",
                _volume,
                1e-12,
                (_BACK, Mistake("colours that add up", _added)),
            ),
            Property(
                "One Gaussian gives its colour by its opacity, as the normal density falls.",
                _one_splat,
                1e-12,
                (
                    Mistake("no half in the exponent", lambda p, m, s, *rest: splat(p, m, s / 2, *rest)),
                    Mistake("the covariance for its root", lambda p, m, s, *rest: splat(p, m, s @ s, *rest)),
                ),
            ),
            Property(
                "The order in which Gaussians are listed does not matter.",
                _listed,
                1e-12,
                (Mistake("drawn as they are listed", _as_listed),),
            ),
        ),
    ),
    Term(
        "wav2vec",
        wav2vec_loss,
        (
            Property(
                "It is Optax's cross-entropy of cosines, over the masked frames.",
                _cross_entropy,
                1e-12,
                (
                    Mistake("every frame", _every_frame),
                    Mistake("the true frame not among the candidates", _without_itself),
                    Mistake("a temperature of 1", lambda c, q, n, m: wav2vec_loss(c, q, n, m, 1.0)),
                    Mistake("inner products for cosines", _inner_products),
                ),
            ),
            Property(
                "Where all frames are alike it is the logarithm of how many candidates there are.",
                _guessing,
                1e-12,
                (Mistake("the true frame not among the candidates", _without_itself),),
            ),
            Property(
                "Frames that were not masked get no gradient.",
                _masked_only,
                0.0,
                (Mistake("every frame", _every_frame),),
            ),
        ),
    ),
)
