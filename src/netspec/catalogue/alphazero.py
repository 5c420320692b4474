"""AlphaGo Zero and AlphaZero: one residual body, a policy head and a value head."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.catalogue.entry import REINFORCEMENT, Entry
from netspec.layers import Conv2d, ConvBN, Dense, Flatten, Heads, ResidualBlock
from netspec.layers.base import Layers, Shape
from netspec.spec import NetSpec

ALPHAZERO = Entry("AlphaZero", REINFORCEMENT, "Silver et al. 2018, arXiv:1712.01815", 2018)
GO_PAPER = {"paper": "Silver et al. 2017, Nature 550", "year": 2017}


def body(planes: int, width: int, n_blocks: int) -> Layers:
    """Input planes to residual features."""
    return ConvBN(planes, width, 3), ResidualBlock(width, width, n_blocks, 1)


def policy_head(narrow: Conv2d | ConvBN, board: int, moves: int) -> Layers:
    """``narrow`` to a few filters, then a logit per move."""
    return narrow, Flatten(), Dense(narrow.out_channels * board * board, moves)


def value_head(narrow: Conv2d | ConvBN, board: int, hidden: int) -> Layers:
    """``narrow`` to one filter, then a two-layer MLP to a scalar."""
    return narrow, Flatten(), Dense(board * board, hidden, "relu"), Dense(hidden, 1)


def plain(width: int, filters: int) -> Conv2d:
    """The 1×1 of a head as the chapter lists it."""
    return Conv2d(width, filters, 1, activation="identity")


def normalised(width: int, filters: int) -> ConvBN:
    """The 1×1 of a head as published and as the repository has it."""
    return ConvBN(width, filters, 1)


# As the chapter lists them: the body twice, a head on each.
GO_POLICY = ALPHAZERO.spec(
    "AlphaGo Zero (policy head)",
    (19, 19, 17),
    ConvBN(17, 256, 3),  # 17 planes of raw history
    ResidualBlock(256, 256, 19, 1),
    Conv2d(256, 2, 1, activation="identity"),
    Flatten(),
    Dense(2 * 19 * 19, 362),  # 361 points and pass
    **GO_PAPER,
)

GO_VALUE = ALPHAZERO.spec(
    "AlphaGo Zero (value head)",
    (19, 19, 17),
    ConvBN(17, 256, 3),
    ResidualBlock(256, 256, 19, 1),
    Conv2d(256, 1, 1, activation="identity"),
    Flatten(),
    Dense(1 * 19 * 19, 256, "relu"),
    Dense(256, 1),
    **GO_PAPER,
)


def game(
    names: tuple[str, str, str],
    shape: Shape,
    trunk: Layers,
    policy: Layers,
    value: Layers,
    forms: tuple[dict[str, str], dict[str, str]] = ({}, {}),
    **provenance: Any,
) -> Iterator[NetSpec]:
    """Three specs of one game: each head on the body, and both heads on one body."""
    policy_name, value_name, both_name = names
    yield ALPHAZERO.spec(policy_name, shape, *trunk, *policy, **forms[0], **provenance)
    yield ALPHAZERO.spec(value_name, shape, *trunk, *value, **forms[1], **provenance)
    heads = Heads({"policy": policy, "value": value})
    yield ALPHAZERO.spec(both_name, shape, *trunk, heads, role="system", **provenance)


SPECS = (
    GO_POLICY,
    GO_VALUE,
    *game(
        ("AlphaZero chess (policy head)", "AlphaZero chess (value head)", "AlphaZero chess (both heads)"),
        (8, 8, 119),
        body(119, 256, 40),
        policy_head(normalised(256, 73), 8, 4672),
        value_head(normalised(256, 1), 8, 256),
    ),
    *game(
        ("Tiny AlphaZero (policy head)", "Tiny AlphaZero (value head)", "Tiny AlphaZero (both heads)"),
        (9, 9, 17),
        body(17, 64, 3),
        policy_head(normalised(64, 2), 9, 82),
        value_head(normalised(64, 1), 9, 64),
    ),
    *game(
        (
            "AlphaGo Zero (policy head, repository)",
            "AlphaGo Zero (value head, repository)",
            "AlphaGo Zero (both heads)",
        ),
        (19, 19, 17),
        body(17, 256, 19),
        policy_head(normalised(256, 2), 19, 362),
        value_head(normalised(256, 1), 19, 256),
        forms=({"of": GO_POLICY.name}, {"of": GO_VALUE.name}),
        **GO_PAPER,
    ),
)
