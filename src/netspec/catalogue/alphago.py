"""AlphaGo of 2016: policy, value and rollout networks."""

from __future__ import annotations

from typing import Any

from netspec.catalogue.entry import REINFORCEMENT, Entry
from netspec.layers import Conv2d, ConvBN, Dense, Flatten
from netspec.layers.base import Layers
from netspec.spec import NetSpec

ALPHAGO = Entry("AlphaGo", REINFORCEMENT, "Silver et al. 2016, Nature 529", 2016)
POLICY = "AlphaGo policy network"


def tower(layer: type[Conv2d] | type[ConvBN]) -> Layers:
    """A 5×5 and eleven 3×3 convolutions of 192 channels over 48 feature planes."""
    return layer(48, 192, 5), *[layer(192, 192, 3)] * 11


def policy(name: str, layer: type[Conv2d] | type[ConvBN], **provenance: Any) -> NetSpec:
    """The tower and a logit per point of the board."""
    return ALPHAGO.spec(name, (19, 19, 48), *tower(layer), Conv2d(192, 1, 1, activation="identity"), **provenance)


VALUE = ALPHAGO.spec(
    "AlphaGo value network",
    (19, 19, 48),
    *tower(Conv2d),
    Conv2d(192, 1, 1),
    Flatten(),
    Dense(19 * 19, 256, "relu"),
    Dense(256, 1),
)

ROLLOUT = ALPHAGO.spec(
    "AlphaGo rollout policy (hand-crafted linear softmax)", (19, 19, 1), Flatten(), Dense(19 * 19, 19 * 19 + 1)
)

TINY_POLICY = ALPHAGO.spec(
    "tiny-AlphaGo policy (9×9 board)",
    (9, 9, 12),
    Conv2d(12, 64, 5),
    *[Conv2d(64, 64, 3)] * 3,
    Conv2d(64, 1, 1, activation="identity"),
)

SPECS = (
    policy(POLICY, ConvBN),  # as the chapter lists it
    VALUE,
    ROLLOUT,
    TINY_POLICY,
    policy("AlphaGo policy network (repository)", Conv2d, of=POLICY),
)
