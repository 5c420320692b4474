"""The activation functions, by name: those a layer may end with, and those that idioms use inside."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
from flax import nnx

#: GELU in its tanh form, as in the book. The slope of the leaky ReLU is that of DCGAN (arXiv:1511.06434) and pix2pix.
#: ``relu6`` is from arXiv:1704.04861, ``hard_sigmoid`` from arXiv:1905.02244, sec. 5.2; ``gelu_exact`` and
#: ``gelu_quick`` (arXiv:1606.08415) are forms of ``gelu`` that conventions choose.
FUNCTIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "identity": lambda x: x,
    "relu": nnx.relu,
    "leaky_relu": lambda x: nnx.leaky_relu(x, 0.2),
    "gelu": lambda x: nnx.gelu(x, approximate=True),
    "silu": nnx.silu,
    "hard_swish": nnx.hard_swish,
    "tanh": jnp.tanh,
    "sigmoid": nnx.sigmoid,
    "relu6": nnx.relu6,
    "hard_sigmoid": nnx.hard_sigmoid,
    "elu": nnx.elu,
    "selu": nnx.selu,
    "celu": nnx.celu,
    "mish": jax.nn.mish,
    "softplus": nnx.softplus,
    "softsign": nnx.soft_sign,
    "softmax": nnx.softmax,
    "log_softmax": nnx.log_softmax,
    "gelu_exact": lambda x: nnx.gelu(x, approximate=False),
    "gelu_quick": lambda x: x * nnx.sigmoid(1.702 * x),
}


@cache
def of_sum(function: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """``function(a + b)``; one and the same for a function, since programs are kept by it."""
    return lambda a, b: function(a + b)


@cache
def leaky_relu(slope: float) -> Callable[[jax.Array], jax.Array]:
    """``x`` where it is positive, else ``slope · x``; one function per slope, since programs are kept by it."""
    return lambda x: nnx.leaky_relu(x, slope)
