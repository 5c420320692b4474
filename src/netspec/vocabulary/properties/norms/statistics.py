"""What must hold of the norms of examples: instance, group and RMS norm, and the one that takes a style."""

from __future__ import annotations

from typing import Any

import numpy as np

from netspec.vocabulary import norms
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

EPSILON = 1e-2
BATCH, HEIGHT, WIDTH, CHANNELS = 2, 3, 2, 6


def _pictures(case: Case) -> np.ndarray:
    return case.normal(BATCH, HEIGHT, WIDTH, CHANNELS) * (1 + np.arange(CHANNELS)) + np.arange(CHANNELS)


def _over(x: np.ndarray, axes: int | tuple[int, ...], epsilon: float = EPSILON) -> np.ndarray:
    """``x`` by its mean and variance over some axes."""
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def _affine(case: Case) -> tuple[np.ndarray, np.ndarray]:
    scale, shift = case.normal(2, CHANNELS, seed=1)
    return scale, shift


def _instance(instance_norm: Implementation, case: Case) -> float:
    x, (scale, shift) = _pictures(case), _affine(case)
    return apart(instance_norm(x, scale, shift, epsilon=EPSILON), scale * _over(x, (1, 2)) + shift)


def _contrast(instance_norm: Implementation, case: Case) -> float:
    """Each channel of each picture gets a contrast c and a brightness; ε is tiny beside c²σ²."""
    x = _pictures(case)
    contrast = case.uniform(BATCH, 1, 1, CHANNELS, low=1.0, high=3.0, seed=1)
    brightness = case.normal(BATCH, 1, 1, CHANNELS, seed=2)
    return apart(instance_norm(contrast * x + brightness, epsilon=1e-14), instance_norm(x, epsilon=1e-14))


def _group(group_norm: Implementation, case: Case) -> float:
    x, (scale, shift) = _pictures(case), _affine(case)
    parts = [_over(x[..., start : start + 2], (1, 2, 3)) for start in range(0, CHANNELS, 2)]
    return apart(group_norm(x, 3, scale, shift, epsilon=EPSILON), scale * np.concatenate(parts, -1) + shift)


def _group_limits(group_norm: Implementation, case: Case) -> float:
    """One group: all positions and channels together. As many groups as channels: each channel by itself."""
    x = _pictures(case)
    one, all_of_them = (group_norm(x, groups, epsilon=EPSILON) for groups in (1, CHANNELS))
    return max(apart(one, _over(x, (1, 2, 3))), apart(all_of_them, norms.instance_norm(x, epsilon=EPSILON)))


def _rms(rms_norm: Implementation, case: Case) -> float:
    """With inputs of the size of √ε, where it matters where ε stands."""
    x, scale = 0.1 * case.normal(4, CHANNELS), case.normal(CHANNELS, seed=1)
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return apart(rms_norm(x, scale, epsilon=EPSILON), scale * x / np.sqrt(length**2 / CHANNELS + EPSILON))


def _rms_centred(rms_norm: Implementation, case: Case) -> float:
    """And of unit mean square where ε is tiny."""
    x = case.normal(4, CHANNELS)
    centred = x - x.mean(-1, keepdims=True)
    square = np.square(np.asarray(rms_norm(x, epsilon=1e-15))).mean(-1)
    return max(apart(rms_norm(centred, epsilon=EPSILON), _over(x, -1)), apart(square, np.ones(4)))


def _rms_scale(rms_norm: Implementation, case: Case) -> float:
    x = case.normal(4, CHANNELS)
    return apart(rms_norm(10 * x, epsilon=100 * EPSILON), rms_norm(x, epsilon=EPSILON))


def _style(adaptive_instance_norm: Implementation, case: Case) -> float:
    x = _pictures(case)
    scale, shift = case.uniform(BATCH, CHANNELS, low=0.5, high=2.0, seed=1), case.normal(BATCH, CHANNELS, seed=2)
    y = np.asarray(adaptive_instance_norm(x, scale, shift, epsilon=1e-14))
    return max(apart(y.mean((1, 2)), shift), apart(y.std((1, 2)), scale))


def _own_style(adaptive_instance_norm: Implementation, case: Case) -> float:
    x = _pictures(case)
    scale, shift = np.sqrt(x.var((1, 2)) + EPSILON), x.mean((1, 2))
    return apart(adaptive_instance_norm(x, scale, shift, epsilon=EPSILON), x)


def _wrong_instance(axes: Any) -> Implementation:
    """Statistics over other axes."""
    return lambda x, scale=1, shift=0, *, epsilon: scale * _over(x, axes, epsilon) + shift


def _groups_over(axes: Any, spread: bool = False) -> Implementation:
    """Groups with statistics over other axes of (batch, height, width, group, channel of it); or of channels apart."""

    def group_norm(x: np.ndarray, groups: int, scale: Any = 1, shift: Any = 0, *, epsilon: float) -> np.ndarray:
        size = x.shape[-1] // groups
        parts = x.reshape(*x.shape[:-1], *((size, groups) if spread else (groups, size)))
        return scale * _over(parts, axes, epsilon).reshape(x.shape) + shift

    return group_norm


