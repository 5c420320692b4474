"""Learning-rate schedule and optimizer of a cell."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import optax

from netspec import SpecError
from train.config.cell import Cell
from train.config.extra import text_of
from train.config.length import length_of
from train.config.models import own
from train.config.schema import ConfigError
from train.optimizers import Rule, after, core, following, plain, sharpness_aware, slowed_on_plateau
from train.schedules import SHAPES


def learning_rate(cell: Cell, steps_per_epoch: int, peak: Any = None) -> optax.Schedule:
    """Linear warm-up over W of E epochs to the base rate, then half a cosine, a line or none down to a floor.

    The book's is the cosine to zero. With granularity ``epoch`` its rate in epoch e = 0, 1, … is ``base (e+1)/W`` while
    e < W and afterwards ``base/2 (1 + cos(pi (e-W)/(E-W)))``; with ``step`` the same holds for step g = 1, 2, … of all
    steps, ``base g/w`` up to and including g = w, the last step of warm-up. Source: companion repository; book
    ch. 10.3. The ImageNet run of ch. 10.5 counts its steps from zero and warms up by ``base (g+1)/w``, which is the
    same rate at the same step.

    In general the rate after warm-up is ``base (floor + (1 - floor) f)``, where f falls from 1 to 0 as half a cosine or
    as a line, or stays 1 where the schedule is ``constant``, or ``plateau``, where what is observed lowers it; other
    shapes are in :mod:`train.schedules`. ``peak`` takes the place of :func:`peak_rate`: an array in a compiled step,
    which is then the same for all rates.
    """
    schedule = cell.schedule
    base = peak_rate(cell) if peak is None else peak
    length, per_epoch = length_of(cell, steps_per_epoch), schedule.granularity == "epoch"
    unit = steps_per_epoch if per_epoch else 1
    warmup, total = length.warmup // unit, length.steps // unit

    def rate(count: Any) -> Any:
        if per_epoch:
            epoch = count // steps_per_epoch
            rising, position = epoch < warmup, epoch
            climb = (epoch + 1) / max(warmup, 1)
        else:
            position = count + 1
            rising = position <= warmup
            climb = position / max(warmup, 1)
        if schedule.name == "cosine":
            fall = 0.5 * (1 + jnp.cos(jnp.pi * (position - warmup) / (total - warmup)))
        elif schedule.name in SHAPES:
            fall = SHAPES[schedule.name]((position - warmup) / (total - warmup), schedule)
        else:
            fall = 1 - (position - warmup) / (total - warmup) if schedule.name == "linear" else 1.0
        if schedule.floor and schedule.name != "exponential":
            fall = schedule.floor + (1 - schedule.floor) * fall
        return base * jnp.where(rising, climb, fall)

    return rate


def peak_rate(cell: Cell) -> float:
    """The rate after warm-up: the recipe's, times k or √k where it is for a batch a k-th as large.

    Linear scaling is of Goyal et al. 2017 (arXiv:1706.02677), with the root of Krizhevsky 2014 (arXiv:1404.5997), sec.
    5; both want a warm-up.
    """
    options, scaling = cell.optimizer, cell.optimizer.rate_scaling
    if scaling is None:
        return options.learning_rate
    ratio = cell.batch_size / scaling.of_batch
    return options.learning_rate * (ratio if scaling.by == "linear" else math.sqrt(ratio))


def kernels_only(params: Any) -> Any:
    """True on dense and convolution kernels; false on biases, norms, class token and position table."""
    return jax.tree_util.tree_map_with_path(lambda path, _: getattr(path[-1], "key", None) == "kernel", params)


def make_optimizer(cell: Cell, steps_per_epoch: int, peak: Any = None) -> Rule:
    """The optimizer that a cell names, with what is around it: SAM, lookahead, plateau, clipping, from outside in.

    - ``adamw``: ``w <- w - lr (m̂ / (sqrt(v̂) + eps) + weight_decay w)``, Loshchilov and Hutter 2019
      (arXiv:1711.05101).
    - ``sgd``: ``m <- momentum m + g + weight_decay w``, ``w <- w - lr m``: the decay is part of the gradient, as in the
      convolutional ImageNet runs (companion repository), and so momentum carries it on.
    - the others: :mod:`train.optimizers.table`.

    Clipping scales a gradient of a norm above ``clip_norm`` by ``clip_norm / norm``. The book's ImageNet run scaled by
    ``min(1, clip_norm / (norm + 1e-6))``, which where ``clip_norm`` is 1 is less by at most a millionth. The decay mask
    is the book's (companion repository). ``peak`` is that of :func:`learning_rate`.
    """
    options, schedule, rate = cell.optimizer, cell.schedule, learning_rate(cell, steps_per_epoch, peak)
    if cell.own_optimizer is not None:
        rule = plain(own_optimizer(cell.own_optimizer, cell.own_text, rate))
    else:
        rule = core(options, rate, kernels_only if options.decay_mask == "kernels" else None)
    if options.clip_norm is not None:
        rule = after([optax.clip_by_global_norm(options.clip_norm)], rule)
    if schedule.name == "plateau":
        assert schedule.factor is not None and schedule.patience is not None
        rule = slowed_on_plateau(rule, schedule.factor, schedule.patience, schedule.floor)
    if options.lookahead is not None:
        rule = following(rule, options.lookahead.period, options.lookahead.rate)
    if options.sam is not None:
        rule = sharpness_aware(rule, options.sam.radius)
    return rule


def own_optimizer(place: str, text: str | None, rate: optax.Schedule) -> optax.GradientTransformation:
    """The optimizer of ``FILE.py:NAME``: a transformation there is a direction that is scaled by minus the ``rate``, a
    function is called with the rate, and gives the whole.

    Raises :class:`ConfigError` where the file is not the one whose ``text`` the cell was resolved with, and where it
    has something else under the name.
    """
    if text is not None and text_of(place, "key 'own_optimizer'") != text:
        raise ConfigError(
            f"{place}: the file has changed since the cell was resolved, expected the same; resolve it anew"
        )
    found = _loaded(place, text)
    if not isinstance(found, optax.GradientTransformation) and callable(found):
        whole = found(rate)
        if isinstance(whole, optax.GradientTransformation):
            return whole
    elif isinstance(found, optax.GradientTransformation):
        return optax.chain(found, optax.scale_by_learning_rate(rate))
    raise ConfigError(f"{place}: expected an optax transformation, or a function of the rate that gives one")


@cache
def _loaded(place: str, text: str | None) -> Any:
    """The value of a file, run once for each text of it."""
    try:
        return own(place)
    except SpecError as error:
        raise ConfigError(str(error)) from None
