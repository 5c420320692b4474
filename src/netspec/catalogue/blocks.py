"""Two small networks whose blocks are made of parts: what is swapped one at a time where parts are compared.

Each is a family: a dataclass of parts, whose ``spec()`` is the network. Text such as ``ConvBlocks(norm="group")`` names
a member of one, see :mod:`netspec.catalogue.written`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.catalogue.entry import PART_1, Entry
from netspec.errors import LayerError, SpecError
from netspec.fields import refusal, shown
from netspec.idioms.parts import Activation, Attention, Layers, Norm, conv, normed
from netspec.idioms.residual import Block, Skip, preactivated_stage, stage
from netspec.layers import (
    AvgPool,
    Dense,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    LMHead,
    MaxPool,
    TokenPositionEmbed,
    TransformerEncoder,
)
from netspec.layers.parts import GATED, Mlp, Placement, ResidualScale
from netspec.layers.parts import Norm as TokenNorm
from netspec.spec import NetSpec

CONVOLUTIONAL = Entry("Blocks of parts", PART_1, "He et al. 2015, arXiv:1512.03385", 2015, (), None)
TRANSFORMER = Entry(CONVOLUTIONAL.title, PART_1, "Radford et al. 2019, OpenAI technical report (GPT-2)", 2019, (), None)


class Family:
    """Networks that differ in parts. A subclass is a frozen dataclass of them, each with a default."""

    @property
    def name(self) -> str:
        """The family's name, with the parts that are not the default ones as Python would write them."""
        return str(self).removesuffix("()")

    def check(self) -> None:
        """Raise :class:`LayerError` for a part that there is not, or that does not go with another."""
        if wrong := refusal(self):
            value, refused = wrong
            raise LayerError(refused.problem, arrived=shown(value), expected=refused.expected)

    def __str__(self) -> str:
        usual = type(self)()
        given = ((name, value) for name, value in vars(self).items() if value != getattr(usual, name))
        return f"{type(self).__name__}({', '.join(f'{name}={shown(value)}' for name, value in given)})"


@dataclass(frozen=True)
class ConvBlocks(Family):
    """A residual network for 16-pixel pictures: a stem, two stages of basic blocks at 8 and at 4 pixels, a head.

    ``depth`` counts the 3×3 convolutions of the blocks, two for each, as many in both stages, of which the second is
    twice as wide. ``norm``, ``activation``, ``attention`` and ``skip`` are those of
    :class:`netspec.idioms.residual.Block`; a group norm has groups of four channels. ``placement`` is norm and
    activation behind convolutions (``"post"``) or in front of them (He et al. 2016, arXiv:1603.05027). ``pool`` halves
    the sides: a ``stride`` of the first convolution, or a window of 2×2 before it. ``readout`` is what the head reads:
    mean or maximum of each channel over the positions, or all of them.
    """

    depth: int = 8
    width: int = 16
    norm: Norm = "batch"
    activation: Activation = "relu"
    attention: Attention | None = None
    skip: Skip = "sum"
    placement: Literal["post", "pre"] = "post"
    pool: Literal["stride", "max", "average"] = "stride"
    readout: Literal["average", "max", "flatten"] = "average"

    def check(self) -> None:
        """Raise :class:`LayerError` as well for a depth that stages cannot share, or a width that groups cannot."""
        super().check()
        if self.depth % 4:
            raise LayerError("two stages of blocks of two convolutions", arrived=self.depth, expected="4, 8, 12, …")
        if self.norm == "group" and self.width % 4:
            raise LayerError("groups of four channels", arrived=f"width={self.width}", expected="4, 8, 12, …")

    def spec(self) -> NetSpec:
        """The network, of ten classes. Raises :class:`netspec.SpecError` for parts that cannot be."""
        try:
            self.check()
            layers = self._layers()
        except LayerError as error:
            raise SpecError(f"{self}: {error}") from None
        return CONVOLUTIONAL.spec(self.name, (16, 16, 3), *layers, role="trainer")

    def _layers(self) -> Layers:
        w, n_blocks = self.width, self.depth // 4
        stages = preactivated_stage if self.placement == "pre" else stage
        stride = 2 if self.pool == "stride" else 1
        stem = conv(3, w, 3, stride, norm=self.norm, activation=self.activation, norm_groups=self._block(w).norm_groups)
        last = normed(2 * w, self.norm, self.activation, self._block(2 * w).norm_groups)
        return (
            *(*stem, *self._halved()),
            *stages(w, w, w, n_blocks, 1, self._block(w)),
            *self._halved(),
            *stages(w, 2 * w, 2 * w, n_blocks, stride, self._block(2 * w)),
            *(last if self.placement == "pre" else ()),
            *self._head(2 * w),
        )

    def _block(self, channels: int) -> Block:
        groups = channels // 4 if self.norm == "group" else None
        return Block(
            False, self.norm, self.activation, attention=self.attention, reduction=4, skip=self.skip, norm_groups=groups
        )

    def _halved(self) -> Layers:
        return {"stride": (), "max": (MaxPool(2, 2),), "average": (AvgPool(2, 2),)}[self.pool]

    def _head(self, channels: int) -> Layers:
        if self.readout == "flatten":
            return (Flatten(), Dense(16 * channels, 10))
        return (GlobalAvgPool() if self.readout == "average" else GlobalMaxPool(), Dense(channels, 10))


@dataclass(frozen=True)
class TextBlocks(Family):
    """A decoder of text for 64 tokens, with learned positions and a head of its own: TinyGPT with other blocks.

    Parts are those of :class:`netspec.layers.TransformerEncoder`. A gated MLP has three maps of two thirds of the
    width, rounded to whole eights, so that all have nearly as many parameters (Shazeer 2020, arXiv:2002.05202, sec. 3).
    """

    n_blocks: int = 2
    width: int = 64
    heads: int = 2
    norm: TokenNorm = "layer"
    placement: Placement = "pre"
    mlp: Mlp = "gelu"
    residual: ResidualScale = "plain"
    layer_scale: float | None = None

    def spec(self) -> NetSpec:
        """The network, of 65 tokens. Raises :class:`netspec.SpecError` for parts that cannot be."""
        try:
            self.check()
        except LayerError as error:
            raise SpecError(f"{self}: {error}") from None
        mlp_width = 8 * round(4 * self.width / 3 / 4) if self.mlp in GATED else 4 * self.width
        encoder = TransformerEncoder(
            self.width, self.heads, mlp_width, self.n_blocks, causal=True, norm=self.norm, placement=self.placement,
            mlp=self.mlp, residual=self.residual, layer_scale=self.layer_scale,
        )  # fmt: skip
        embedding, head = TokenPositionEmbed(65, 64, self.width), LMHead(self.width, 65)
        return TRANSFORMER.spec(self.name, (64,), embedding, encoder, head, role="trainer")


SPECS = (ConvBlocks().spec(), TextBlocks().spec())
