"""What a network's layers share besides their shapes, and implementations differ in: epsilons, forms, padding."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from netspec.errors import LayerError
from netspec.fields import normalise, refusal, shown

#: GELU by its tanh form (Hendrycks & Gimpel 2016, arXiv:1606.08415, sec. 2), by the normal distribution, or as
#: ``x · sigmoid(1.702 x)`` (ibid.), which CLIP's code calls quick.
Gelu = Literal["tanh", "exact", "quick"]

#: A rectifier that stands where a layer says ``relu``.
Relu = Literal["relu", "relu6", "silu", "gelu", "hard_swish", "leaky_relu"]

#: Where a window of stride ``s`` that leaves ``ceil(n / s)`` is padded: alike on both sides as in PyTorch, or by as
#: little as it takes and more of it behind, as TensorFlow's ``SAME`` has it.
Padding = Literal["symmetric", "tf_same"]

#: Whether pixels are areas, whose centres lie at half numbers, or the corner pixels of both grids lie on each other.
Resize = Literal["half_pixel", "align_corners"]


@dataclass(frozen=True)
class Conventions:
    """The numerics of a network; without arguments, the book's. They change neither shapes nor counts.

    ``batch_norm_epsilon`` is added to the variance. Running statistics keep ``batch_norm_momentum`` of their value
    per step, as in flax, TensorFlow and Keras; PyTorch's ``momentum`` is one minus that, so its 0.1 is 0.9 here. The
    running variance goes towards the ``"biased"`` one of a batch, the mean of squares over its ``n`` values per
    channel, as in flax, or the ``"unbiased"`` one, ``n/(n − 1)`` times that, as in PyTorch; in training both divide by
    the biased one. ``layer_norm_epsilon``, for RMSNorm too, stands in place of what the layers say; ``None`` leaves
    that. ``group_norm_epsilon`` is that of GroupNorm.

    ``gelu`` is the form where a layer says ``gelu``; ``relu``, ``silu`` and ``sigmoid`` name what stands in their
    place, inside idioms too: MobileViT's code has SiLU in convolutions that are ReLU by default. ``leaky_slope`` is
    that of the leaky ReLU (0.1 in Darknet; the book's is DCGAN's).

    ``padding`` and ``resize`` say where windows and interpolated pixels lie.
    """

    batch_norm_epsilon: float = 1e-5
    batch_norm_momentum: float = 0.9
    batch_norm_variance: Literal["biased", "unbiased"] = "biased"
    layer_norm_epsilon: float | None = None
    group_norm_epsilon: float = 1e-5
    gelu: Gelu = "tanh"
    relu: Relu = "relu"
    silu: Literal["silu", "relu", "relu6", "hard_swish"] = "silu"
    sigmoid: Literal["sigmoid", "hard_sigmoid"] = "sigmoid"
    leaky_slope: float = 0.2
    padding: Padding = "symmetric"
    resize: Resize = "half_pixel"

    def __post_init__(self) -> None:
        normalise(self)

    def __repr__(self) -> str:
        changed = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        return f"Conventions({', '.join(f'{name}={shown(value)}' for name, value, usual in changed if value != usual)})"

    def check(self) -> None:
        """Raise :class:`LayerError` for a value that no network can have."""
        if wrong := refusal(self):
            value, refused = wrong
            raise LayerError(f"conventions: {refused.problem}", arrived=shown(value), expected=refused.expected)
        for name in ("batch_norm_epsilon", "layer_norm_epsilon", "group_norm_epsilon"):
            if (epsilon := getattr(self, name)) is not None and not 0 < epsilon < 1:
                expected = "above 0 and below 1, such as 1e-5"
                raise LayerError(f"conventions: {name} must be small", arrived=epsilon, expected=expected)
        for name in ("batch_norm_momentum", "leaky_slope"):
            if not 0 <= (share := getattr(self, name)) < 1:
                expected = "at least 0 and below 1, such as 0.9"
                raise LayerError(f"conventions: {name} must be a share", arrived=share, expected=expected)

    def activation(self, name: str) -> str:
        """The function that stands where a layer says ``name``, as :mod:`netspec.modules.activation` calls it."""
        if name == "gelu":
            return {"tanh": "gelu", "exact": "gelu_exact", "quick": "gelu_quick"}[self.gelu]
        if name not in ("relu", "silu", "sigmoid"):
            return name
        chosen: str = getattr(self, name)
        return self.activation(chosen) if chosen == "gelu" else chosen


#: The book's.
BOOK = Conventions()
