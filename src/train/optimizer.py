"""Learning-rate schedule and optimizer of a cell."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax

from train.config.cell import Cell
from train.config.length import length_of
from train.optimizers import Rule, after, core, following, sharpness_aware, slowed_on_plateau


def learning_rate(cell: Cell, steps_per_epoch: int) -> optax.Schedule:
    """Linear warm-up over W of E epochs to the base rate, then half a cosine, a line or none down to a floor.

    The book's is the cosine to zero. With granularity ``epoch`` its rate in epoch e = 0, 1, … is ``base (e+1)/W`` while
    e < W and afterwards ``base/2 (1 + cos(pi (e-W)/(E-W)))``; with ``step`` the same holds for step g = 1, 2, … of all
    steps, ``base g/w`` up to and including g = w, the last step of warm-up. Source: companion repository; book
    ch. 10.3. The ImageNet run of ch. 10.5 counts its steps from zero and warms up by ``base (g+1)/w``, which is the
    same rate at the same step.

    In general the rate after warm-up is ``base (floor + (1 - floor) f)``, where f falls from 1 to 0 as half a cosine or
    as a line, or stays 1 where the schedule is ``constant`` or falls by what is observed (``plateau``).
    """
    base, schedule = peak_rate(cell), cell.schedule
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
        else:
            fall = 1 - (position - warmup) / (total - warmup) if schedule.name == "linear" else 1.0
        if schedule.floor:
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


def make_optimizer(cell: Cell, steps_per_epoch: int) -> Rule:
    """The optimizer that a cell names, with what is around it: SAM, lookahead, plateau, clipping, from outside in.

    - ``adamw``: ``w <- w - lr (m̂ / (sqrt(v̂) + eps) + weight_decay w)``, Loshchilov and Hutter 2019
      (arXiv:1711.05101).
    - ``sgd``: ``m <- momentum m + g + weight_decay w``, ``w <- w - lr m``: the decay is part of the gradient, as in the
      convolutional ImageNet runs (companion repository), and so momentum carries it on.
    - the others: :mod:`train.optimizers.table`.

    Clipping scales a gradient of a norm above ``clip_norm`` by ``clip_norm / norm``. The book's ImageNet run scaled by
    ``min(1, clip_norm / (norm + 1e-6))``, which where ``clip_norm`` is 1 is less by at most a millionth. The decay mask
    is the book's (companion repository).
    """
    options, schedule = cell.optimizer, cell.schedule
    mask = kernels_only if options.decay_mask == "kernels" else None
    rule = core(options, learning_rate(cell, steps_per_epoch), mask)
    if options.clip_norm is not None:
        rule = after([optax.clip_by_global_norm(options.clip_norm)], rule)
    if schedule.name == "plateau":
        rule = slowed_on_plateau(rule, schedule.factor or 0.5, schedule.patience or 1, schedule.floor)
    if options.lookahead is not None:
        rule = following(rule, options.lookahead.period, options.lookahead.rate)
    if options.sam is not None:
        rule = sharpness_aware(rule, options.sam.radius)
    return rule
