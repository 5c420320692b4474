"""The contract of a layer: what it does to a shape, how many parameters it holds, how many multiply-adds it costs."""

from __future__ import annotations

from dataclasses import dataclass, fields

from netspec.errors import LayerError

#: Channels last, without the batch: ``(height, width, channels)``, ``(tokens, width)`` or ``(features,)``.
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """One step of a network, as a value.

    A subclass is a frozen dataclass whose fields are the layer's signature. It defines :meth:`output_shape`,
    :meth:`params` and :meth:`macs`, and lists in ``positive`` the integer fields that must be at least one.
    """

    positive = ()

    def check(self) -> None:
        """Raise :class:`LayerError` if the layer's own fields cannot be right, whatever arrives."""
        for name in self.positive:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise LayerError(f"{name} must be a positive integer", arrived=repr(value), expected=">= 1")

    def output_shape(self, arrived: Shape) -> Shape:
        """Shape after the layer. Raises :class:`LayerError` when ``arrived`` does not fit."""
        raise NotImplementedError

    def params(self) -> int:
        """Number of trainable scalars in the built module."""
        raise NotImplementedError

    def macs(self, arrived: Shape) -> int:
        """Multiply-adds for one example.

        One multiply-add counts 1. Convolutions, matrix products and both attention products count; biases,
        normalisation, activation functions, softmax, pooling and residual additions do not.
        """
        raise NotImplementedError

    def __str__(self) -> str:
        given = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self))
        return f"{type(self).__name__}({given})"


def expect_last_axis(problem: str, arrived: Shape, size: int) -> None:
    """Raise :class:`LayerError` unless the last axis of ``arrived`` (channels, width or features) is ``size``."""
    if not arrived or arrived[-1] != size:
        raise LayerError(problem, arrived=arrived, expected=(*("…" for _ in arrived[:-1]), size))
