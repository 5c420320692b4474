"""Follow a shape through a spec: the one traversal that counting, printing, drawing and building share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from netspec.errors import LayerError, SpecError
from netspec.fields import shown
from netspec.layers.base import SKIP, Combinator, Layer, Primitive, Several, Shape, Value, size
from netspec.layers.taps import moves_only

#: ``fit(path, layer, arrived, behind)`` gives the layer that stands in place of ``layer``; ``behind`` is the next one.
Fit = Callable[[str, Layer, Value, Layer | None], Layer]


@dataclass(frozen=True)
class Row:
    """One layer where it stands in a spec.

    ``path`` is its place: ``"3"``, or ``"3.policy.0"`` inside a combinator. Shapes are channels last, without the
    batch. ``params``, ``book_params``, ``macs`` and ``activations`` of a combinator are sums over ``inside``.
    ``activations`` counts the scalars that leave each primitive: what backpropagation keeps when every idiom
    recomputes its inside, for one example.
    """

    path: str
    layer: Layer
    arrived: Value
    read: tuple[Value, ...]
    leaves: Value
    params: int
    book_params: int
    macs: int
    activations: int
    inside: tuple[Row, ...] = ()

    @property
    def depth(self) -> int:
        """0 for a layer of the spec itself, 1 inside one combinator, and so on."""
        return self.path.count(".") // 2

    def flat(self) -> Iterator[Row]:
        """This row and, indented under a combinator, those inside."""
        yield self
        for row in self.inside:
            yield from row.flat()


def walk(
    name: str,
    input_shape: Shape,
    extra_inputs: Sequence[tuple[str, Shape]],
    layers: Sequence[Layer],
    fit: Fit | None = None,
) -> tuple[Row, ...]:
    """A :class:`Row` per layer, in order: those of a spec are :attr:`netspec.NetSpec.rows`.

    With ``fit`` the rows are of the layers that it gives, and combinators hold them.

    Raises :class:`SpecError` naming the network, the layer's index and text, what arrived and what was expected.
    """
    tracer = _Tracer(name, extra_inputs, fit)
    try:
        _, rows = tracer.run("", layers, input_shape, times=1, shared=False)
    except RecursionError:
        raise SpecError(f"{name}: layers within layers beyond any measure, expected a few levels") from None
    tracer.finish()
    return rows


class _Tracer:
    """Saved tensors and open skips of one walk."""

    def __init__(self, name: str, extra_inputs: Sequence[tuple[str, Shape]], fit: Fit | None = None) -> None:
        self.name = name
        self.fit = fit
        self.saved: dict[str, Value] = dict(extra_inputs)
        self.skips: list[tuple[str, Layer, Value]] = []
        self.saves: dict[str, tuple[str, str, Layer]] = {}  # name: place in the listing, path, layer
        self.unread = dict.fromkeys(self.saved)

    def run(
        self, prefix: str, layers: Sequence[Layer], value: Value, *, times: int, shared: bool, listed: str = ""
    ) -> tuple[Value, tuple[Row, ...]]:
        """``listed`` is the prefix of the place in the listing, where repeated layers stand once."""
        rows = []
        for index, layer in enumerate(layers):
            path = f"{prefix}{index}"
            if not isinstance(layer, Layer):
                problem = f"not a layer: arrived {shown(layer)}, expected a layer such as Flatten()"
                raise SpecError(f"{self.name}, layer {path}: {problem}")
            try:
                layer.check()
                if self.fit:
                    layer = self.fit(path, layer, value, layers[index + 1] if index + 1 < len(layers) else None)
                row = self.step(path, layer, value, times, shared, f"{listed}{index}")
            except LayerError as error:
                raise SpecError(f"{self.name}, layer {path} {_listed(layer)}: {error}") from None
            rows.append(row)
            value = row.leaves
        return value, tuple(rows)

    def step(self, path: str, layer: Layer, value: Value, times: int, shared: bool, listed: str) -> Row:
        if isinstance(layer, Combinator):
            return self.combine(path, layer, value, times, shared, listed)
        assert isinstance(layer, Primitive)
        read = tuple(self.find(name) for name in layer.reads)
        leaves = layer.output_shape(value, *read)
        kept = layer.saves(value)
        if kept is not None:
            name, tensor = kept
            if name == SKIP:
                self.skips.append((path, layer, tensor))
            else:
                self.save(name, tensor, path, layer, listed)
        counted = 0 if shared else 1
        return Row(
            path,
            layer,
            value,
            read,
            leaves,
            counted * layer.params(),
            counted * layer.book_params(),
            times * layer.macs(value, *read),
            0 if moves_only(layer) else times * size(leaves),
        )

    def combine(self, path: str, layer: Combinator, value: Value, times: int, shared: bool, listed: str) -> Row:
        inside: list[Row] = []
        held: dict[str, tuple[Layer, ...]] = {}

        def run(label: str, layers: Sequence[Layer], arrived: Value, again: int = 1, counted: bool = False) -> Value:
            prefix, place = f"{path}.{label}.", f"{listed}.{'' if layer.repeats else label}."
            leaves, rows = self.run(
                prefix, layers, arrived, times=times * again, shared=shared or counted, listed=place
            )
            inside.extend(rows)
            held[label] = tuple(row.layer for row in rows)
            return leaves

        leaves = layer.route(value, run)
        if self.fit:
            layer = layer.holding(held)
        return Row(
            path,
            layer,
            value,
            (),
            leaves,
            sum(row.params for row in inside),
            sum(row.book_params for row in inside),
            sum(row.macs for row in inside),
            sum(row.activations for row in inside),
            tuple(inside),
        )

    def save(self, name: str, tensor: Value, path: str, layer: Layer, listed: str) -> None:
        if name in self.saved and (name not in self.saves or self.saves[name][0] != listed):
            other = f"saved at layer {self.saves[name][1]}" if name in self.saves else "an extra input"
            raise LayerError("two tensors of one name", arrived=f"{name!r}, already {other}", expected="another name")
        if name not in self.saves:
            self.unread[name] = None
        self.saved[name] = tensor
        self.saves[name] = listed, path, layer

    def find(self, name: str) -> Value:
        if name == SKIP:
            if not self.skips:
                raise LayerError("unmatched skip", arrived="no open skip", expected="one UNetDown before each UNetUp")
            return self.skips.pop()[2]
        whole, _, part = name.partition(".")
        self.unread.pop(whole, None)
        if name in self.saved:
            return self.saved[name]
        several = self.saved.get(whole)
        if part and isinstance(several, Several) and part in several:
            return several[part]
        known = ", ".join(map(repr, self.saved)) or "no saved tensor"
        raise LayerError("unknown tap", arrived=repr(name), expected=f"one of {known}")

    def finish(self) -> None:
        if self.skips:
            path, layer, shape = self.skips[-1]
            problem = f"unmatched skip: arrived {shape} that no layer reads, expected one UNetUp for each UNetDown"
            raise SpecError(f"{self.name}, layer {path} {layer}: {problem}")
        for name in self.unread:
            if name in self.saves:
                _, path, layer = self.saves[name]
                problem = f"unread tap: arrived {name!r} that no layer reads, expected a Load({name!r}) behind it"
                raise SpecError(f"{self.name}, layer {path} {layer}: {problem}")
            raise SpecError(f"{self.name}: unread extra input: arrived {name!r}, expected a layer that reads it")


def _listed(layer: Layer) -> str:
    """The layer as the listing has it, or its class where a field holds what no listing can show."""
    try:
        return str(layer)
    except Exception:
        return f"{type(layer).__name__}(…)"
