"""Norms of gradients while a network trains: whether what it learns from reaches its first layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jax

#: Sums over steps that a step adds to those of its task, and how many steps they are of.
NAMES = FIRST, WHOLE, STEPS = "gradient_first_layer", "gradient_whole", "gradient_steps"


def norms(gradient: Any) -> dict[str, jax.Array]:
    """Euclidean norms of the gradient of the first layer that has parameters, and of all, float32 scalars.

    ``gradient`` is of the parameters as a nested mapping, with the layers under ``layers`` by their place.
    """
    import jax.numpy as jnp  # what is above is read by reports, too
    import optax

    layers = gradient["layers"]
    first = layers[min(layers)]
    found = {FIRST: optax.tree.norm(first), WHOLE: optax.tree.norm(gradient), STEPS: jnp.float32(1)}
    return {name: jnp.asarray(value, jnp.float32) for name, value in found.items()}


def figures(sums: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """The sums of the task alone, and the mean norms over the steps that there were; none where none are watched."""
    own = {name: value for name, value in sums.items() if name not in NAMES}
    steps = float(sums.get(STEPS, 0))
    return own, {name: float(sums[name]) / steps for name in (FIRST, WHOLE) if steps}
