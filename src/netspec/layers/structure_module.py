"""Structure module of AlphaFold 2."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Several, Value
from netspec.layers.expect import expect_image, expect_tokens

#: Published widths that the chapter's signature leaves open: heads, their width, query and value points per head,
#: the width of the side-chain network, the torsion angles.
HEADS, HEAD_WIDTH, QUERY_POINTS, VALUE_POINTS, ANGLE_WIDTH, ANGLES = 12, 16, 4, 8, 128, 7


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

    def _maps(self) -> dict[str, tuple[int, int]]:
        s, z, w = self.single_channels, self.pair_channels, ANGLE_WIDTH
        return {
            "query": (s, HEADS * HEAD_WIDTH),
            "key and value": (s, 2 * HEADS * HEAD_WIDTH),
            "query points": (s, 3 * HEADS * QUERY_POINTS),
            "key and value points": (s, 3 * HEADS * (QUERY_POINTS + VALUE_POINTS)),
            "pair bias": (z, HEADS),
            "output": (HEADS * (z + HEAD_WIDTH + 4 * VALUE_POINTS), s),
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
        return maps + (s * s + s) + 2 * (3 * s + z) + HEADS

    def book_params(self) -> int:
        """The chapter's approximation."""
        s, z = self.single_channels, self.pair_channels
        return 6 * s * s + s * z // 4

    def macs(self, arrived: Several) -> int:
        """Dense maps, attention over values, points and pairs in every round; the angles only in the last."""
        s, z = self.single_channels, self.pair_channels
        r = arrived["single"][0]
        maps = self._maps()
        bias = maps.pop("pair bias")
        dense = r * sum(fan_in * fan_out for fan_in, fan_out in maps.values()) + r * r * bias[0] * bias[1]
        angles = r * sum(fan_in * fan_out for name, (fan_in, fan_out) in maps.items() if name.startswith("angle"))
        scores = HEADS * (HEAD_WIDTH + 3 * QUERY_POINTS)
        values = HEADS * (HEAD_WIDTH + 3 * VALUE_POINTS + z)
        return r * s * s + angles + self.n_blocks * (dense - angles + r * r * (scores + values))
