"""What must hold of Mixup and CutMix, which the trainer draws."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


class _Mix(NamedTuple):
    """As the trainer draws it: weights of an example's own pixels and label, and the place of its partner."""

    pixels: Any
    label: Any
    partner: Any


def _drawn(draw: Implementation, *arguments: Any) -> _Mix:
    """What the trainer's function draws, as one program, or a mistake in its place."""
    trainers = getattr(draw, "__module__", "").startswith("train.")
    run = program(draw, *range(1, len(arguments) + 1)) if trainers else draw
    return _Mix(*map(np.asarray, run(*arguments, "paper")))


def _mixed(draw: Implementation, case: Case) -> float:
    """Pictures and labels are mixed by one weight, each with one partner, and labels keep their sum."""
    mix = _drawn(draw, case.key, 4000, 0.4)
    labels = np.eye(5)[case.rng(1).integers(5, size=4000)]
    mixed = mix.label * labels + (1 - mix.label) * labels[mix.partner]
    fits = sorted(mix.partner) == list(range(4000)) and mix.label.shape == (4000, 1) and (mix.pixels >= 0).all()
    return max(wrong(fits), apart(mix.label.ravel(), mix.pixels.ravel()), apart(mixed.sum(1), np.ones(4000)))


def _beta(draw: Implementation, case: Case) -> float:
    """Of Beta(α, α) the mean is ½ and the variance 1/(4(2α + 1)); four deviations of the mean of 4,000 are 0.024."""
    weight = _drawn(draw, case.key, 4000, 0.4).pixels
    return float(max(abs(weight.mean() - 0.5), abs(weight.var() - 1 / (4 * 1.8))))


def _boxes(draw: Implementation, case: Case) -> tuple[_Mix, Any]:
    mix = _drawn(draw, case.key, 64, (24, 20), 1.0)
    return mix, mix.pixels[..., 0] == 0


def _area(draw: Implementation, case: Case) -> float:
    mix, cut = _boxes(draw, case)
    one_of_both = wrong(np.isin(mix.pixels, (0, 1)).all() and 0 < cut.mean() < 1)
    return max(one_of_both, apart(mix.label[:, 0], 1 - cut.mean((1, 2))))


def _box(draw: Implementation, case: Case) -> float:
    """One box an example, with sides in proportion to the picture's where no border cuts it."""
    _, cut = _boxes(draw, case)
    rows, columns = np.asarray(cut.any(2)), np.asarray(cut.any(1))
    boxes = np.array_equal(cut, rows[:, :, None] & columns[:, None, :])
    inside = ~(rows[:, 0] | rows[:, -1] | columns[:, 0] | columns[:, -1])
    sides = np.abs(rows.mean(1) - columns.mean(1))[inside].max(initial=0.0)
    runs = max((np.diff(side.astype(int), prepend=0, axis=1) == 1).sum(1).max() for side in (rows, columns))
    return wrong(boxes and runs == 1 and sides <= 2 / 20 + 1e-9)


def _mix(weight: Callable[..., np.ndarray], label: Callable[[np.ndarray], np.ndarray] = lambda w: w) -> Implementation:
    """Mixup with other weights."""

    def draw(key: jax.Array, batch: int, alpha: float, semantics: str) -> _Mix:
        rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        w = weight(rng, alpha, (batch, 1, 1, 1))
        return _Mix(w, label(w[:, :, 0, 0]), rng.permutation(batch))

    return draw


def _beta_of(rng: np.random.Generator, alpha: float, shape: tuple[int, ...]) -> np.ndarray:
    return rng.beta(alpha, alpha, shape)


def _cuts(box: Callable[..., np.ndarray], drawn: bool = False) -> Implementation:
    """CutMix with another shape of what is cut out, or with the weight that was drawn as the label's."""

    def draw(key: jax.Array, batch: int, size: tuple[int, int], alpha: float, semantics: str) -> _Mix:
        rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        kept = rng.random((batch, 1, 1))
        cut = box(rng, kept, *size)
        return _Mix(~cut[..., None], kept[:, 0] if drawn else 1 - cut.mean((1, 2))[:, None], rng.permutation(batch))

    return draw


def _centred(rng: np.random.Generator, kept: np.ndarray, height: int, width: int, square: bool = True) -> np.ndarray:
    """Boxes around a pixel, cut where they leave the picture; or as wide as their area says and as tall as it is."""
    share = np.sqrt(1 - kept)
    tall, wide = height * share // 2, width * (share if square else share**2) // 2
    row, column = rng.integers(height, size=kept.shape), rng.integers(width, size=kept.shape)
    down, across = np.arange(height)[:, None], np.arange(width)
    return (down >= row - tall) & (down < row + tall) & (across >= column - wide) & (across < column + wide)


def _scattered(rng: np.random.Generator, kept: np.ndarray, height: int, width: int) -> np.ndarray:
    return rng.random((len(kept), height, width)) > kept


def _all_over(key: jax.Array, batch: int, size: tuple[int, int], alpha: float, semantics: str) -> _Mix:
    """Mixup in place of CutMix."""
    mix = _mix(_beta_of)(key, batch, alpha, semantics)
    return mix._replace(pixels=np.broadcast_to(mix.pixels, (batch, *size, 1)))


TERMS = (
    Term(
        "mixup",
        None,
        (
            Property(
                "Picture and label are mixed by the same weight with one partner each, and labels keep their sum.",
                _mixed,
                1e-6,
                (
                    Mistake("labels left as they are", _mix(_beta_of, np.ones_like), line=3847),
                    Mistake("labels by the larger of both weights", _mix(_beta_of, lambda w: np.maximum(w, 1 - w))),
                ),
            ),
            Property(
                "4,000 weights have the mean and the variance of Beta(α, α), within four deviations.",
                _beta,
                0.024,
                (
                    Mistake("a uniform weight", _mix(lambda rng, alpha, shape: rng.random(shape))),
                    Mistake("one half always", _mix(lambda rng, alpha, shape: np.full(shape, 0.5))),
                    Mistake("α as the weight", _mix(lambda rng, alpha, shape: np.full(shape, alpha))),
                ),
            ),
        ),
    ),
    Term(
        "cutmix",
        None,
        (
            Property(
                "A pixel is of one picture or the other, and the label's weight is the share that is kept.",
                _area,
                1e-6,
                (
                    Mistake("the weight that was drawn, before the border cuts", _cuts(_centred, drawn=True)),
                    Mistake("mixed all over", _all_over),
                ),
            ),
            Property(
                "What is cut is one box, in proportion to the picture where no border cuts it.",
                _box,
                0.0,
                (
                    Mistake("scattered pixels", _cuts(_scattered)),
                    Mistake("as wide as the area says", _cuts(partial(_centred, square=False))),
                ),
            ),
        ),
    ),
)