def _eps_outside(x: np.ndarray, scale: Any = 1, *, epsilon: float) -> np.ndarray:
    return x / (np.sqrt(np.square(x).mean(-1, keepdims=True)) + epsilon) * scale


def _length(x: np.ndarray, scale: Any = 1, *, epsilon: float) -> np.ndarray:
    return scale * x / np.sqrt(np.square(x).sum(-1, keepdims=True) + epsilon)


def _centred(x: np.ndarray, scale: Any = 1, *, epsilon: float) -> np.ndarray:
    return scale * _over(x, -1, epsilon)


def _styled(axes: Any, order: int = 1) -> Implementation:
    def adain(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, *, epsilon: float) -> np.ndarray:
        first, second = (scale, shift)[::order]
        return first[:, None, None] * _over(x, axes, epsilon) + second[:, None, None]

    return adain


TERMS = (
    Term(
        "instancenorm",
        norms.instance_norm,
        (
            Property(
                "Each channel of each picture is normalised by its own mean and variance over the positions.",
                _instance,
                1e-12,
                (
                    Mistake("over the batch too", _wrong_instance((0, 1, 2))),
                    Mistake("over the channels too", _wrong_instance((1, 2, 3))),
                    Mistake("over rows only", _wrong_instance(1)),
                ),
            ),
            Property(
                "A contrast and a brightness of each channel of each picture change nothing.",
                _contrast,
                1e-10,
                (
                    Mistake("over the batch too", _wrong_instance((0, 1, 2))),
                    Mistake("the mean left in", lambda x, epsilon: x / np.sqrt(x.var((1, 2), keepdims=True) + epsilon)),
                ),
            ),
        ),
    ),
    Term(
        "groupnorm",
        norms.group_norm,
        (
            Property(
                "Neighbouring channels are one group, normalised over its channels and all positions.",
                _group,
                1e-12,
                (
                    Mistake("a group of every third channel", _groups_over((1, 2, 3), spread=True)),
                    Mistake("each position by itself", _groups_over(-1)),
                    Mistake("over the batch too", _groups_over((0, 1, 2, 4))),
                ),
            ),
            Property(
                "One group is a layer norm over all positions and channels, as many as channels an instance norm.",
                _group_limits,
                1e-12,
                (
                    Mistake("one group as the layer norm of each position", _groups_over(-1), line=2653),
                    Mistake("groups and channels of a group exchanged", _groups_over((1, 2, 3))),
                    Mistake("over the batch too", _groups_over((0, 1, 2, 4))),
                ),
            ),
        ),
    ),
    Term(
        "rmsnorm",
        norms.rms_norm,
        (
            Property(
                "It is γ·x / √(‖x‖²/d + ε), ε under the root.",
                _rms,
                1e-12,
                (
                    Mistake("the epsilon outside of the root", _eps_outside, line=2660),
                    Mistake("the sum of squares in place of their mean", _length),
                    Mistake("the mean taken off", _centred),
                ),
            ),
            Property(
                "Of what has mean zero it is the layer norm without a shift, and its output has mean square 1.",
                _rms_centred,
                1e-12,
                (
                    Mistake("the sum of squares in place of their mean", _length),
                    Mistake("the mean taken off as well", lambda x, epsilon: 1.1 * _centred(x, epsilon=epsilon)),
                    Mistake("the epsilon outside of the root", _eps_outside, line=2660),
                ),
            ),
            Property(
                "RMS(a·x) = RMS(x) for a > 0 with a²·ε in place of ε.",
                _rms_scale,
                1e-12,
                (
                    Mistake("the epsilon outside of the root", _eps_outside, line=2660),
                    Mistake("no root", lambda x, epsilon: x / (np.square(x).mean(-1, keepdims=True) + epsilon)),
                ),
            ),
        ),
    ),
)

ADAIN = Term(
    "adain",
    norms.adaptive_instance_norm,
    (
        Property(
            "Each channel of each picture leaves with the mean and the spread that its style asks for.",
            _style,
            1e-12,
            (
                Mistake("scale and shift exchanged", _styled((1, 2), -1)),
                Mistake("statistics over the batch too", _styled((0, 1, 2))),
                Mistake("the style multiplied on, nothing normalised", lambda x, s, t, epsilon: s[:, None, None] * x),
            ),
        ),
        Property(
            "With its own mean and spread as the style a picture stays as it is.",
            _own_style,
            1e-12,
            (
                Mistake("statistics over the channels too", _styled((1, 2, 3))),
                Mistake(
                    "the shift added before the scale",
                    lambda x, s, t, epsilon: s[:, None, None] * (_over(x, (1, 2), epsilon) + t[:, None, None]),
                ),
            ),
        ),
    ),
)
