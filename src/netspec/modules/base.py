"""What every module needs to know besides its layer, and the dispatch from layer to module."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.conventions import BOOK, Conventions
from netspec.layers.base import Layer
from netspec.layers.parts import Norm
from netspec.layers.window import Padding, Pair, area, both, sides
from netspec.modules.activation import FUNCTIONS, leaky_relu, of_sum
from netspec.modules.cpu.channel_sums import BatchNorm, Conv, LayerNorm, Linear, UnbiasedBatchNorm
from netspec.modules.cpu.depthwise import depthwise_conv
from netspec.modules.cpu.products import pointwise_conv, rows_dot
from netspec.modules.cpu.strip_conv import strip_conv
from netspec.modules.cpu.sums_once import relu_of_sum
from netspec.modules.initialize import Scheme
from netspec.modules.stochastic_depth import StochasticDepth
from netspec.modules.tracing import RunningStatistic
from netspec.twins import TWINS

#: What ``jax.lax`` and flax take as padding of two axes.
Pads = str | tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Numerics:
    """What the layers of one network share: initialisation, the dtype of products, regularisation, conventions.

    Parameters are always float32. ``dropout`` is the chance that a feature is left out before a dense head, and
    ``stochastic_depth`` that the last residual branch is; see :func:`netspec.modules.build`.
    """

    scheme: Scheme
    compute_dtype: Any = jnp.float32
    dropout: float = 0.0
    stochastic_depth: float = 0.0
    ends: list[StochasticDepth] = field(default_factory=list, compare=False)
    conventions: Conventions = BOOK

    @property
    def wide_dtype(self) -> Any:
        """Dtype of norms, softmax and scans: float32, or the compute dtype where that is wider."""
        return jnp.promote_types(self.compute_dtype, jnp.float32)

    def activation(self, name: str) -> Callable[[jax.Array], jax.Array]:
        """The function that stands, by the conventions, where a layer says ``name``."""
        if name == "leaky_relu":
            return leaky_relu(self.conventions.leaky_slope)
        return FUNCTIONS[self.conventions.activation(name)]

    @property
    def relu_of_sum(self) -> Callable[[jax.Array, jax.Array], jax.Array]:
        """What joins the two paths of a residual block: a ReLU of their sum, or what stands in its place."""
        return relu_of_sum if self.conventions.relu == "relu" else of_sum(self.activation("relu"))

    def window_padding(self, window: Pair, padding: Padding, dilation: Pair = 1) -> Pads:
        """``padding`` as a layer says it, for ``jax.lax`` and pools."""
        return given_padding(window, padding, self.same_padding, dilation)

    def same_padding(self, window: Pair, dilation: Pair = 1) -> Pads:
        """Padding after which a window of stride ``s`` leaves ``ceil(n / s)`` per side, for ``jax.lax`` and pools."""
        return "SAME" if self.conventions.padding == "tf_same" else same_padding(window, dilation)

    def branch_end(self, rngs: nnx.Rngs) -> tuple[StochasticDepth, ...]:
        """What a residual branch ends with: stochastic depth, if the network has any."""
        if not self.stochastic_depth:
            return ()
        self.ends.append(StochasticDepth(rngs))
        return (self.ends[-1],)

    def linear(
        self,
        in_features: int,
        out_features: int,
        rngs: nnx.Rngs,
        *,
        bias: bool = True,
        maps: int | tuple[int, ...] = 1,
    ) -> nnx.Linear:
        """A dense map, or as many as ``maps`` side by side or of these widths, initialised by the scheme."""
        return Linear(
            in_features,
            out_features,
            use_bias=bias,
            dtype=self.compute_dtype,
            kernel_init=self.scheme.side_by_side(maps),
            bias_init=self.scheme.bias,
            dot_general=rows_dot,
            rngs=rngs,
        )

    def conv(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Pair,
        rngs: nnx.Rngs,
        *,
        stride: Pair = 1,
        padding: Padding = "same",
        groups: int = 1,
        dilation: Pair = 1,
        bias: bool = True,
    ) -> nnx.Conv:
        """A convolution, ``(B, H, W, in) -> (B, H', W', out)``, initialised by the scheme.

        ``padding="same"`` leaves ``ceil(n / stride)`` per side, padded as :meth:`same_padding` says.
        """
        plain = both(kernel) == (1, 1) and groups == 1 and padding in ("same", "valid", 0)
        special: Callable[..., jax.Array] | None = pointwise_conv if plain else None
        if both(kernel) != (1, 1) and groups == 1 and both(stride) == both(dilation) == (1, 1):
            special = strip_conv
        if groups == in_channels == out_channels > 1:
            special = depthwise_conv
        return Conv(
            in_channels,
            out_channels,
            both(kernel),
            strides=both(stride),
            padding=self.window_padding(kernel, padding, dilation),
            kernel_dilation=both(dilation),
            feature_group_count=groups,
            use_bias=bias,
            dtype=self.compute_dtype,
            kernel_init=self.scheme.convolution(groups),
            bias_init=self.scheme.bias_behind(area(kernel) * in_channels // groups),
            **({"conv_general_dilated": special} if special else {}),
            rngs=rngs,
        )

    def conv_transpose(
        self, in_channels: int, out_channels: int, kernel: int, stride: int, rngs: nnx.Rngs, *, bias: bool = True
    ) -> nnx.ConvTranspose:
        """A transposed convolution, ``(B, H, W, in) -> (B, stride·H, stride·W, out)``.

        Aligned as the gradient of the convolution that pads ``(kernel - 1) // 2`` in front, which is how the
        reference implementations of DCGAN, pix2pix and U-Net place it.
        """
        front = kernel - 1 - (kernel - 1) // 2
        sides = (front, kernel + stride - 2 - front)
        return nnx.ConvTranspose(
            in_channels,
            out_channels,
            (kernel, kernel),
            strides=(stride, stride),
            padding=(sides, sides),
            use_bias=bias,
            dtype=self.compute_dtype,
            kernel_init=self.scheme.kernel,
            bias_init=self.scheme.bias,
            rngs=rngs,
        )

    def batch_norm(self, channels: int, rngs: nnx.Rngs) -> nnx.BatchNorm:
        """BatchNorm over all axes but the last, in float32 (Ioffe & Szegedy 2015, arXiv:1502.03167).

        Epsilon, and what running statistics keep per step, are the conventions'; ``model.eval()`` makes the module use
        these statistics.
        """
        ours = self.conventions
        kind = UnbiasedBatchNorm if ours.batch_norm_variance == "unbiased" else BatchNorm
        options: dict[str, Any] = {"momentum": ours.batch_norm_momentum, "epsilon": ours.batch_norm_epsilon}
        norm = kind(channels, **options, dtype=self.wide_dtype, rngs=rngs)
        norm.mean, norm.var = RunningStatistic(norm.mean.get_value()), RunningStatistic(norm.var.get_value())
        return norm

    def layer_norm(self, width: int, rngs: nnx.Rngs, epsilon: float = 1e-5) -> nnx.LayerNorm:
        """LayerNorm with epsilon inside the root and the biased variance, in float32 (book ch. 10)."""
        epsilon = self.norm_epsilon(epsilon)
        return LayerNorm(width, epsilon=epsilon, use_fast_variance=False, dtype=self.wide_dtype, rngs=rngs)

    def norm_epsilon(self, epsilon: float) -> float:
        """That of a LayerNorm or RMSNorm whose layer says ``epsilon``."""
        ours = self.conventions.layer_norm_epsilon
        return epsilon if ours is None else ours

    def norm(self, kind: Norm, width: int, rngs: nnx.Rngs, epsilon: float = 1e-5) -> nnx.Module:
        """LayerNorm, or RMSNorm ``g · x / √(mean(x²) + epsilon)`` (arXiv:1910.07467, eq. 4), in float32; or nothing."""
        if kind == "layer":
            return self.layer_norm(width, rngs, epsilon)
        if kind == "none":
            return nnx.Sequential()
        return nnx.RMSNorm(width, epsilon=self.norm_epsilon(epsilon), dtype=self.wide_dtype, rngs=rngs)


def given_padding(window: Pair, padding: Padding, same: Callable[[Pair, Pair], Pads], dilation: Pair = 1) -> Pads:
    """``padding`` as a layer says it, for ``jax.lax`` and pools; ``same(window, dilation)`` says what ``"same"`` is."""
    if padding == "same":
        return same(window, dilation)
    return "VALID" if padding == "valid" else sides(padding)


def same_padding(kernel: Pair, dilation: Pair = 1) -> Pads:
    """Padding after which a window of stride ``s`` leaves ``ceil(n / s)`` per side.

    The same on both sides for an odd kernel, as the papers' reference implementations have it; XLA's ``SAME`` would
    put the odd pixel of a strided window last. An even kernel has no symmetric choice for every size, and takes that.
    """
    down, across = (hole * (size - 1) for hole, size in zip(both(dilation), both(kernel), strict=True))
    return "SAME" if down % 2 or across % 2 else ((down // 2, down // 2), (across // 2, across // 2))


def module_of(layer: Layer, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Module:
    """The module of ``layer``, as :data:`netspec.twins.TWINS` names it, or as somebody else has registered it.

    The module of a primitive maps ``(value, *read) -> value``: a batch of what arrives and of what ``layer.reads``
    names, several tensors as a dict by name. Where ``layer.saves`` something, it returns ``(value, saved)``. The
    module of a combinator maps ``(value, memory) -> value`` (see :mod:`netspec.modules.combinators`).

    Raises ``TypeError`` for a layer without a module.
    """
    if twin := TWINS.get(type(layer)):
        importlib.import_module(twin)  # registers itself
    return build_layer(layer, numerics, rngs)


@singledispatch
def build_layer(layer: Layer, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Module:
    """What each file beside this one registers its modules with; call :func:`module_of` instead."""
    raise TypeError(f"no flax.nnx module for {type(layer).__name__}")
