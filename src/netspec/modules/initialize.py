"""How the tensors of a network start: schemes by name, and the one that each architecture's paper states.

What belongs to one layer whatever the scheme stands in its module: Mamba's step sizes and decay rates, a highway's
half-closed gates, ConvNeXt's layer scale, the unit weight of distances in the structure module.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.nn.initializers import (
    Initializer,
    glorot_uniform,
    normal,
    orthogonal,
    truncated_normal,
    variance_scaling,
    zeros,
)

from netspec.catalogue.vit import is_vit
from netspec.layers import Dense
from netspec.modules.stated import STATED, UNSTATED
from netspec.spec import NetSpec

#: As TensorFlow cuts a normal: at two units, which leaves 0.8796 of its deviation.
_CUT = truncated_normal(0.02)
#: As PyTorch and timm cut it: at ±2, which is a hundred units and leaves all of it.
_CUT_AT_TWO = truncated_normal(0.02, lower=-2 / 0.02, upper=2 / 0.02)


@dataclass(frozen=True)
class Scheme:
    """How each kind of tensor starts; gains start at one and shifts of norms at zero unless ``finish`` changes them.

    ``kernel`` is for convolutions and ``dense`` for dense maps and tables that stand for one. With ``separate``, maps
    that share a kernel, such as q, k and v, start as the maps they are, whose fan-out is a part of the kernel's.

    With ``of_group`` the fan-out of a convolution is that of one group, such as the single channel of a depthwise
    kernel. With ``bounded_biases`` those of convolutions are uniform within ``±1/√fan_in``. ``bias_table`` is for
    what is added to the scores of windows.
    ``finish(spec, network, rngs)`` has the last word on a built network.
    """

    kernel: Initializer
    dense: Initializer
    bias: Initializer = zeros
    class_token: Initializer = zeros
    position_table: Initializer = _CUT_AT_TWO
    separate: bool = False
    finish: Callable[[NetSpec, Any, nnx.Rngs], None] | None = None
    of_group: bool = False
    bounded_biases: bool = False
    bias_table: Initializer = _CUT

    def convolution(self, groups: int) -> Initializer:
        """How the kernel of a convolution of as many groups starts."""
        if groups == 1 or not self.of_group:
            return self.kernel

        def initialize(
            key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32, out_sharding: Any = None
        ) -> jax.Array:
            return math.sqrt(groups) * self.kernel(key, shape, dtype)

        return initialize

    def bias_behind(self, fan_in: int) -> Initializer:
        """How the bias of a convolution starts each of whose outputs reads as many numbers."""
        return _uniform(1 / math.sqrt(fan_in)) if self.bounded_biases else self.bias

    def side_by_side(self, maps: int | tuple[int, ...]) -> Initializer:
        """How a kernel starts that is as many dense maps of one width, or maps of these widths."""
        if maps == 1 or not self.separate:
            return self.dense

        def initialize(
            key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32, out_sharding: Any = None
        ) -> jax.Array:
            widths = maps if isinstance(maps, tuple) else (shape[1] // maps,) * maps
            keys = jax.random.split(key, len(widths))
            parts = (self.dense(each, (shape[0], width), dtype) for each, width in zip(keys, widths, strict=True))
            return jnp.concatenate(list(parts), axis=1)

        return initialize


def _uniform(bound: float) -> Initializer:
    """Uniform within ``±bound``."""

    def initialize(
        key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32, out_sharding: Any = None
    ) -> jax.Array:
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return initialize


def _same(kernel: Initializer, **others: Initializer) -> Scheme:
    return Scheme(kernel, kernel, **others)


def _irwin_hall(key: jax.Array, shape: Sequence[int], std: float, dtype: Any) -> jax.Array:
    """Twice the sum of three U(-1/2, 1/2): zero mean, unit variance, bounded at three; times ``std``."""
    return 2 * std * jax.random.uniform(key, (3, *shape), dtype, -0.5, 0.5).sum(axis=0)


def book_kernel(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32, out_sharding: Any = None) -> jax.Array:
    """He scaling, ``std = sqrt(2 / fan_in)``, drawn from the book's bounded bell (companion repository)."""
    return _irwin_hall(key, shape, math.sqrt(2 / math.prod(shape[:-1])), dtype)


