"""Which tensor of a library goes where: a table of rules worked out for one network."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.errors import SpecError
from netspec.layers import Branches, Dense, Flatten, Heads, Layer, Repeat, Residual, TransformerEncoder, Under
from netspec.modules.conv2d import TransposedConv
from netspec.spec import NetSpec
from netspec.weights.canonical import canonical_state
from netspec.weights.layout import Arrangement, Kind
from netspec.weights.rules import Piece, Rule, Table, filled, holes

#: What PyTorch calls the tensors of a module, by what they are called here.
PARTS = {
    "kernel": "weight",
    "bias": "bias",
    "scale": "weight",
    "mean": "running_mean",
    "var": "running_var",
    "embedding": "weight",
}
MOST_SHOWN = 8


class WeightsError(SpecError):
    """Tensors that do not fit a network, or a table of rules that does not."""


@dataclass(frozen=True)
class Source:
    """A tensor of a library, or a piece of it, laid out as part of a tensor of ours; ``None`` as name stands for
    zeros.
    """

    name: str | None
    arrangement: Arrangement
    piece: Piece | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the library's whole tensor."""
        shape = self.arrangement.theirs
        if self.piece is None:
            return shape
        axis = 1 if self.arrangement.layout == "io" else 0
        whole = shape[axis] // (self.piece.stop - self.piece.start) * self.piece.of
        return (*shape[:axis], whole, *shape[axis + 1 :])

    def cut(self, tensor: Any) -> Any:
        """The piece of the library's tensor."""
        if self.piece is None:
            return tensor
        axis = 1 if self.arrangement.layout == "io" else 0
        one = tensor.shape[axis] // self.piece.of
        part = slice(self.piece.start * one, self.piece.stop * one)
        return tensor[part] if axis == 0 else tensor[:, part]


@dataclass(frozen=True)
class Target:
    """A tensor of ours, and those of the library that it is made of, side by side along the outputs."""

    name: str
    shape: tuple[int, ...]
    sources: tuple[Source, ...]
    axis: int = -1

    def from_theirs(self, tensors: Mapping[str, Any]) -> Any:
        """What the library's tensors make; numpy or jax arrays alike."""
        made = [
            source.arrangement.to_ours(source.cut(tensors[source.name]))
            if source.name
            else np.zeros(source.arrangement.shape, np.float32)
            for source in self.sources
        ]
        if len(made) == 1:
            return made[0]
        join = jnp.concatenate if any(isinstance(part, jax.Array) for part in made) else np.concatenate
        return join(made, axis=self.axis)

    def to_theirs(self, tensor: Any) -> Iterator[tuple[Source, Any]]:
        """What is the library's of our ``tensor``."""
        at = 0
        for source in self.sources:
            width = source.arrangement.shape[self.axis] if source.arrangement.shape else 1
            rows = slice(at, at + width)
            part = tensor if len(self.sources) == 1 else tensor[rows] if self.axis == 0 else tensor[..., rows]
            at += width
            if source.name:
                yield source, source.arrangement.to_theirs(part)


