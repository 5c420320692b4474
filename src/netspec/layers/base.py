"""The contract of a layer: what it does to a shape, how many parameters it holds, how many multiply-adds it costs."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

from netspec.errors import LayerError
from netspec.fields import normalise, refusal, shown
from netspec.names import SKIP as SKIP

#: Channels last, without the batch: ``(height, width, channels)``, ``(tokens, width)`` or ``(features,)``.
Shape = tuple[int, ...]


class Several(Mapping):
    """Several named tensors at once, each with its shape: two heads, the levels of a pyramid. Immutable."""

    def __init__(self, shapes: Mapping[str, Value]) -> None:
        self._shapes = dict(shapes)

    def __getitem__(self, name: str) -> Any:  # a shape, or several again
        return self._shapes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Several) and self._shapes == other._shapes

    def __hash__(self) -> int:
        return hash(tuple(self._shapes.items()))

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name}: {shape}" for name, shape in self._shapes.items()) + "}"


#: What flows from one layer to the next.
Value = Shape | Several


def size(value: Value) -> int:
    """Number of scalars in a tensor, or in all of several."""
    return sum(map(math.prod, value.values())) if isinstance(value, Several) else math.prod(value)


@dataclass(frozen=True)
class Layer(abc.ABC):
    """One step of a network, as a value: either a :class:`Primitive` or a :class:`Combinator` that holds layers.

    A field holds what its annotation says (see :mod:`netspec.fields`); those annotated ``int`` are at least one, those
    named in ``may_be_zero`` at least zero.
    """

    may_be_zero: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        normalise(self)

    def check(self) -> None:
        """Raise :class:`LayerError` if the layer's own fields cannot be right, whatever arrives."""
        if wrong := refusal(self):
            value, refused = wrong
            raise LayerError(refused.problem, arrived=shown(value), expected=refused.expected)

    @abc.abstractmethod
    def params(self) -> int:
        """Number of trainable scalars in the built module."""

    def book_params(self) -> int:
        """Number of parameters by the chapter's formula, which is not always a set of tensors; see each layer."""
        return self.params()

    def resized(self, before: Shape, arrived: Shape) -> Layer:
        """The layer for a network of another size: ``arrived`` reaches it there, where ``before`` did here.

        Most layers do not depend on the size, and are themselves.
        """
        return self

    def __str__(self) -> str:
        given = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING:
                given.append(_text(value))
            elif type(value) is not type(field.default) or value != field.default:
                given.append(f"{field.name}={_text(value)}")
        return f"{type(self).__name__}({', '.join(given)})"


@dataclass(frozen=True)
class Primitive(Layer):
    """A layer of the language's vocabulary: a whole architectural idiom with its own shape, count and cost.

    ``reads`` names the saved tensors (:class:`netspec.layers.Save`, a U-Net's skips, the spec's extra inputs) that
    the layer needs besides the one that arrives; their shapes follow ``arrived`` in :meth:`output_shape` and
    :meth:`macs`.
    """

    primitive: ClassVar[str]

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of saved tensors this layer reads."""
        return ()

    def saves(self, arrived: Value) -> tuple[str, Value] | None:
        """Name and shape of a tensor this layer leaves for a later one to read."""
        return None

    @abc.abstractmethod
    def output_shape(self, arrived: Value, *read: Value) -> Value:
        """Shape after the layer. Raises :class:`LayerError` when ``arrived`` does not fit."""

    @abc.abstractmethod
    def macs(self, arrived: Value, *read: Value) -> int:
        """Multiply-adds for one example.

        One multiply-add counts 1. Convolutions (padded positions included), matrix products, both attention products
        and recurrences count; biases, normalisation, activation functions, softmax, pooling, interpolation, table
        look-ups, gates and residual additions do not.
        """


@dataclass(frozen=True)
class Free(Primitive):
    """A primitive without parameters whose work does not count: it moves, compares, averages or interpolates."""

    def params(self) -> int:
        """None."""
        return 0

    def macs(self, arrived: Value, *read: Value) -> int:
        """None."""
        return 0


#: A piece of a listing.
Layers = tuple[Layer, ...]

#: ``run(label, layers, arrived, again=1, counted=False)`` sends ``arrived`` through ``layers`` and returns what leaves;
#: ``again`` repeats the cost, ``counted`` says that the parameters were counted before.
Run = Callable[..., Value]


@dataclass(frozen=True)
class Combinator(Layer):
    """A layer made of layers. It says how values travel through them; counting and building are done by the walk.

    ``repeats`` says that values travel through the same layers several times: what they save, they save anew.
    """

    repeats: ClassVar[bool] = False

    @property
    @abc.abstractmethod
    def held(self) -> tuple[Layer, ...]:
        """The layers inside, each once."""

    @abc.abstractmethod
    def route(self, arrived: Value, run: Run) -> Value:
        """Send ``arrived`` through the layers inside with ``run`` and return what leaves."""

    def holding(self, inside: Mapping[str, Layers]) -> Combinator:
        """The same with other layers: those of ``inside``, by the labels that :meth:`route` runs them under.

        Labels that it did not use are missing. Raises :class:`LayerError` where layers that are one would differ.
        """
        return self

    def params(self) -> int:
        """Sum over the layers inside."""
        return sum(layer.params() for layer in self.held)

    def book_params(self) -> int:
        """Sum over the layers inside, by the chapter's formulas."""
        return sum(layer.book_params() for layer in self.held)


def _text(value: object) -> str:
    """``value`` as the listing would write it: one layer stands for a tuple of one, as the constructors allow."""
    if isinstance(value, Layer):
        return str(value)
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], Layer):
        return str(value[0])
    if isinstance(value, tuple) and value and isinstance(value[0], (Layer, tuple)):
        return f"({', '.join(map(_text, value))}{',' if len(value) == 1 else ''})"
    return shown(value, 200)


def text_of(layers: tuple[Layer, ...]) -> str:
    """Layers as the listing would write them."""
    return _text(layers)
