"""Small networks written from their papers: LeNet, DQN, Highway, the networks of AlphaGo and AlphaZero, WRN."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.idioms.residual import Block, preactivated
from netspec.layers import (
    AddPositions,
    BatchNorm,
    Conv2d,
    ConvBN,
    Dense,
    Flatten,
    GlobalAvgPool,
    Heads,
    Highway,
    MaxPool,
    Repeat,
    Reshape,
    ResidualBlock,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

DEFINED = "written from the paper"
UNBIASED = Conventions(batch_norm_variance="unbiased")


def lenet5(side: int = 32, *, channels: int = 1, classes: int = 10) -> NetSpec:
    """With ReLU, maximum pools and full connections between maps, as it is usually written today."""
    left = ((side - 4) // 2 - 4) // 2
    return network(
        (side, side, channels),
        Conv2d(channels, 6, 5, padding="valid"),
        MaxPool(2, 2, "valid"),
        Conv2d(6, 16, 5, padding="valid"),
        MaxPool(2, 2, "valid"),
        Flatten(),
        Dense(16 * left * left, 120, "relu"),
        Dense(120, 84, "relu"),
        Dense(84, classes),
        paper="LeCun et al. 1998, Proc. IEEE 86(11)",
    )


def lenet_300_100(*, side: int = 28, classes: int = 10) -> NetSpec:
    """Three dense maps."""
    return network(
        (side, side, 1),
        Flatten(),
        Dense(side * side, 300, "relu"),
        Dense(300, 100, "relu"),
        Dense(100, classes),
        paper="LeCun et al. 1998, Proc. IEEE 86(11)",
    )


def dqn(actions: int = 6, *, nature: bool = True) -> NetSpec:
    """Four frames in, a value per action out; that of 2015, or the smaller one of 2013."""
    convolutions: Layers = (Conv2d(4, 16, 8, "valid", "relu", 4), Conv2d(16, 32, 4, "valid", "relu", 2))
    features, hidden = 2592, 256
    if nature:
        convolutions = (
            Conv2d(4, 32, 8, "valid", "relu", 4),
            Conv2d(32, 64, 4, "valid", "relu", 2),
            Conv2d(64, 64, 3, "valid", "relu"),
        )
        features, hidden = 3136, 512
    return network(
        (84, 84, 4),
        *convolutions,
        Flatten(),
        Dense(features, hidden, "relu"),
        Dense(hidden, actions),
        paper="Mnih et al. 2015, Nature 518" if nature else "Mnih et al. 2013, arXiv:1312.5602",
    )


def highway(inputs: int = 784, width: int = 50, depth: int = 10, *, classes: int = 10) -> NetSpec:
    """Highway layers between two dense maps."""
    layers = [Highway(width) for _ in range(depth)]
    paper = "Srivastava et al. 2015, arXiv:1505.00387"
    return network((inputs,), Dense(inputs, width, "relu"), *layers, Dense(width, classes), paper=paper)


def alphago_policy(planes: int = 48, width: int = 192, depth: int = 13, board: int = 19) -> NetSpec:
    """Convolutions, one map out, and a bias for each place of the board."""
    return network(
        (board, board, planes),
        Conv2d(planes, width, 5),
        *(Conv2d(width, width, 3) for _ in range(depth - 2)),
        Conv2d(width, 1, 1, activation="identity", bias=False),
        Reshape((board * board, 1)),
        AddPositions(board * board, 1),
        Reshape((board * board,)),
        paper="Silver et al. 2016, Nature 529",
    )


def alphago_value(planes: int = 49, width: int = 192, depth: int = 13, board: int = 19) -> NetSpec:
    """The same trunk, and who will win."""
    return network(
        (board, board, planes),
        Conv2d(planes, width, 5),
        *(Conv2d(width, width, 3) for _ in range(depth - 2)),
        Conv2d(width, 1, 1),
        Flatten(),
        Dense(board * board, 256, "relu"),
        Dense(256, 1, "tanh"),
        paper="Silver et al. 2016, Nature 529",
    )


def alphazero(
    blocks: int = 19,
    planes: int = 17,
    width: int = 256,
    board: int = 19,
    policy: Literal["fc"] | int = "fc",
    hidden: int = 256,
) -> NetSpec:
    """A residual tower with two heads; moves from a dense map, or ``policy`` planes of them."""
    area = board * board
    moves: Layers = (ConvBN(width, 2, 1), Flatten(), Dense(2 * area, area + 1))
    if policy != "fc":
        moves = (
            ConvBN(width, width, 3),
            Conv2d(width, policy, 3, activation="identity"),
            Flatten(),
        )
    value = (ConvBN(width, 1, 1), Flatten(), Dense(area, hidden, "relu"), Dense(hidden, 1, "tanh"))
    return network(
        (board, board, planes),
        ConvBN(planes, width, 3),
        ResidualBlock(width, width, blocks, 1),
        Heads({"policy": moves, "value": value}),
        conventions=UNBIASED,
        paper="Silver et al. 2017, arXiv:1712.01815",
    )


def wide(depth: int, k: int, *, classes: int = 10) -> NetSpec:
    """WRN: norm and ReLU before each convolution; blocks one by one."""
    count, layers, arrived = (depth - 4) // 6, [], 16
    for index, width in enumerate((16 * k, 32 * k, 64 * k)):
        for place in range(count):
            stride = 2 if index and not place else 1
            layers.append(Repeat(1, preactivated(arrived, width, width, stride, Block(bottleneck=False))))
            arrived = width
    return network(
        (32, 32, 3),
        Conv2d(3, 16, 3, activation="identity", bias=False),
        *layers,
        BatchNorm(arrived, "relu"),
        GlobalAvgPool(),
        Dense(arrived, classes),
        conventions=UNBIASED,
        paper="Zagoruyko & Komodakis 2016, arXiv:1605.07146",
    )


WIDE = ((16, 1), (16, 2), (16, 4), (16, 8), (16, 10), (22, 1), (22, 8), (22, 10), (28, 1), (28, 2), (28, 10), (28, 12))
WIDE += ((40, 1), (40, 2), (40, 4), (40, 8))


def _networks() -> Iterator[Published]:
    variants = ("LeNet-5 (modern: full C3 connections, linear output)",)
    yield Published("lenet5", "LeNet-5", DEFINED, lenet5, variants, rules="lenet5")
    make, variants = partial(lenet5, 28), ("LeNet-5 (modern, 28x28 unpadded input)",)
    yield Published("lenet5_28", "LeNet-5", DEFINED, make, variants, rules="lenet5")
    make = partial(lenet5, channels=3)
    variants = ("LeNet-5 (3-channel 32x32, PyTorch CIFAR-10 tutorial net)",)
    yield Published("lenet5_rgb", "LeNet-5", DEFINED, make, variants, rules="lenet5")
    yield Published("lenet_300_100", "LeNet-5", DEFINED, lenet_300_100, rules="lenet5")
    yield Published("dqn_nature", "DQN", DEFINED, dqn, rules="dqn")
    yield Published("dqn_2013", "DQN", DEFINED, partial(dqn, nature=False), rules="dqn")
    yield Published("highway_50", "Highway", DEFINED, highway, rules="highway")
    variants = ("AlphaGo policy network (48 planes, k=192, 13 layers)",)
    yield Published("alphago_policy", "AlphaGo", DEFINED, alphago_policy, variants, rules="alphago")
    variants = ("AlphaGo value network (49 planes, k=192)",)
    yield Published("alphago_value", "AlphaGo", DEFINED, alphago_value, variants, rules="alphago_value")
    variants = ("AlphaZero Go, 19 residual blocks, 19x19",)
    yield Published("alphazero_go", "AlphaZero", DEFINED, alphazero, variants, rules="alphazero")
    make = partial(alphazero, 19, 119, 256, 8, 73)
    variants = ("AlphaZero chess, 19 residual blocks, 8x8 (3x3 policy convs)",)
    yield Published("alphazero_chess", "AlphaZero", DEFINED, make, variants, rules="alphazero_planes")
    for depth, k in WIDE:
        make = partial(wide, depth, k)
        yield Published(f"wrn_{depth}_{k}", "WideResNet", DEFINED, make, (f"WRN-{depth}-{k}",), rules="wrn")


NETWORKS = tuple(_networks())
