"""Module of :class:`netspec.layers.NeuralODE`, and the Runge-Kutta method."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.neural_ode import NeuralODE
from netspec.modules.base import Numerics, build_layer
from netspec.modules.group_norm import NormedGroups


def runge_kutta(
    field: Callable[[jax.Array, float], jax.Array], h: jax.Array, n_steps: int, start: float = 0.0, end: float = 1.0
) -> jax.Array:
    """``h(end)`` of ``dh/dt = field(h, t)`` from ``h(start) = h``, in equal steps of the classical fourth-order method.

    Halving the steps divides the error by 16 where the field is smooth. Steps are written out, not looped over:
    convolutions inside of loops are slow on CPU. Source: Kutta 1901; Hairer, Nørsett & Wanner 1993, table 1.2 of
    chapter II.
    """
    step = (end - start) / n_steps
    for index in range(n_steps):
        t = start + index * step
        first = field(h, t)
        second = field(h + step / 2 * first, t + step / 2)
        third = field(h + step / 2 * second, t + step / 2)
        fourth = field(h + step * third, t + step)
        h = h + step / 6 * (first + 2 * second + 2 * third + fourth)
    return h


class Flow(nnx.Module):
    """The field and its solution: ``(B, H, W, C) -> (B, H, W, C)``."""

    def __init__(self, layer: NeuralODE, numerics: Numerics, rngs: nnx.Rngs) -> None:
        c, groups = layer.channels, layer.groups
        self.n_steps = layer.n_steps
        self.norm1 = NormedGroups(c, groups, "relu", numerics, rngs)
        self.conv1 = numerics.conv(c + 1, c, 3, rngs)
        self.norm2 = NormedGroups(c, groups, "relu", numerics, rngs)
        self.conv2 = numerics.conv(c + 1, c, 3, rngs)
        self.norm3 = NormedGroups(c, groups, "identity", numerics, rngs)

    def field(self, h: jax.Array, t: float) -> jax.Array:
        """``f(h, t)``, the time before the channels of each convolution."""

        def timed(x: jax.Array) -> jax.Array:
            return jnp.concatenate([jnp.full((*x.shape[:-1], 1), t, x.dtype), x], axis=-1)

        h = self.conv1(timed(self.norm1(h)))
        return self.norm3(self.conv2(timed(self.norm2(h))))

    def __call__(self, x: jax.Array) -> jax.Array:
        """What the flow has made of ``x`` at time one."""
        return runge_kutta(self.field, x, self.n_steps)


@build_layer.register
def _(layer: NeuralODE, numerics: Numerics, rngs: nnx.Rngs) -> Flow:
    return Flow(layer, numerics, rngs)
