"""Where the paths of a residual block part and join, written so that XLA on CPU computes each sum once.

It computes an operation on a single array again for each of its readers, such as a ReLU or the reshape before a matrix
product. Where that array is a sum of another such block, the whole chain of blocks is added up anew in every reader.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.modules.cpu.switch import instead_of


@instead_of(lambda x: (x, x))
def two_paths(x: jnp.ndarray) -> tuple[jnp.ndarray, jnp.ndarray]:
    """``x`` for the shortcut and for the branch of a block whose gradient goes into matrix products: ``(…, C)``.

    Their gradients are added as matrices ``(rows, C)``, which products read as they are. What a product reads is
    written down, and then everything else reads it, too.
    """
    return _two_paths(x)


@jax.custom_vjp
def _two_paths(x):
    return x, x


def _two_paths_backward(kept, cotangents):
    shortcut, branch = (part.reshape(-1, part.shape[-1]) for part in cotangents)
    return ((shortcut + branch).reshape(cotangents[0].shape),)


_two_paths.defvjp(lambda x: (_two_paths(x), None), _two_paths_backward)


@instead_of(lambda a, b: jax.nn.relu(a + b))
def relu_of_sum(a: jnp.ndarray, b: jnp.ndarray) -> jnp.ndarray:
    """``relu(a + b)``, to the last bit; chosen between two arrays, and so written down."""
    return _relu_of_sum(*(part.astype(jnp.promote_types(a.dtype, b.dtype)) for part in (a, b)))


@jax.custom_vjp
def _relu_of_sum(a, b):
    return jnp.where(a < -b, 0, a + b)


def _relu_of_sum_backward(y, cotangent):
    passed = jnp.where(y > 0, cotangent, 0)
    return passed, passed


_relu_of_sum.defvjp(lambda a, b: 2 * (_relu_of_sum(a, b),), _relu_of_sum_backward)