def book_position_table(
    key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32, out_sharding: Any = None
) -> jax.Array:
    """``std = sqrt(2 / tokens)`` for a table ``(tokens, width)``, as the companion repository draws it."""
    return _irwin_hall(key, shape, math.sqrt(2 / shape[-2]), dtype)


def spoil(spec: NetSpec, network: Any, rngs: nnx.Rngs) -> None:
    """Give a Vision Transformer the gains and biases with which the book's printed bare cell started.

    Until 2026-04-22 the companion repository took two vectors of equal length behind a weight for the gain and shift of
    a norm. So the biases of the patch embedding, of every attention output and of every fc2 start at one, the gains of
    all norms but the first at zero: no branch has an input until they move, and the head sees zeros, whence the
    loss of ln 10 at step 0 for any image.

    Raises ``ValueError`` for other networks, of which that run says nothing.
    """
    if not is_vit(spec):
        raise ValueError(f"initialization book-faulty is not defined for {spec.name}, expected a Vision Transformer")
    embedding, encoder, _ = network.layers
    ones = [embedding.projection.bias, *(bias for b in encoder.blocks for bias in (b.attention.out.bias, b.fc2.bias))]
    norms = [encoder.norm, *(norm for block in encoder.blocks for norm in (block.norm1, block.norm2))]
    gains = [norm.scale for norm in norms if norm is not encoder.blocks[0].norm1]
    for value, tensors in ((1.0, ones), (0.0, gains)):
        for tensor in tensors:
            tensor[...] = jnp.full_like(tensor[...], value)


def _head(spec: NetSpec, network: Any) -> nnx.Linear | None:
    """The dense map that a network ends in, if it does."""
    if not isinstance(spec.layers[-1], Dense):
        return None
    maps = [part for _, part in nnx.iter_modules(network.layers[-1]) if isinstance(part, nnx.Linear)]
    return maps[-1] if maps else None


def finish_efficientnet(spec: NetSpec, network: Any, rngs: nnx.Rngs) -> None:
    """The head starts uniform within ``±1/√classes``, as in the released code."""
    if (head := _head(spec, network)) is not None:
        shape = head.kernel.shape
        head.kernel[...] = _uniform(1 / math.sqrt(shape[1]))(rngs.params(), shape, jnp.float32)


def finish_vit(spec: NetSpec, network: Any, rngs: nnx.Rngs) -> None:
    """The head of a Vision Transformer starts at zero, and biases of its MLPs nearly so, as in the released code."""
    if not is_vit(spec):
        return
    _, encoder, _ = network.layers
    head = _head(spec, network)
    assert head is not None
    head.kernel[...] = jnp.zeros(head.kernel.shape)
    for bias in (linear.bias for block in encoder.blocks for linear in (block.fc1, block.fc2)):
        bias[...] = normal(1e-6)(rngs.params(), bias.shape, jnp.float32)


def lecun_98(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32, out_sharding: Any = None) -> jax.Array:
    """Uniform between ``±2.4/fan_in`` (LeCun et al. 1998, Proc. IEEE 86(11), appendix A)."""
    return jax.random.uniform(key, shape, dtype, -1, 1) * (2.4 / math.prod(shape[:-1]))


