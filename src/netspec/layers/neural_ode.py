"""A block whose depth is time: the solution of an ordinary differential equation."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image


@dataclass(frozen=True)
class NeuralODE(Primitive):
    """``h(1)`` of ``dh/dt = f(h, t)`` with what arrives as ``h(0)``: ``(H, W, C) -> (H, W, C)``.

    The field ``f`` is group norm, ReLU, 3×3 convolution, twice, and a last norm; each convolution has a bias and reads
    ``t`` as one more channel. The classical Runge-Kutta method takes ``n_steps`` equal steps of four evaluations each,
    and gradients are those of the steps; the paper's solver chooses its own, and its adjoint saves memory.

    Parameters, however many steps: ``6·C + 2·(9·(C + 1)·C + C)``. Source: Chen et al. 2018 (arXiv:1806.07366), eq. 2
    and sec. 3, field as in its released code.
    """

    channels: int
    n_steps: int
    groups: int = 32

    primitive = "neural_ode"

    #: Evaluations of the field in one step.
    stages = 4

    def check(self) -> None:
        """Raise :class:`LayerError` when the groups do not divide the channels."""
        super().check()
        expect_divides(self.groups, self.channels, "groups do not divide the channels", "groups")

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        return arrived

    def params(self) -> int:
        """Three norms and two convolutions."""
        c = self.channels
        return 6 * c + 2 * (9 * (c + 1) * c + c)

    def macs(self, arrived: Shape) -> int:
        """Both convolutions at every evaluation."""
        height, width = expect_image(arrived, self.channels)
        c = self.channels
        return self.stages * self.n_steps * height * width * 2 * 9 * (c + 1) * c
