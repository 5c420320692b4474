"""Neural ODE: a classifier of digits whose middle is one differential equation."""

from __future__ import annotations

from netspec.catalogue.entry import term
from netspec.layers import Conv2d, Dense, GlobalAvgPool, GroupNorm, NeuralODE
from netspec.spec import NetSpec

NEURAL_ODE = term("Neural ODE", 4213, "Chen et al. 2018, arXiv:1806.07366", 2018)


def ode_net(name: str, image: int, channels: int, groups: int, n_steps: int, strided: int) -> NetSpec:
    """The released network for MNIST: ``strided`` convolutions of stride two, the flow, and a head."""
    down = (GroupNorm(channels, groups, "relu"), Conv2d(channels, channels, 4, activation="identity", stride=2))
    return NEURAL_ODE.spec(
        name,
        (image, image, 1),
        Conv2d(1, channels, 3, "valid", "identity"),
        *down * strided,
        NeuralODE(channels, n_steps, groups),
        GroupNorm(channels, groups, "relu"),
        GlobalAvgPool(),
        Dense(channels, 10),
        remark="six equal steps of fourth order, where the paper's solver chooses them",
    )


SPECS = (
    ode_net("ODE-Net (MNIST)", 28, 64, 32, 6, 2),
    ode_net("tiny-NeuralODE", 12, 8, 4, 2, 1),
)