SCHEMES = {
    # The corrected initialisation of the published runs (companion repository; ViT-Tiny, since 2026-04-22).
    "book": _same(book_kernel, position_table=book_position_table),
    # What the printed bare cell of ch. 10.4 started from instead; for Vision Transformers.
    "book-faulty": _same(book_kernel, position_table=book_position_table, finish=spoil),
    # The ImageNet run of ch. 10.5 (companion repository): Glorot-uniform maps, patches uniform by their fan-out.
    "book-imagenet": Scheme(
        variance_scaling(2.0, "fan_out", "uniform"),
        glorot_uniform(),
        class_token=normal(0.02),
        position_table=normal(0.02),
        separate=True,
    ),
    # DeiT (Touvron et al. 2020, arXiv:2012.12877): normal with std 0.02 cut at ±2, zero biases; ConvNeXt's code has it
    # for convolutions as well, that of DeiT for dense maps and tables.
    "deit": _same(_CUT_AT_TWO, class_token=_CUT_AT_TWO, bias_table=_CUT_AT_TWO),
    # The whole of that code, which leaves the patches to PyTorch: kernel and bias uniform within ±1/√fan_in.
    "timm": Scheme(
        variance_scaling(1 / 3, "fan_in", "uniform"),
        _CUT_AT_TWO,
        class_token=_CUT_AT_TWO,
        bias_table=_CUT_AT_TWO,
        bounded_biases=True,
    ),
    # SegFormer's code: dense maps as DeiT's, convolutions by the fan-out of a group.
    "segformer": Scheme(variance_scaling(2.0, "fan_out", "normal"), _CUT_AT_TWO, of_group=True),
    # BERT's code, in TensorFlow: normal with std 0.02 cut at two units, which leaves 0.0176.
    "bert": _same(_CUT, class_token=_CUT, position_table=_CUT),
    # He et al. 2015 (arXiv:1502.01852), eq. 10: variance 2/fan_in, which keeps the signal through ReLUs.
    "he": _same(variance_scaling(2.0, "fan_in", "normal")),
    # The same for the backward signal (eq. 14); dense maps keep the variance of what they read.
    "he-fan-out": Scheme(variance_scaling(2.0, "fan_out", "normal"), variance_scaling(1.0, "fan_in", "normal")),
    # EfficientNet's code: the same for the fan-out of a group, dense maps of gates as the 1×1 convolutions they are
    # there, the head uniform within ±1/√classes.
    "efficientnet": Scheme(
        variance_scaling(2.0, "fan_out", "normal"),
        variance_scaling(2.0, "fan_out", "normal"),
        of_group=True,
        finish=finish_efficientnet,
    ),
    # Glorot & Bengio 2010, eq. 16: uniform with variance 2/(fan_in + fan_out).
    "glorot": _same(glorot_uniform()),
    # LeCun et al. 1998, "Efficient BackProp", eq. 16: variance 1/fan_in.
    "lecun": _same(variance_scaling(1.0, "fan_in", "normal")),
    # The same, drawn from a normal cut at two units.
    "lecun-cut": _same(variance_scaling(1.0, "fan_in", "truncated_normal")),
    # Uniform between ±2.4/fan_in.
    "lecun-98": _same(lecun_98),
    # Saxe et al. 2014 (arXiv:1312.6120), sec. 3.2: rows or columns orthonormal, times the gain √2 of a ReLU.
    "orthogonal": _same(orthogonal(math.sqrt(2))),
    # What layers of PyTorch 2 start from: uniform between ±1/√fan_in, which is a sixth of He's variance.
    "torch": _same(variance_scaling(1 / 3, "fan_in", "uniform")),
    "normal-0.01": _same(normal(0.01)),
    "normal-0.02": _same(normal(0.02), class_token=normal(0.02), position_table=normal(0.02)),
    # Dosovitskiy et al. 2020 (arXiv:2010.11929), released code: Glorot-uniform maps, patches as flax starts them
    # (variance 1/fan_in, cut at two units), positions with std 0.02, the head at zero.
    "vit": Scheme(
        variance_scaling(1.0, "fan_in", "truncated_normal"),
        glorot_uniform(),
        position_table=normal(0.02),
        separate=True,
        finish=finish_vit,
    ),
}

#: Names that a build accepts: those above, and the choice among them by the network's paper.
CHOICES = (*SCHEMES, "paper")


def scheme_of(initialization: str, entry: str) -> Scheme:
    """The scheme called ``initialization``; for ``"paper"``, the one stated for the book's ``entry``.

    Raises ``ValueError`` for an unknown name.
    """
    if initialization not in CHOICES:
        raise ValueError(f"unknown initialization {initialization!r}, expected one of {', '.join(CHOICES)}")
    return SCHEMES[STATED.get(entry, (UNSTATED,))[0] if initialization == "paper" else initialization]
