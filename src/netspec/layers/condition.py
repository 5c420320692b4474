"""What a denoiser is told: the time as waves, and a vector added to every position of a feature map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.layers.activation import Activation
from netspec.layers.base import Free, Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image, expect_last_axis


@dataclass(frozen=True)
class TimeEncoding(Free):
    """A time in steps as ``width/2`` sines and as many cosines: ``(1,) -> (width,)``. No parameters.

    Wavelengths run from 2π to 10000·2π; ``last`` says whether the end of that range is reached, as in DDPM's code, or
    would be the next, as in Stable Diffusion's. ``first`` says which of both kinds come first.
    Source: Vaswani et al. 2017 (arXiv:1706.03762), sec. 3.5; Ho et al. 2020 (arXiv:2006.11239), app. B.
    """

    width: int
    first: Literal["sine", "cosine"] = "sine"
    last: bool = True

    primitive = "time_encoding"

    def check(self) -> None:
        """Raise :class:`LayerError` for an odd width."""
        super().check()
        expect_divides(2, self.width, "sines and cosines are as many", "kinds")

    def output_shape(self, arrived: Shape) -> Shape:
        """``(width,)``."""
        expect_last_axis("the time is one number", arrived, 1)
        return (*arrived[:-1], self.width)


@dataclass(frozen=True)
class Condition(Primitive):
    """A dense map of a saved vector, added to every position: ``(H, W, C), (width,) -> (H, W, C)``.

    ``activation`` stands before the map. With ``form="scale_shift"`` the map leaves twice as many numbers, and
    ``x·(1 + scale) + shift`` is what leaves (Perez et al. 2017, arXiv:1709.07871); with ``"scale"``, ``x·scale``, as a
    branch of DiT ends (Peebles & Xie 2022, arXiv:2212.09748, sec. 3.2).

    Parameters: ``width·C + C``, twice that for scale and shift.
    Source: Ho et al. 2020 (arXiv:2006.11239), app. B; Dhariwal & Nichol 2021 (arXiv:2105.05233), sec. 4.3.
    """

    channels: int
    width: int
    name: str
    activation: Activation = "silu"
    form: Literal["add", "scale_shift", "scale"] = "add"

    primitive = "condition"

    @property
    def reads(self) -> tuple[str, ...]:
        """The vector."""
        return (self.name,)

    @property
    def mapped(self) -> int:
        """Numbers that the map leaves."""
        return 2 * self.channels if self.form == "scale_shift" else self.channels

    def output_shape(self, arrived: Shape, vector: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        expect_last_axis("the vector's width does not match", vector, self.width)
        return arrived

    def params(self) -> int:
        """One dense map with bias."""
        return (self.width + 1) * self.mapped

    def macs(self, arrived: Shape, vector: Shape) -> int:
        """One matrix product per image."""
        return self.width * self.mapped
