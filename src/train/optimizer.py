"""Learning-rate schedule and optimizer of a cell, from optax."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from train.cell import Cell


def learning_rate(cell: Cell, steps_per_epoch: int) -> optax.Schedule:
    """Linear warm-up over W of E epochs to the base rate, then half a cosine to zero.

    With granularity ``epoch`` the rate of epoch e = 0, 1, … is ``base (e+1)/W`` while e < W and afterwards
    ``base/2 (1 + cos(pi (e-W)/(E-W)))``; with ``step`` the same holds for step g = 1, 2, … of all steps, ``base g/w``
    up to and including g = w, the last step of warm-up. Source: companion repository; book ch. 10.3.
    """
    base, per_epoch = cell.optimizer.learning_rate, cell.schedule.granularity == "epoch"
    unit = 1 if per_epoch else steps_per_epoch
    warmup, total = cell.schedule.warmup_epochs * unit, cell.epochs * unit

    def rate(count):
        if per_epoch:
            epoch = count // steps_per_epoch
            rising, position = epoch < warmup, epoch
            climb = (epoch + 1) / max(warmup, 1)
        else:
            position = count + 1
            rising = position <= warmup
            climb = position / max(warmup, 1)
        fall = 0.5 * (1 + jnp.cos(jnp.pi * (position - warmup) / (total - warmup)))
        return base * jnp.where(rising, climb, fall)

    return rate


def kernels_only(params):
    """True on dense and convolution kernels; false on biases, norms, class token and position table."""
    return jax.tree_util.tree_map_with_path(lambda path, _: getattr(path[-1], "key", None) == "kernel", params)


def make_optimizer(cell: Cell, steps_per_epoch: int) -> optax.GradientTransformation:
    """AdamW: ``w <- w - lr (m̂ / (sqrt(v̂) + eps) + weight_decay w)``, with clipping by global norm where asked.

    Source: Loshchilov and Hutter 2019 (arXiv:1711.05101); the decay mask is the book's (companion
    repository).
    """
    options = cell.optimizer
    adamw = optax.adamw(
        learning_rate(cell, steps_per_epoch),
        b1=options.beta1,
        b2=options.beta2,
        eps=options.epsilon,
        weight_decay=options.weight_decay,
        mask=kernels_only if options.decay_mask == "kernels" else None,
    )
    if options.clip_norm is None:
        return adamw
    return optax.chain(optax.clip_by_global_norm(options.clip_norm), adamw)
