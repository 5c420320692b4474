"""MuZero: representation, dynamics and prediction networks."""

from __future__ import annotations

from collections.abc import Callable

from netspec.catalogue.alphazero import body, normalised, plain, policy_head, value_head
from netspec.catalogue.entry import REINFORCEMENT, Entry
from netspec.layers import ConvBN, Heads, Load, MaxPool, ResidualBlock
from netspec.layers.base import Layer, Layers

MUZERO = Entry("MuZero", REINFORCEMENT, "Schrittwieser et al. 2020, arXiv:1911.08265", 2020)
REWARD = "MuZero Go — dynamics g (reward head)"
POLICY = "MuZero Go — prediction f (policy head)"
VALUE = "MuZero Go — prediction f (value head)"
HIDDEN = (19, 19, 256)


def prediction_body() -> Layers:
    """Two residual blocks on the hidden state."""
    return (ResidualBlock(256, 256, 2, 1),)


def go_heads(narrow: Callable[[int, int], Layer]) -> dict[str, Layers]:
    """Reward, policy and value heads of the Go networks, with their 1×1 convolution made by ``narrow``."""
    return {
        "reward": value_head(narrow(256, 1), 19, 128),
        "policy": policy_head(narrow(256, 2), 19, 362),
        "value": value_head(narrow(256, 1), 19, 256),
    }


LISTED, REPOSITORY = go_heads(plain), go_heads(normalised)

ATARI = MUZERO.spec(
    "MuZero Atari — representation h",
    (96, 96, 128),
    ConvBN(128, 128, 3, 2),  # 48×48
    ResidualBlock(128, 128, 2, 1),
    ConvBN(128, 256, 3, 2),  # 24×24
    ResidualBlock(256, 256, 3, 1),
    MaxPool(2, 2),
    ResidualBlock(256, 256, 3, 1),
    MaxPool(2, 2),
    ResidualBlock(256, 256, 3, 1),
)

DYNAMICS = *body(257, 256, 16), Heads({"state": (), "reward": REPOSITORY["reward"]})
PREDICTION = *prediction_body(), Heads({"policy": REPOSITORY["policy"], "value": REPOSITORY["value"]})

# One step of the search: observe, predict, and imagine what follows an action.
WHOLE = MUZERO.spec(
    "MuZero Go (all three networks)",
    (19, 19, 17),
    *body(17, 256, 16),
    Heads({"prediction": PREDICTION, "dynamics": (Load("action", "concat"), *DYNAMICS)}),
    inputs={"action": (19, 19, 1)},
    role="system",
)

SPECS = (
    MUZERO.spec("MuZero Go — representation h", (19, 19, 17), *body(17, 256, 16)),
    MUZERO.spec("MuZero Go — dynamics g (next-state path)", (19, 19, 257), *body(257, 256, 16)),
    MUZERO.spec(REWARD, HIDDEN, *LISTED["reward"]),
    MUZERO.spec(POLICY, HIDDEN, *prediction_body(), *LISTED["policy"]),
    MUZERO.spec(VALUE, HIDDEN, *prediction_body(), *LISTED["value"]),
    ATARI,
    MUZERO.spec("tiny MuZero — representation", (9, 9, 17), *body(17, 64, 3)),
    MUZERO.spec("tiny MuZero — dynamics", (9, 9, 65), *body(65, 64, 3)),
    MUZERO.spec("MuZero Go — dynamics g (reward head, repository)", HIDDEN, *REPOSITORY["reward"], of=REWARD),
    MUZERO.spec(
        "MuZero Go — prediction f (policy head, repository)",
        HIDDEN,
        *prediction_body(),
        *REPOSITORY["policy"],
        of=POLICY,
    ),
    MUZERO.spec(
        "MuZero Go — prediction f (value head, repository)", HIDDEN, *prediction_body(), *REPOSITORY["value"], of=VALUE
    ),
    MUZERO.spec(
        "MuZero Go — dynamics g (both outputs)",
        (19, 19, 257),
        *DYNAMICS,
        role="system",
    ),
    MUZERO.spec(
        "MuZero Go — prediction f (both heads)",
        HIDDEN,
        *PREDICTION,
        role="system",
    ),
    WHOLE,
)
