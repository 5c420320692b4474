"""Layers made of layers: residual connection, parallel branches, several heads, shared weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from netspec.conventions import Conventions
from netspec.errors import LayerError
from netspec.fields import shown
from netspec.layers.base import Combinator, Layer, Layers, Run, Several, Value, text_of
from netspec.layers.expect import expect_image, expect_one
from netspec.layers.taps import joined
from netspec.names import head_wrong, repeated


@dataclass(frozen=True)
class Residual(Combinator):
    """``y = body(x) + shortcut(x)``; an empty ``shortcut`` is the identity. Shape: whatever ``body`` gives.

    Parameters: those of the layers inside. Source: He et al. 2015 (arXiv:1512.03385), eq. 1; book ch. 6.
    """

    body: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()

    @property
    def held(self) -> tuple[Layer, ...]:
        """Body, then shortcut."""
        return self.body + self.shortcut

    def route(self, arrived: Value, run: Run) -> Value:
        """Both paths read ``arrived``; raises :class:`LayerError` when they leave different shapes."""
        body = run("body", self.body, arrived)
        shortcut = run("shortcut", self.shortcut, arrived) if self.shortcut else arrived
        if body != shortcut:
            raise LayerError("the residual paths differ", arrived=f"body {body}", expected=f"shortcut {shortcut}")
        return body

    def holding(self, inside: Mapping[str, Layers]) -> Residual:
        """Other layers on both paths."""
        return replace(self, body=inside["body"], shortcut=inside.get("shortcut", ()))


@dataclass(frozen=True)
class Branches(Combinator):
    """Parallel paths over one input, joined along channels or by sum, mean or product: ``x -> join(f₁(x), …, fₙ(x))``.

    An empty branch is the identity. Parameters: those of the layers inside.
    Source: Szegedy et al. 2014 (arXiv:1409.4842); book ch. 11, def. 82.
    """

    branches: tuple[tuple[Layer, ...], ...]
    join: Literal["concat", "add", "mean", "multiply"] = "concat"

    def check(self) -> None:
        """Raise :class:`LayerError` when there is nothing to join."""
        super().check()
        if len(self.branches) < 2:
            raise LayerError("branches are joined", arrived=f"{len(self.branches)} branches", expected="two or more")

    @property
    def held(self) -> tuple[Layer, ...]:
        """The branches, one after another."""
        return tuple(layer for branch in self.branches for layer in branch)

    def route(self, arrived: Value, run: Run) -> Value:
        """Every branch reads ``arrived``; raises :class:`LayerError` when their outputs do not fit together."""
        return joined(self.join, [run(f"branch {i}", branch, arrived) for i, branch in enumerate(self.branches)])

    def holding(self, inside: Mapping[str, Layers]) -> Branches:
        """Other layers in each branch."""
        return replace(self, branches=tuple(inside[f"branch {i}"] for i in range(len(self.branches))))


@dataclass(frozen=True)
class Heads(Combinator):
    """Several outputs from one trunk: ``x -> {name: headₙₐₘₑ(x), …}``.

    Given as a mapping from name to layers. Parameters: those of the layers inside.
    Source: Silver et al. 2017 (policy and value heads); He et al. 2017 (arXiv:1703.06870).
    """

    heads: tuple[tuple[str, tuple[Layer, ...]], ...]

    def check(self) -> None:
        """Raise :class:`LayerError` when there is no head, or a name that is taken or would break a path."""
        super().check()
        if not self.heads:
            raise LayerError("no heads", arrived="0 heads", expected="at least one")
        names = [name for name, _ in self.heads]
        for name in names:
            if wrong := head_wrong(name):
                raise LayerError("a head has a name without dots", arrived=repr(name), expected=wrong)
        if twice := repeated(names):
            raise LayerError("two heads of one name", arrived=repr(twice), expected="a name for each")

    @property
    def held(self) -> tuple[Layer, ...]:
        """The heads, one after another."""
        return tuple(layer for _, layers in self.heads for layer in layers)

    def route(self, arrived: Value, run: Run) -> Value:
        """Every head reads ``arrived``."""
        return Several({name: run(name, layers, arrived) for name, layers in self.heads})

    def holding(self, inside: Mapping[str, Layers]) -> Heads:
        """Other layers in each head."""
        return replace(self, heads=tuple((name, inside[name]) for name, _ in self.heads))

    def __str__(self) -> str:
        return f"Heads({{{', '.join(f'{name!r}: {text_of(layers)}' for name, layers in self.heads)}}})"


@dataclass(frozen=True)
class ForEach(Combinator):
    """The same layers, weights shared, over each of several tensors: ``{name: x} -> {name: f(x)}``.

    Parameters: those of the layers inside, once. Source: Lin et al. 2016 (arXiv:1612.03144), sec. 4.1, where one
    proposal head serves all levels of a pyramid.
    """

    body: tuple[Layer, ...]

    repeats = True

    @property
    def held(self) -> tuple[Layer, ...]:
        """The shared layers."""
        return self.body

    def route(self, arrived: Value, run: Run) -> Value:
        """Each tensor in turn; raises :class:`LayerError` when only one arrives."""
        if not isinstance(arrived, Several):
            raise LayerError("several tensors are needed", arrived=arrived, expected="a pyramid or several heads")
        shapes: dict[str, Value] = {}
        for position, (name, shape) in enumerate(arrived.items()):
            shapes[name] = run(name, self.body, shape, counted=position > 0)
        return Several(shapes)

    def holding(self, inside: Mapping[str, Layers]) -> ForEach:
        """Other layers, which must be the same ones for all tensors."""
        return replace(self, body=_one(inside))


@dataclass(frozen=True)
class OnRegions(Combinator):
    """RoIAlign to ``side × side`` and the same layers on every region: ``{level: (H, W, C)} -> (n_regions, …)``.

    Where the regions lie is decided outside the network. Parameters: those of the layers inside, once.
    Source: He et al. 2017 (arXiv:1703.06870), sec. 3.
    """

    channels: int
    side: int
    n_regions: int
    body: tuple[Layer, ...]

    @property
    def held(self) -> tuple[Layer, ...]:
        """The layers every region passes through."""
        return self.body

    def route(self, arrived: Value, run: Run) -> Value:
        """Each region is ``(side, side, channels)``; raises :class:`LayerError` when a level has other channels."""
        for shape in arrived.values() if isinstance(arrived, Several) else (arrived,):
            expect_image(shape, self.channels)
        leaves = run("region", self.body, (self.side, self.side, self.channels), again=self.n_regions)
        if isinstance(leaves, Several):
            return Several({name: (self.n_regions, *shape) for name, shape in leaves.items()})
        return (self.n_regions, *leaves)

    def holding(self, inside: Mapping[str, Layers]) -> OnRegions:
        """Other layers for the regions."""
        return replace(self, body=inside["region"])


@dataclass(frozen=True)
class Repeat(Combinator):
    """``times`` copies of ``body``, each with its own weights. Parameters: ``times`` times those of ``body``."""

    times: int
    body: tuple[Layer, ...]

    repeats = True

    @property
    def held(self) -> tuple[Layer, ...]:
        """The copies, one after another."""
        return self.body * self.times

    def route(self, arrived: Value, run: Run) -> Value:
        """Copy after copy; raises :class:`LayerError` when one leaves what the next cannot take."""
        expect_one(arrived)
        for copy in range(self.times):
            arrived = run(f"copy {copy}", self.body, arrived)
        return arrived

    def holding(self, inside: Mapping[str, Layers]) -> Repeat:
        """Other layers, which must be alike in all copies."""
        return replace(self, body=_one(inside))


@dataclass(frozen=True)
class Under(Combinator):
    """``body`` under conventions other than the network's: ``x -> body(x)``. See :class:`netspec.Conventions`.

    Parameters: those of the layers inside. Networks mix them where a body from one library carries a head from another.
    """

    conventions: Conventions
    body: tuple[Layer, ...]

    def check(self) -> None:
        """Raise :class:`LayerError` for conventions that cannot be."""
        super().check()
        self.conventions.check()

    @property
    def held(self) -> tuple[Layer, ...]:
        """The layers inside."""
        return self.body

    def route(self, arrived: Value, run: Run) -> Value:
        """Through the layers inside."""
        return run("under", self.body, arrived)

    def holding(self, inside: Mapping[str, Layers]) -> Under:
        """Other layers inside."""
        return replace(self, body=inside["under"])

    def __str__(self) -> str:
        return f"Under({shown(self.conventions, 200)}, {text_of(self.body)})"


def _one(inside: Mapping[str, Layers]) -> Layers:
    """The layers that are written once and stand under every label of ``inside``."""
    first, *others = inside.values()
    for other in others:
        if other != first:
            raise LayerError("layers written once would differ", arrived=text_of(other), expected=text_of(first))
    return first
