"""AlphaGo Zero and AlphaZero: one residual body, a policy head and a value head."""

from netspec.catalogue.entry import REINFORCEMENT, Entry
from netspec.layers import Conv2d, ConvBN, Dense, Flatten, Heads, ResidualBlock

ALPHAZERO = Entry("AlphaZero", REINFORCEMENT, "Silver et al. 2018, arXiv:1712.01815", 2018)
GO_PAPER = {"paper": "Silver et al. 2017, Nature 550", "year": 2017}


def body(planes, width, n_blocks):
    """Input planes to residual features."""
    return ConvBN(planes, width, 3), ResidualBlock(width, width, n_blocks, 1)


def policy_head(narrow, board, moves):
    """``narrow`` to a few filters, then a logit per move."""
    return narrow, Flatten(), Dense(narrow.out_channels * board * board, moves)


def value_head(narrow, board, hidden):
    """``narrow`` to one filter, then a two-layer MLP to a scalar."""
    return narrow, Flatten(), Dense(board * board, hidden, "relu"), Dense(hidden, 1)


def plain(width, filters):
    """The 1×1 of a head as the chapter lists it."""
    return Conv2d(width, filters, 1, activation="identity")


def normalised(width, filters):
    """The 1×1 of a head as published and as the repository has it."""
    return ConvBN(width, filters, 1)


def game(title, board, planes, width, n_blocks, filters, moves, hidden, narrow, names=None, **provenance):
    """The two listings of one game."""
    policy_name, value_name = names or (f"{title} (policy head)", f"{title} (value head)")
    of = {"of": f"{title} (policy head)"}, {"of": f"{title} (value head)"}
    policy_of, value_of = of if names else ({}, {})
    trunk, shape = body(planes, width, n_blocks), (board, board, planes)
    policy = policy_head(narrow(width, filters), board, moves)
    value = value_head(narrow(width, 1), board, hidden)
    yield ALPHAZERO.spec(policy_name, shape, *trunk, *policy, **policy_of, **provenance)
    yield ALPHAZERO.spec(value_name, shape, *trunk, *value, **value_of, **provenance)


def two_headed(name, board, planes, width, n_blocks, filters, moves, hidden, **provenance):
    """The whole network: the body once, both heads on it, with normalised 1×1 convolutions as published."""
    heads = {
        "policy": policy_head(normalised(width, filters), board, moves),
        "value": value_head(normalised(width, 1), board, hidden),
    }
    trunk = body(planes, width, n_blocks)
    return ALPHAZERO.spec(name, (board, board, planes), *trunk, Heads(heads), role="system", **provenance)


GO = {"board": 19, "planes": 17, "width": 256, "n_blocks": 19, "filters": 2, "moves": 362, "hidden": 256}
CHESS = {"board": 8, "planes": 119, "width": 256, "n_blocks": 40, "filters": 73, "moves": 4672, "hidden": 256}
TINY = {"board": 9, "planes": 17, "width": 64, "n_blocks": 3, "filters": 2, "moves": 82, "hidden": 64}

SPECS = (
    *game("AlphaGo Zero", **GO, narrow=plain, **GO_PAPER),  # the only game the chapter lists
    *game("AlphaZero chess", **CHESS, narrow=normalised),
    *game("Tiny AlphaZero", **TINY, narrow=normalised),
    *game(
        "AlphaGo Zero",
        **GO,
        narrow=normalised,
        names=("AlphaGo Zero (policy head, repository)", "AlphaGo Zero (value head, repository)"),
        **GO_PAPER,
    ),
    two_headed("AlphaGo Zero (both heads)", **GO, **GO_PAPER),
    two_headed("AlphaZero chess (both heads)", **CHESS),
    two_headed("Tiny AlphaZero (both heads)", **TINY),
)
