"""One linear readout for features however they were come by: ridge regression in closed form."""

from __future__ import annotations

import jax
import jax.numpy as jnp

#: Penalties to choose from, as parts of the number of examples.
PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def readout(features: jax.Array, targets: jax.Array, others: jax.Array) -> jax.Array:
    """Targets ``(others, out)`` of other features, by ridge regression from features and targets of examples.

    Features are brought to a mean of zero and a deviation of one, and what never changes to zero; a constant is added
    free of penalty. The penalty is the one of :data:`PENALTIES` with the least error when each example is told from all
    the rest, so that no kind of features needs one of its own. That error needs no second fit (Allen 1974): it is the
    residual over one less the leverage.
    """
    middle, spread = features.mean(0), features.std(0)
    scale = jnp.where(spread > 1e-6, 1 / jnp.where(spread > 1e-6, spread, 1), 0.0)
    level = targets.mean(0)
    left, values, right = jnp.linalg.svd((features - middle) * scale, full_matrices=False)
    seen, count = left.T @ (targets - level), len(features)

    def missed(penalty: jax.Array) -> jax.Array:
        kept = values**2 / (values**2 + penalty * count)
        leverage = left**2 @ kept + 1 / count
        return jnp.mean(((targets - level - left @ (kept[:, None] * seen)) / (1 - leverage)[:, None]) ** 2)

    penalties = jnp.asarray(PENALTIES)
    penalty = penalties[jnp.argmin(jax.lax.map(missed, penalties))] * count
    weights = right.T @ ((values / (values**2 + penalty))[:, None] * seen)
    return (others - middle) * scale @ weights + level
