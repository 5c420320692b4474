"""Computations that show errors of the document about regularisation."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary.evidence import Evidence
from netspec.vocabulary.regularisers import soft_threshold


def adamw_is_not_l2() -> Evidence:
    """Where the weight 1 is after ten steps with gradients of 1 and 0.1, for AdamW and for Adam with the L2 penalty."""
    after = {}
    for name in ("AdamW", "Adam with L2"):
        for gradient in (1.0, 0.1):
            weight = jnp.array(1.0)
            method = optax.adamw(0.1, weight_decay=0.5) if name == "AdamW" else optax.adam(0.1)
            state = method.init(weight)
            for _ in range(10):
                penalised = gradient + (0.5 * weight if name != "AdamW" else 0.0)
                updates, state = method.update(jnp.asarray(penalised), state, weight)
                weight = optax.apply_updates(weight, updates)
            after[name, gradient] = float(weight)
    return Evidence(
        "AdamW's weight decay is L2 regularization",
        "after ten steps the weight is "
        + "; ".join(f"{value:.3f} ({name}, gradient {gradient})" for (name, gradient), value in after.items()),
        abs(after["AdamW", 1.0] - after["Adam with L2", 1.0]) > 0.1,
    )


def gradient_steps_leave_no_zeros() -> Evidence:
    """A lasso on an orthogonal design, by 500 gradient steps and by 500 proximal ones."""
    aim, strength, rate = np.random.default_rng(0).standard_normal(50), 0.7, 0.1
    by_gradient = by_proximal = np.full(50, 0.5)
    for _ in range(500):
        by_gradient = by_gradient - rate * (by_gradient - aim + strength * np.sign(by_gradient))
        by_proximal = np.asarray(soft_threshold(by_proximal - rate * (by_proximal - aim), rate * strength))
    zeros = [int((found == 0).sum()) for found in (by_gradient, by_proximal)]
    wanted = int((np.abs(aim) <= strength).sum())
    return Evidence(
        "adding |w| to the loss makes weights zero",
        f"of {wanted} zeros of the solution gradient steps reach {zeros[0]} and proximal steps {zeros[1]}",
        zeros == [0, wanted],
    )
