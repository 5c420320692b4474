"""What a call of a built network must hand over, and what is said when something else arrives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp

from netspec.errors import InputError
from netspec.fields import shown
from netspec.layers.base import Shape, Value
from netspec.layers.combinators import OnRegions
from netspec.layers.token_embedding import INDEXED, TokenPositionEmbed
from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.names import REGIONS
from netspec.spec import NetSpec
from netspec.walk import Row, walk

#: The name of the tensor that a call hands over first, without a name.
FIRST = ""


class Input(NamedTuple):
    """One tensor of a call: its name, its shape without the batch, and the number of tokens where it is indices.

    ``vocabulary`` is 0 for real numbers, ``None`` where the layers do not tell.
    """

    name: str
    shape: Shape
    vocabulary: int | None


class _Marked(tuple):
    """The shape of an input, known by being it: another of the same sides is another input."""


def inputs_of(spec: NetSpec) -> tuple[Input, ...]:
    """What a call of the built ``spec`` takes: the first tensor, the extra inputs, and where regions lie, if it asks.

    Indices of tokens are what reaches a table of embeddings untouched, straight or through taps and branches.
    """
    regions = [row.layer.n_regions for row in spec.flat() if isinstance(row.layer, OnRegions)]
    shapes = {FIRST: spec.input_shape, **dict(spec.extra_inputs)}
    known = _vocabularies(spec, shapes)
    found = [Input(name, shape, known.get(name, 0) if known is not None else None) for name, shape in shapes.items()]
    return (*found, *([Input(REGIONS, (max(regions), 4), 0)] if regions else []))


def _vocabularies(spec: NetSpec, shapes: Mapping[str, Shape]) -> dict[str, int] | None:
    """Number of tokens by the name of the input; ``None`` where a table reads what is no input as it came."""
    if not any(isinstance(row.layer, INDEXED) for row in spec.flat()):
        return {}
    marked = {name: _Marked(shape) for name, shape in shapes.items()}
    first, *further = marked.items()
    walked = walk(spec.name, first[1], further, spec.layers)
    found = {}
    for row in (inner for outer in walked for inner in outer.flat()):
        tables = [(shape, 2) for shape in _masks(row)]
        if isinstance(row.layer, INDEXED):
            tables = [(row.arrived, row.layer.vocabulary)]
        if isinstance(row.layer, TokenPositionEmbed):
            tables += [(shape, row.layer.segments) for shape in row.read]
        for arrived, rows in tables:
            name = next((name for name, shape in marked.items() if shape is arrived), None)
            if name is None:
                return None
            found[name] = rows
    return found


def _masks(row: Row) -> tuple[Value, ...]:
    """Shapes of the masks that a layer reads, which are zeros and ones."""
    if isinstance(row.layer, TransformerEncoder):
        return row.read
    return row.read[bool(row.layer.memory) :] if isinstance(row.layer, TransformerDecoder) else ()


def check(name: str, expected: tuple[Input, ...], first: Any, named: Mapping[str, Any]) -> None:
    """Raise :class:`netspec.errors.InputError` unless the tensors are a batch for the network ``name``.

    Shapes and types are known while a call is traced, so a compiled one does not pay for it.
    """
    further = [one.name for one in expected if one.name != FIRST]
    if named.keys() != set(further):
        arrived, wanted = (", ".join(names) or "none" for names in (named, further))
        raise InputError(f"{name}: further inputs {arrived} arrived, expected {wanted}")
    batch = None
    for one in expected:
        value = first if one.name == FIRST else named[one.name]
        label = f"{name}: input {one.name!r}" if one.name else f"{name}: input"
        wanted = f"({', '.join(map(str, ('batch' if batch is None else batch, *one.shape)))})"
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        if not isinstance(shape, tuple) or (kind := _kind(dtype)) is None:
            raise InputError(f"{label}: arrived {shown(value, 40)}, expected an array of shape {wanted}")
        if len(shape) != len(one.shape) + 1 or shape[1:] != one.shape or (batch is not None and shape[0] != batch):
            hint = "".join(f"; {words}" for words in _hints(shape, one.shape))
            raise InputError(f"{label}: arrived {_text(shape)}, expected {wanted}{hint}")
        if shape[0] == 0:
            raise InputError(f"{label}: arrived {_text(shape)}, expected {wanted} with at least one example")
        if one.vocabulary is not None and kind != ("an integer" if one.vocabulary else "a floating-point"):
            of = f"indices below {one.vocabulary}, an integer" if one.vocabulary else "numbers of a floating-point"
            raise InputError(f"{label}: arrived {dtype} {_text(shape)}, expected {of} type")
        batch = shape[0]


def _kind(dtype: Any) -> str | None:
    """In words; ``None`` for what is no type of an array of numbers."""
    try:
        if jnp.issubdtype(dtype, jnp.floating):
            return "a floating-point"
        return "an integer" if jnp.issubdtype(dtype, jnp.integer) else "another"
    except TypeError:
        return None


def _hints(arrived: tuple, shape: Shape) -> Iterator[str]:
    """What is likely meant."""
    image = len(shape) == 3
    first = (shape[-1], *shape[:-1])  # channels first
    if arrived == shape:
        yield "a batch axis is missing, x[None] adds one"
    elif image and arrived == first:
        yield "channels come last and a batch axis is missing, x.transpose(1, 2, 0)[None] gives both"
    elif image and len(arrived) == 4 and arrived[1] == shape[-1] != arrived[-1]:
        yield "channels come last, x.transpose(0, 2, 3, 1) brings them there"
    elif len(arrived) == len(shape) + 1 and arrived[-1] == shape[-1] and arrived[1:] != shape:
        yield "for another size build dataclasses.replace(spec, input_shape=…)"


def _text(shape: tuple) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
