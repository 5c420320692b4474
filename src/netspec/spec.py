"""NetSpec: a named network as a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from netspec.conventions import BOOK, Conventions
from netspec.errors import LayerError, SpecError
from netspec.fields import Many, Whole, normalise, refusal, shown
from netspec.layers.base import Layer, Primitive, Shape, Value
from netspec.layers.conv2d import Conv2d
from netspec.layers.dense import Dense
from netspec.layers.global_avg_pool import GlobalAvgPool
from netspec.layers.taps import PLUMBING
from netspec.names import input_wrong, repeated
from netspec.sizes import resized, with_channels, with_tokens
from netspec.walk import Row, walk

SHAPE = Many(Whole())

#: ``variant``: one of the 208 of the catalogue. ``alternative``: a form of one that chapter or repository also gives.
#: ``system``: a whole system composed of the parts that the chapter lists one by one. ``trainer``: used only here.
#: ``vocabulary``: named by the vocabulary and by no chapter. ``published``: as a library has it (:mod:`netspec.exact`).
Role = Literal["variant", "alternative", "system", "trainer", "vocabulary", "published"]


@dataclass(frozen=True)
class Provenance:
    """Where an architecture comes from and where the book keeps it.

    ``entry`` and ``domain`` are the heading and the section of the later edition of ch. 11, ``earlier_domain`` the
    section of the earlier one (empty where an edition lacks the entry). ``new_primitives`` names what the entry adds
    to the reader's vocabulary in the later edition, ``earlier_new_primitives`` in the earlier; ``None`` where that
    edition does not say. ``alternative_of`` names the variant that this spec is another form of. ``remark`` is what
    a reader should know before comparing numbers.
    """

    book: str = ""
    paper: str = ""
    year: int | None = None
    entry: str = ""
    domain: str = ""
    earlier_domain: str = ""
    new_primitives: tuple[str, ...] | None = None
    earlier_new_primitives: tuple[str, ...] | None = None
    role: Role = "trainer"
    alternative_of: str = ""
    remark: str = ""

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True)
class NetSpec:
    """An immutable network: name, input shape (channels last, no batch), layers, provenance.

    ``extra_inputs`` are further tensors by name, which layers read as they read saved ones: the text a denoiser is
    conditioned on, the encoder output a decoder attends to; a mapping gives them, too. ``conventions`` are the
    numerics of all layers, by default the book's (see :class:`netspec.Conventions`); :class:`netspec.layers.Under`
    sets others for some. Fields are taken as those of layers are (see :mod:`netspec.fields`). Constructing a spec
    follows the shapes through every layer; :class:`SpecError` says where it breaks.
    """

    name: str
    input_shape: Shape
    layers: tuple[Layer, ...]
    provenance: Provenance = Provenance()
    extra_inputs: tuple[tuple[str, Shape], ...] = ()
    conventions: Conventions = BOOK
    rows: tuple[Row, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        normalise(self)
        check(self)
        object.__setattr__(self, "rows", walk(self.name, self.input_shape, self.extra_inputs, self.layers))

    @property
    def output_shape(self) -> Value:
        """Shape after the last layer, without the batch; a :class:`netspec.Several` where several tensors leave."""
        return self.rows[-1].leaves

    @property
    def params(self) -> int:
        """Trainable scalars of the built network."""
        return sum(row.params for row in self.rows)

    @property
    def book_params(self) -> int:
        """Parameters by the chapter's formulas; see :meth:`netspec.layers.Layer.book_params`."""
        return sum(row.book_params for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-adds per example; see :meth:`netspec.layers.Primitive.macs` for what counts."""
        return sum(row.macs for row in self.rows)

    @property
    def activations(self) -> int:
        """Scalars that leave the primitives, per example; see :class:`netspec.Row`."""
        return sum(row.activations for row in self.rows)

    @property
    def slug(self) -> str:
        """The name as a file name that every system takes: ``Stable-Diffusion-1.5-one-step-all-parts``."""
        return re.sub(r"[^A-Za-z0-9._]+", "-", self.name).strip("-.") or "network"

    @property
    def n_layers(self) -> int:
        """Layers of the listing; taps only move tensors and do not count."""
        return sum(not isinstance(layer, PLUMBING) for layer in self.layers)

    @property
    def primitives(self) -> tuple[str, ...]:
        """Names of the primitives used, inside combinators too, in order of appearance."""
        used = (row.layer for row in self.flat() if not isinstance(row.layer, PLUMBING))
        return tuple(dict.fromkeys(layer.primitive for layer in used if isinstance(layer, Primitive)))

    def flat(self) -> Iterator[Row]:
        """Every row, those inside combinators after the combinator's own."""
        for row in self.rows:
            yield from row.flat()

    def with_classes(self, classes: int) -> NetSpec:
        """The same network with a classification head that leaves ``(classes,)``.

        The head is a last :class:`Dense`, or as in SqueezeNet a :class:`Conv2d` before a last global average pooling.
        Raises :class:`SpecError` when the network does not end in such a head, or leaves more than a vector.
        """
        *body, last = self.layers
        pooling = (last,) if isinstance(last, GlobalAvgPool) and body else ()
        head = body.pop() if pooling else last
        width = "out_channels" if pooling else "out_features"
        if not isinstance(head, Conv2d if pooling else Dense) or self.output_shape != (getattr(head, width),):
            raise SpecError(
                f"{self.name}: ends in {head} and leaves {self.output_shape}, expected a vector of classes from Dense, "
                "or from Conv2d and GlobalAvgPool"
            )
        if self.output_shape == (classes,):
            return self
        changed: Any = {width: classes}
        return replace(self, layers=(*body, replace(head, **changed), *pooling))

    def resized(self, height: int, width: int) -> NetSpec:
        """The same network for images ``(height, width, channels)``.

        Patch counts, learned positions and dense layers on flattened images follow, so its weights may be others;
        :func:`netspec.weights.positions.resampled` fits tables of positions. Raises :class:`SpecError`, which says why
        and names sizes near that do, where the network cannot take such images, or takes none.
        """
        return resized(self, height, width)

    def with_channels(self, channels: int) -> NetSpec:
        """The same network for images of as many channels; what leaves is as before. Raises :class:`SpecError`."""
        return with_channels(self, channels)

    def with_tokens(self, tokens: int) -> NetSpec:
        """The same network for sequences of as many tokens, as far as its tables of positions have room.

        Extra inputs of as many tokens as the input follow. Raises :class:`SpecError` where it takes no sequence, or
        has too few positions.
        """
        return with_tokens(self, tokens)


def check(spec: NetSpec) -> None:
    """Raise :class:`SpecError` if the fields of ``spec`` cannot be right, whatever its layers do."""
    whole = shown(spec.name)
    if type(spec.name) is not str or not spec.name.isprintable() or not spec.name.strip():
        raise SpecError(f"{whole}: name must be a string: arrived {whole}, expected printable text in quotes")
    shapes: list[tuple[str, object]] = [("input shape", spec.input_shape)]
    if (wrong := refusal(spec)) and wrong[1].problem.startswith("extra_inputs"):
        pairs = spec.extra_inputs if type(spec.extra_inputs) is tuple else ()
        shapes += [pair for pair in pairs if type(pair) is tuple and len(pair) == 2 and type(pair[0]) is str]
    for label, shape in (*shapes, *(() if wrong else spec.extra_inputs)):
        if not SHAPE.fits(shape) or not shape:
            raise SpecError(f"{spec.name}: {label} {shown(shape)}, expected positive integers such as (28, 28, 1)")
    for owner, found in ((spec, wrong), (spec.provenance, None if wrong else refusal(spec.provenance))):
        if found:
            value, refused = found
            place = "provenance: " if owner is not spec else ""
            raise SpecError(
                f"{spec.name}: {place}{refused.problem}: arrived {shown(value)}, expected {refused.expected}"
            )
    try:
        spec.conventions.check()
    except LayerError as error:
        raise SpecError(f"{spec.name}: {error}") from None
    if not spec.layers:
        raise SpecError(f"{spec.name}: no layers, expected at least one")
    names = [name for name, _ in spec.extra_inputs]
    for name in names:
        if expected := input_wrong(name):
            raise SpecError(f"{spec.name}: an extra input needs a name: arrived {name!r}, expected {expected}")
    if twice := repeated(names):
        raise SpecError(f"{spec.name}: two extra inputs of one name: arrived {twice!r}, expected a name for each")
