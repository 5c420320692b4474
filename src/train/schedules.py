"""Shapes of the fall of a learning rate, as functions of how much of it is over; warm-up comes before.

Each maps the share ``p`` of the fall that is over, 0 to 1, to a share of the peak rate. Pure functions of the step:
what looks at a metric is in :mod:`train.optimizers.around`. Options and their defaults stand in
``workflow/schemas/recipe.schema.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from train.config.cell import Schedule

#: Of a cycle: the share that rises, the share of the peak it starts from, and the share it ends at.
RISING, START, END = 0.3, 1 / 25, 1e-4


def step(p: Any, schedule: Schedule) -> Any:
    """``factor`` to the number of ``drops`` that are over, as for ResNets (He et al. 2016, arXiv:1512.03385)."""
    return schedule.factor ** jnp.sum(jnp.asarray(p)[..., None] >= jnp.asarray(schedule.drops), axis=-1)


def exponential(p: Any, schedule: Schedule) -> Any:
    """``floor ** p``: the same share is lost in every step, and the fall ends at the floor."""
    return jnp.asarray(schedule.floor) ** p


def one_cycle(p: Any, schedule: Schedule) -> Any:
    """From a 25th of the peak up to it in the first 30 %, then down to a ten-thousandth, both as half a cosine.

    Smith and Topin 2019 (arXiv:1708.07120), whose two lines cosines have replaced since; momentum is not cycled.
    """
    up = START + (1 - START) * 0.5 * (1 - jnp.cos(jnp.pi * p / RISING))
    down = END + (1 - END) * 0.5 * (1 + jnp.cos(jnp.pi * (p - RISING) / (1 - RISING)))
    return jnp.where(p < RISING, up, down)


def restarts(p: Any, schedule: Schedule) -> Any:
    """As many halves of a cosine in a row as there are ``cycles``, of equal length; the last one ends at the floor.

    Loshchilov and Hutter 2017 (arXiv:1608.03983), equation 5 with :math:`T_{mult} = 1`.
    """
    place = jnp.where(jnp.asarray(p) >= 1, 1.0, p * schedule.cycles % 1.0)
    return 0.5 * (1 + jnp.cos(jnp.pi * place))


#: The shapes by their names in a recipe, besides those that :func:`train.optimizer.learning_rate` has itself.
SHAPES: dict[str, Callable[[Any, Schedule], Any]] = {
    "step": step,
    "exponential": exponential,
    "one-cycle": one_cycle,
    "restarts": restarts,
}
