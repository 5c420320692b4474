"""Module of :class:`netspec.layers.MambaBlock`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.mamba_block import MambaBlock
from netspec.modules.base import Numerics, build_layer
from netspec.modules.cpu.depthwise import depthwise_conv
from netspec.modules.dtypes import at_least_float32


@jax.jit
def selective_scan(x: jax.Array, step: jax.Array, decay: jax.Array, write: jax.Array, read: jax.Array) -> jax.Array:
    """States ``h_t = exp(Δ_t·A)·h_{t−1} + Δ_t·B_t·x_t`` read out as ``C_t·h_t``: ``(B, T, e) -> (B, T, e)``.

    ``step`` is ``Δ > 0``, ``(B, T, e)``; ``decay`` is ``A < 0``, ``(e, N)``; ``write`` and ``read`` are ``B`` and
    ``C``, ``(B, T, N)``. Two steps of the recurrence are again one step of it, so all states come from an associative
    scan of logarithmic depth. Source: Gu & Dao 2023 (arXiv:2312.00752), eqs. 2 and 4 and alg. 2, with ``Δ·B`` for the
    discretised ``B`` as in the published code.
    """
    kept = jnp.exp(step[..., None] * decay)
    added = (step * x)[..., None] * write[:, :, None]
    _, states = jax.lax.associative_scan(lambda a, b: (a[0] * b[0], b[0] * a[1] + b[1]), (kept, added), axis=1)
    return jnp.einsum("bten,btn->bte", states, read)


def step_bias(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
    """Bias whose softplus is log-uniform between 0.001 and 0.1 (Gu & Dao 2023, sec. 3.6)."""
    step = jnp.exp(jax.random.uniform(key, shape, dtype, math.log(1e-3), math.log(1e-1)))
    return step + jnp.log(-jnp.expm1(-step))


class Mamba(nnx.Module):
    """Two paths, one through a causal convolution and the selective scan, the other gating it.

    ``(B, T, width) -> (B, T, width)``. ``A`` starts at ``−1, …, −N`` in every channel (S4D-real) and the skip at one.
    Source: Gu & Dao 2023 (arXiv:2312.00752), alg. 2 and fig. 3.
    """

    def __init__(self, layer: MambaBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        inner, states, rank = layer.expand * layer.width, layer.state_size, layer.step_rank
        self.splits = rank, rank + states
        self.silu = numerics.activation("silu")
        self.inputs = numerics.linear(layer.width, 2 * inner, rngs, bias=False)
        self.convolution = nnx.Conv(
            inner,
            inner,
            layer.taps,
            padding="CAUSAL",
            feature_group_count=inner,
            dtype=numerics.compute_dtype,
            kernel_init=numerics.scheme.kernel,
            bias_init=numerics.scheme.bias,
            conv_general_dilated=depthwise_conv,
            rngs=rngs,
        )
        self.selection = numerics.linear(inner, rank + 2 * states, rngs, bias=False)
        # The scan and what sets its pace stay in float32: errors of the decay accumulate over the tokens.
        self.step = nnx.Linear(
            rank,
            inner,
            dtype=numerics.wide_dtype,
            kernel_init=nnx.initializers.variance_scaling(1 / 3, "fan_in", "uniform"),
            bias_init=step_bias,
            rngs=rngs,
        )
        self.log_decay = nnx.Param(jnp.log(jnp.broadcast_to(jnp.arange(1.0, states + 1), (inner, states))))
        self.skip = nnx.Param(jnp.ones(inner))
        self.outputs = numerics.linear(inner, layer.width, rngs, bias=False)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Token ``t`` depends on tokens up to ``t``."""
        x, gate = jnp.split(self.inputs(x), 2, axis=-1)
        x = self.silu(self.convolution(x))
        step, write, read = jnp.split(at_least_float32(self.selection(x)), self.splits, axis=-1)
        x = at_least_float32(x)
        step = nnx.softplus(self.step(step))
        y = selective_scan(x, step, -jnp.exp(self.log_decay[...]), write, read) + self.skip[...] * x
        return self.outputs(y * self.silu(gate))


class MambaStack(nnx.Module):
    """``x + mamba(RMSNorm(x))``, repeated: ``(B, …, width) -> (B, …, width)``, the residual kept in float32."""

    def __init__(self, layer: MambaBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        norm = {"epsilon": numerics.norm_epsilon(1e-5), "dtype": numerics.wide_dtype, "rngs": rngs}
        self.norms = nnx.List([nnx.RMSNorm(layer.width, **norm) for _ in range(layer.n_blocks)])
        self.mixers = nnx.List([Mamba(layer, numerics, rngs) for _ in range(layer.n_blocks)])

    def __call__(self, x: jax.Array) -> jax.Array:
        """A grid is read row by row."""
        shape = x.shape
        x = x.reshape(shape[0], -1, shape[-1])
        for norm, mixer in zip(self.norms, self.mixers, strict=True):
            x = x + mixer(norm(x))
        return x.reshape(shape)


@build_layer.register
def _(layer: MambaBlock, numerics: Numerics, rngs: nnx.Rngs) -> MambaStack:
    return MambaStack(layer, numerics, rngs)
