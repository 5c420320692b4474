"""Learning-rate schedule and optimizer of a cell, from optax."""

from __future__ import annotations

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
from train.schedules import SHAPES


def learning_rate(cell: Cell, steps_per_epoch: int, peak: Any = None) -> optax.Schedule:
    """Linear warm-up over W of E epochs to the base rate, then half a cosine, a line or none down to a floor.

    The book's is the cosine to zero. With granularity ``epoch`` its rate in epoch e = 0, 1, … is ``base (e+1)/W`` while
    e < W and afterwards ``base/2 (1 + cos(pi (e-W)/(E-W)))``; with ``step`` the same holds for step g = 1, 2, … of all
    steps, ``base g/w`` up to and including g = w, the last step of warm-up. Source: companion repository; book
    ch. 10.3. The ImageNet run of ch. 10.5 counts its steps from zero and warms up by ``base (g+1)/w``, which is the
    same rate at the same step.

    In general the rate after warm-up is ``base (floor + (1 - floor) f)``, where f falls from 1 to 0 as half a cosine or
    as a line, or stays 1 where the schedule is ``constant``; other shapes are in :mod:`train.schedules`. ``peak`` takes
    the place of the cell's base rate: an array in a compiled step, which is then the same for all rates.
    """
    schedule = cell.schedule
    base = cell.optimizer.learning_rate if peak is None else peak
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


def kernels_only(params: Any) -> Any:
    """True on dense and convolution kernels; false on biases, norms, class token and position table."""
    return jax.tree_util.tree_map_with_path(lambda path, _: getattr(path[-1], "key", None) == "kernel", params)


def make_optimizer(cell: Cell, steps_per_epoch: int, peak: Any = None) -> optax.GradientTransformation:
    """AdamW or SGD with momentum, after clipping by global norm where asked.

    - ``adamw``: ``w <- w - lr (m̂ / (sqrt(v̂) + eps) + weight_decay w)``, Loshchilov and Hutter 2019
      (arXiv:1711.05101).
    - ``sgd``: ``m <- momentum m + g + weight_decay w``, ``w <- w - lr m``: the decay is part of the gradient, as in the
      convolutional ImageNet runs (companion repository), and so momentum carries it on.

    Clipping scales a gradient of a norm above ``clip_norm`` by ``clip_norm / norm``. The book's ImageNet run scaled by
    ``min(1, clip_norm / (norm + 1e-6))``, which where ``clip_norm`` is 1 is less by at most a millionth. The decay mask
    is the book's (companion repository). ``peak`` is that of :func:`learning_rate`.
    """
    options, rate = cell.optimizer, learning_rate(cell, steps_per_epoch, peak)
    if cell.own_optimizer is not None:
        clip = [] if options.clip_norm is None else [optax.clip_by_global_norm(options.clip_norm)]
        return optax.chain(*clip, own_optimizer(cell.own_optimizer, cell.own_text, rate))
    mask = kernels_only if options.decay_mask == "kernels" else None
    if options.name == "adamw":
        betas = {"b1": options.beta1, "b2": options.beta2, "eps": options.epsilon}
        parts = [optax.adamw(rate, **betas, weight_decay=options.weight_decay, mask=mask)]
    else:
        parts = [optax.add_decayed_weights(options.weight_decay, mask), optax.sgd(rate, options.momentum)]
    if options.clip_norm is not None:
        parts.insert(0, optax.clip_by_global_norm(options.clip_norm))
    return optax.chain(*parts)


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
