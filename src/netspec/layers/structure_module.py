"""Structure module of AlphaFold 2, and its attention by itself."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Several, Shape, Value
from netspec.layers.expect import expect_image, expect_tokens

#: Published widths that the chapter's signature leaves open: of the side-chain network, and the torsion angles. Those
#: of the attention are the defaults of :class:`InvariantPointAttention`.
ANGLE_WIDTH, ANGLES = 128, 7


@dataclass(frozen=True)
class InvariantPointAttention(Primitive):
    """Attention over channels, pairs and points in space: ``(residues, single_channels)`` to the same shape.

    Three tensors saved or given are read besides: the ``pairs`` ``(residues, residues, pair_channels)``, and of each
    residue's frame the rotation ``turn`` as a quaternion ``(residues, 4)`` of any length, real part first, and the
    translation ``shift`` ``(residues, 3)``. Turning and moving all frames changes nothing.

    Parameters: four maps of the single representation, one of the pairs and one out, with biases, and ``heads``
    weights. Source: Jumper et al. 2021, Nature 596, suppl. 1.8.2, algorithm 22.
    """

    single_channels: int
    pair_channels: int
    heads: int = 12
    head_width: int = 16
    query_points: int = 4
    value_points: int = 8
    pairs: str = "pairs"
    turn: str = "turn"
    shift: str = "shift"

    primitive = "invariant_point_attention"

    @property
    def reads(self) -> tuple[str, ...]:
        """Pairs and frames."""
        return (self.pairs, self.turn, self.shift)

    def output_shape(self, arrived: Shape, pairs: Shape, turn: Shape, shift: Shape) -> Shape:
        """Unchanged; pairs and frames are of as many residues."""
        residues = expect_tokens(arrived, self.single_channels, "single representation")
        expected = ((residues, residues, self.pair_channels), (residues, 4), (residues, 3))
        for name, found, wanted in zip(self.reads, (pairs, turn, shift), expected, strict=True):
            if found != wanted:
                raise LayerError(f"{name} does not match the residues", arrived=found, expected=wanted)
        return arrived

    def maps(self) -> dict[str, tuple[int, int]]:
        """Features in and out of each dense map."""
        s, z, points = self.single_channels, self.pair_channels, self.query_points + self.value_points
        return {
            "query": (s, self.heads * self.head_width),
            "key and value": (s, 2 * self.heads * self.head_width),
            "query points": (s, 3 * self.heads * self.query_points),
            "key and value points": (s, 3 * self.heads * points),
            "pair bias": (z, self.heads),
            "output": (self.heads * (z + self.head_width + 4 * self.value_points), s),
        }

    def params(self) -> int:
        """Dense maps with bias, one weight per head."""
        return sum(fan_in * fan_out + fan_out for fan_in, fan_out in self.maps().values()) + self.heads

    def mixing(self) -> int:
        """Multiply-adds of scores and of what is mixed, for one pair of residues."""
        scores = self.heads * (self.head_width + 3 * self.query_points)
        return scores + self.heads * (self.head_width + 3 * self.value_points + self.pair_channels)

    def macs(self, arrived: Shape, *read: Shape) -> int:
        """Dense maps, scores and what is mixed of values, points and pairs."""
        r, maps = arrived[0], self.maps()
        bias = maps.pop("pair bias")
        dense = r * sum(fan_in * fan_out for fan_in, fan_out in maps.values()) + r * r * bias[0] * bias[1]
        return dense + r * r * self.mixing()


@dataclass(frozen=True)
class StructureModule(Primitive):
    """``n_blocks`` rounds of invariant point attention with shared weights, giving frames and torsion angles.

    ``{single: (residues, single_channels), pair: (residues, residues, pair_channels)} ->
    {frames: (residues, 6), angles: (residues, 7, 2)}``.

    Parameters: the tensors of algorithms 20 to 23, once, with the published inner widths. The chapter's formula is
    an approximation: ``6·cs² + cs·cz/4``. Source: Jumper et al. 2021, Nature 596, suppl. 1.8; book ch. 11, def. 103.
    """

    single_channels: int
    pair_channels: int
    n_blocks: int

    primitive = "structure_module"

    def output_shape(self, arrived: Value) -> Several:
        """A frame update and seven angles, as sine and cosine, per residue."""
        if not isinstance(arrived, Several) or set(arrived) != {"single", "pair"}:
            raise LayerError("two representations are needed", arrived=arrived, expected="{single: …, pair: …}")
        residues = expect_tokens(arrived["single"], self.single_channels, "single representation")
        expect_image(arrived["pair"], self.pair_channels)
        return Several({"frames": (residues, 6), "angles": (residues, ANGLES, 2)})

    @property
    def attention(self) -> InvariantPointAttention:
        """That of each round."""
        return InvariantPointAttention(self.single_channels, self.pair_channels)

    def _maps(self) -> dict[str, tuple[int, int]]:
        s, w = self.single_channels, ANGLE_WIDTH
        return {
            **self.attention.maps(),
            **{f"transition {i}": (s, s) for i in range(3)},
            "frame": (s, 6),
            "angle input": (s, w),
            "angle initial": (s, w),
            **{f"angle residual {i}": (w, w) for i in range(4)},
            "angles": (w, 2 * ANGLES),
        }

    def params(self) -> int:
        """Dense maps with bias, four norms, the input map, one weight per head."""
        s, z = self.single_channels, self.pair_channels
        maps = sum(fan_in * fan_out + fan_out for fan_in, fan_out in self._maps().values())
        return maps + (s * s + s) + 2 * (3 * s + z) + self.attention.heads

    def book_params(self) -> int:
        """The chapter's approximation."""
        s, z = self.single_channels, self.pair_channels
        return 6 * s * s + s * z // 4

    def macs(self, arrived: Several) -> int:
        """Dense maps, attention over values, points and pairs in every round; the angles only in the last."""
        s, r = self.single_channels, arrived["single"][0]
        maps = self._maps()
        bias = maps.pop("pair bias")
        dense = r * sum(fan_in * fan_out for fan_in, fan_out in maps.values()) + r * r * bias[0] * bias[1]
        angles = r * sum(fan_in * fan_out for name, (fan_in, fan_out) in maps.items() if name.startswith("angle"))
        return r * s * s + angles + self.n_blocks * (dense - angles + r * r * self.attention.mixing())