@dataclass(frozen=True)
class Plan:
    """Where each tensor goes, in both directions."""

    network: str
    table: Table
    targets: tuple[Target, ...]

    @cached_property
    def names(self) -> dict[str, tuple[int, ...]]:
        """The library's tensors that are used, with their shapes."""
        return {source.name: source.shape for target in self.targets for source in target.sources if source.name}

    def to_ours(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Our tensors by their canonical names, made of the library's.

        A tied tensor may be there under either of its names, or both. Raises :class:`WeightsError` naming what is left
        over on both sides, has another shape, or holds no floating-point numbers.
        """
        tensors = {name if name in self.names else self.table.current(name): one for name, one in tensors.items()}
        tensors = {**{name: tensors[again] for again, name in self.table.tied.items() if again in tensors}, **tensors}
        self.check(tensors)
        return {target.name: target.from_theirs(tensors) for target in self.targets}

    def to_theirs(self, tensors: Mapping[str, Any], *, tied: bool = True) -> dict[str, Any]:
        """The library's tensors by its names, made of ours; the inverse of :meth:`to_ours`, for gradients as well."""
        whole: dict[str, Any] = {}
        pieces: dict[str, list[tuple[Piece, int, Any]]] = {}
        for target in self.targets:
            for source, tensor in target.to_theirs(tensors[target.name]):
                if source.piece is None:
                    whole[str(source.name)] = tensor
                else:
                    axis = 1 if source.arrangement.layout == "io" else 0
                    pieces.setdefault(str(source.name), []).append((source.piece, axis, tensor))
        for name, parts in pieces.items():
            parts.sort(key=lambda part: part[0])
            join = jnp.concatenate if isinstance(parts[0][2], jax.Array) else np.concatenate
            whole[name] = join([part for _, _, part in parts], axis=parts[0][1])
        return whole | (
            {again: whole[name] for again, name in self.table.tied.items() if name in whole} if tied else {}
        )

    def check(self, tensors: Mapping[str, Any]) -> None:
        """Raise :class:`WeightsError` unless ``tensors`` are just those of the plan, tied ones and buffers besides."""
        buffers = self.table.known_buffers
        beside = {name for name in tensors if buffers.fullmatch(name) and name not in self.names}
        unused = [
            name for name in tensors if name not in self.names and name not in self.table.tied and name not in beside
        ]
        missing = [name for name in self.names if name not in tensors]
        if unused or missing:
            raise WeightsError(f"{self.network}: {self._left_over(unused, missing)}")
        for name, shape in self.names.items():
            self._check_one(name, tensors[name], shape)
        for again, name in self.table.tied.items():
            if again in tensors and name in self.names and not _same(tensors[again], tensors[name]):
                raise WeightsError(
                    f"{self.network}: {again} is not {name}, expected the same tensor under both names: they are tied"
                )

    def check_ours(self, tensors: Mapping[str, Any]) -> None:
        """Raise :class:`WeightsError` unless ``tensors`` are those of the network, by their canonical names."""
        shapes = {target.name: target.shape for target in self.targets}
        for problem, names in (
            ("are missing", [name for name in shapes if name not in tensors]),
            ("are none of its own", [name for name in tensors if name not in shapes]),
        ):
            if names:
                raise WeightsError(f"{self.network}: {len(names)} tensors {problem}: {_some(names)}")
        for name, shape in shapes.items():
            self._check_one(name, tensors[name], shape)

    def _check_one(self, name: str, tensor: Any, shape: tuple[int, ...]) -> None:
        if tuple(tensor.shape) != shape:
            raise WeightsError(f"{self.network}: {name} has shape {tuple(tensor.shape)}, expected {shape}")
        if not jnp.issubdtype(tensor.dtype, jnp.floating):
            raise WeightsError(f"{self.network}: {name} is of type {tensor.dtype}, expected floating-point numbers")

    def _left_over(self, unused: Sequence[str], missing: Sequence[str]) -> str:
        lines = []
        if unused:
            lines.append(f"{len(unused)} tensors of the file have no place: {_some(unused)}")
        if missing:
            lines.append(f"{len(missing)} tensors are missing from the file: {_some(missing)}")
        if unused and (near := difflib.get_close_matches(unused[0], self.names, n=1, cutoff=0.3)):
            lines.append(f"nearest to {unused[0]} is {near[0]} {self.names[near[0]]}")
        return "; ".join(lines)


def _same(one: Any, other: Any) -> bool:
    return one is other or bool(one.shape == other.shape and np.array_equal(one, other, equal_nan=True))


def _some(names: Sequence[str]) -> str:
    rest = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def plan(spec: NetSpec, network: nnx.Module, table: Table) -> Plan:
    """Work out ``table`` for ``network``, the module of ``spec``, whose values are not looked at.

    Raises :class:`WeightsError` for a tensor of ours that no rule is about, and for one of the
    library's that two of ours would take.
    """
    tensors = {name: tuple(leaf.shape) for name, leaf in canonical_state(network).items()}
    return _Planner(spec, network, table, tensors).plan()


def rule_of(table: Table, name: str, last: int) -> tuple[Rule, dict[str, Any], str] | None:
    """The first rule about a tensor of ours or the module that it is of, what its holes hold, and in the second case
    what PyTorch calls that part of a module; ``last`` is the place of the last layer.
    """
    path, _, part = name.rpartition(".")
    for rule in table.rules:
        if (held := rule.match(name, last)) is not None:
            return rule, held, ""
        if part in PARTS and (held := rule.match(path, last)) is not None:
            return rule, held, PARTS[part]
    return None


class _Planner:
    def __init__(self, spec: NetSpec, network: nnx.Module, table: Table, tensors: dict[str, tuple[int, ...]]) -> None:
        self.spec, self.table, self.tensors = spec, table, tensors
        self.last = len(spec.layers) - 1
        self.modules = {".".join(map(str, path)): module for path, module in nnx.iter_modules(network)}
        self.running = table.running(tensors, self.last)

    def plan(self) -> Plan:
        targets = tuple(self.target(name, shape) for name, shape in self.tensors.items())
        taken: dict[str, list[Piece | None]] = {}
        for target in targets:
            for source in target.sources:
                if source.name:
                    taken.setdefault(source.name, []).append(source.piece)
        for name, pieces in taken.items():
            if len(pieces) > 1 or pieces[0] is not None:
                self.check_pieces(name, pieces)
        return Plan(self.spec.name, self.table, targets)

    def check_pieces(self, name: str, pieces: list[Piece | None]) -> None:
        if None not in pieces:
            given = sorted(piece for piece in pieces if piece is not None)
            ends = [0, *(piece.stop for piece in given)]
            if [piece.start for piece in given] == ends[:-1] and ends[-1] == given[0].of:
                return
        raise WeightsError(f"{self.spec.name}: the rules use {name} more than once, or leave a part of it")

    def target(self, name: str, shape: tuple[int, ...]) -> Target:
        path = name.rpartition(".")[0]
        found = rule_of(self.table, name, self.last)
        if found is None:
            near = difflib.get_close_matches(name, [rule.ours for rule in self.table.rules], n=1, cutoff=0)
            hint = f"; the nearest is {near[0]!r}" if near else ""
            raise WeightsError(f"{self.spec.name}: no rule is about {name} {shape}{hint}")
        rule, held, theirs = found
        for number, counts in self.running.items():
            held[f"{number}_count"] = len(counts)
            key = tuple(held.get(hole) for hole in holes(self.table.numbers[number]))
            if key in counts:
                held[number] = counts[key]
        held |= self.table.words
        widths = self.widths(rule, name, shape)
        sources = []
        pieces: list[Piece | None] = [Piece(*piece) for piece in rule.pieces] or [None] * len(widths)
        if rule.piece:
            pieces = [Piece(*rule.piece)]
        templates = rule.names
        if rule.piece and rule.by_head:
            start, stop, of = rule.piece
            heads = self.heads(path)
            pieces = [Piece(start + of * head, stop + of * head, of * heads) for head in range(heads)]
            templates, widths = rule.names * heads, [shape[-1] // heads] * heads
        for place, (template, width, piece) in enumerate(zip(templates, widths, pieces, strict=True)):
            full = filled(template, held)
            if theirs:
                full += theirs if full.endswith(("_", ".")) else f".{theirs}"
            cut = (width, *shape[1:]) if rule.stacked else (*shape[:-1], width) if shape else shape
            arrangement = self.arrangement(rule, name, cut)
            absent = theirs == "bias" and place in rule.no_bias
            sources.append(Source(None if absent else full, arrangement, piece))
        return Target(name, shape, tuple(sources), 0 if rule.stacked else -1)

    def widths(self, rule: Rule, name: str, shape: tuple[int, ...]) -> list[int]:
        """Outputs of ours that each of the library's tensors gives."""
        count = len(rule.names)
        if rule.stacked:
            return [1] * count
        if count == 1:
            return [shape[-1] if shape else 1]
        layer = self.layer(name)
        if count == 3 and isinstance(layer, TransformerEncoder) and ".qkv." in name:
            return list(layer.attention.maps(layer.width, layer.heads))
        return [shape[-1] // count] * count

    def heads(self, path: str) -> int:
        """Heads of the attention that the module at ``path`` is in."""
        while path:
            path = path.rpartition(".")[0]
            if heads := getattr(getattr(self.modules.get(path), "layer", None), "heads", None):
                return int(heads)
        raise WeightsError(f"{self.spec.name}: a rule takes pieces by heads, but {path} has none")

    def layer(self, name: str) -> Any:
        """The layer of the listing that a tensor belongs to."""
        words = name.split(".")
        return self.spec.layers[int(words[1])] if words[0] == "layers" and words[1].isdigit() else None

    def arrangement(self, rule: Rule, name: str, shape: tuple[int, ...]) -> Arrangement:
        path, _, part = name.rpartition(".")
        kind: Kind = "plain"
        groups = 1
        if part == "kernel":
            kind = "linear" if len(shape) == 2 else "conv"
            module = self.modules.get(path)
            if isinstance(module, (nnx.ConvTranspose, TransposedConv)):
                kind = "transposed"
                groups = getattr(module, "feature_group_count", 1)
        if part == "embedding" and rule.layout != "oi":
            kind = "linear"  # a table that the library has as a map of one-hot rows
        features = self.flattened(name) if kind == "linear" else None
        heads = rule.heads if part in ("kernel", "bias") else None
        layout = rule.layout if part in ("kernel", "embedding") else "oi"
        lead, trail = (rule.lead, rule.trail) if kind == "plain" else (0, 0)
        return Arrangement(kind, shape, layout, lead, features, heads, square=rule.square, trail=trail, groups=groups)

    def flattened(self, name: str) -> tuple[int, ...] | None:
        """The feature map that the dense layer behind a :class:`Flatten` reads."""
        place = place_of(self.spec, name)
        if place is None:
            return None
        chain, index, path = place
        if not index or not isinstance(chain[index], Dense) or not isinstance(chain[index - 1], Flatten):
            return None
        before = f"{path}{index - 1}"
        arrived: Any = next(row.arrived for row in self.spec.flat() if row.path == before)
        return arrived if len(arrived) == 3 and arrived[:2] != (1, 1) else None


def place_of(spec: NetSpec, name: str) -> tuple[tuple[Layer, ...], int, str] | None:
    """The chain of layers that a tensor's layer is in, its place there, and the path of the chain in the rows."""
    words = name.split(".")
    chain, path = spec.layers, ""
    while len(words) > 1 and words[0] == "layers" and words[1].isdigit():
        index, words = int(words[1]), words[2:]
        layer = chain[index]
        inside: tuple[tuple[Layer, ...], str] | None = None
        match layer:
            case Heads() if words[:1] == ["heads"]:
                label, held = layer.heads[int(words[1])]
                inside, words = (held, label), words[2:]
            case Branches() if words[:1] == ["branches"]:
                inside, words = (layer.branches[int(words[1])], f"branch {words[1]}"), words[2:]
            case Repeat() if words[:1] == ["copies"]:
                inside, words = (layer.body, f"copy {words[1]}"), words[2:]
            case Residual() if words[:1] in (["body"], ["shortcut"]):
                inside, words = (layer.body if words[0] == "body" else layer.shortcut, words[0]), words[1:]
            case Under():
                inside = (layer.body, "under")
        if inside is None:
            return chain, index, path
        chain, path = inside[0], f"{path}{index}.{inside[1]}."
    return None
