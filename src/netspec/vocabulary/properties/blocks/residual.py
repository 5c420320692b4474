"""What must hold of the residual blocks: basic, bottleneck, inverted."""

from __future__ import annotations

import numpy as np

from netspec.layers import BottleneckBlock, Conv2d, ConvBN, InvertedResidual, Residual, ResidualBlock
from netspec.layers.base import Layer
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.blocks.built import by_hand, computed, costs
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

SIDE = 6


def _pictures(case: Case, channels: int) -> np.ndarray:
    return case.normal(2, SIDE, SIDE, channels)


def _basic_costs(residual_block: Implementation, case: Case) -> float:
    """One block that keeps the shape, and two of which the first halves the sides and doubles the channels."""
    c, all_of, quarter = case.channels, SIDE**2, SIDE**2 // 4
    same = by_hand([(3, c, c, 1, all_of)] * 2, 0, SIDE, SIDE, c)
    first = [(3, c, 2 * c, 1, quarter), (3, 2 * c, 2 * c, 1, quarter), (1, c, 2 * c, 1, quarter)]
    halved = by_hand([*first, *[(3, 2 * c, 2 * c, 1, quarter)] * 2], 0, SIDE // 2, SIDE // 2, 2 * c)
    shape = (SIDE, SIDE, c)
    found = costs(residual_block(c, c, 1, 1), shape), costs(residual_block(c, 2 * c, 2, 2), shape)
    return wrong(found == (same, halved))


def _bottleneck_costs(bottleneck_block: Implementation, case: Case) -> float:
    m = case.channels
    c, all_of, quarter = 4 * m, SIDE**2, SIDE**2 // 4
    inner = [(1, c, m, 1, all_of), (3, m, m, 1, all_of), (1, m, c, 1, all_of)]
    first = [(1, m, m, 1, all_of), (3, m, m, 1, quarter), (1, m, c, 1, quarter), (1, m, c, 1, quarter)]
    expected = by_hand(inner, 0, SIDE, SIDE, c), by_hand(first, 0, SIDE // 2, SIDE // 2, c)
    same = costs(bottleneck_block(c, c, 1, 1), (SIDE, SIDE, c))
    return wrong((same, costs(bottleneck_block(m, c, 1, 2), (SIDE, SIDE, m))) == expected)


def _inverted_costs(inverted_residual: Implementation, case: Case) -> float:
    c, m, positions = case.channels, 6 * case.channels, SIDE**2
    block = [(1, c, m, 1, positions), (3, m, m, m, positions), (1, m, c, 1, positions)]
    thin = [(3, c, c, c, positions), (1, c, c + 2, 1, positions)]
    shape = (SIDE, SIDE, c)
    found = costs(inverted_residual(c, c, 6, 1, 1), shape), costs(inverted_residual(c, c + 2, 1, 1, 1), shape)
    return wrong(found == (by_hand(block, 0, *shape), by_hand(thin, 0, SIDE, SIDE, c + 2)))


def _basic_identity(residual_block: Implementation, case: Case) -> float:
    x = _pictures(case, 4)
    return apart(computed(residual_block(4, 4, 1, 1), case, x, size=0.0), np.maximum(x, 0))


def _bottleneck_identity(bottleneck_block: Implementation, case: Case) -> float:
    x = _pictures(case, 8)
    return apart(computed(bottleneck_block(8, 8, 1, 1), case, x, size=0.0), np.maximum(x, 0))


def _inverted_identity(inverted_residual: Implementation, case: Case) -> float:
    x = _pictures(case, 4)
    return apart(computed(inverted_residual(4, 4, 6, 1, 1), case, x, size=0.0), x)


def _bends(layer: Layer | tuple[Layer, ...], case: Case, channels: int) -> float:
    """Whether it is no affine map, for which the value between two inputs is the mean of theirs."""
    x, other = _pictures(case, channels), case.normal(2, SIDE, SIDE, channels, seed=1)
    ends = computed(layer, case, x), computed(layer, case, other)
    return wrong(apart(computed(layer, case, (x + other) / 2), (ends[0] + ends[1]) / 2) > 1e-3)


def _bottleneck_bends(bottleneck_block: Implementation, case: Case) -> float:
    return _bends(bottleneck_block(8, 8, 1, 1), case, 8)


def _inverted_bends(inverted_residual: Implementation, case: Case) -> float:
    return _bends(inverted_residual(4, 4, 6, 1, 1), case, 4)


def _around(i: int, o: int, stride: int, *body: Layer) -> Residual:
    """A shortcut around ``body``, which projects where the shape changes, and nothing behind the sum."""
    project = i != o or stride != 1
    return Residual(body, (ConvBN(i, o, 1, stride, activation="identity"),) if project else ())


def _without_last_relu(i: int, o: int, n_blocks: int, stride: int) -> Residual:
    return _around(i, o, stride, ConvBN(i, o, 3, stride), ConvBN(o, o, 3, activation="identity"))


def _without_shortcut(i: int, o: int, n_blocks: int, stride: int) -> tuple[Layer, ...]:
    return ConvBN(i, o, 3, stride), ConvBN(o, o, 3)


def _with_biases(i: int, o: int, n_blocks: int, stride: int) -> tuple[Layer, ...]:
    first = _around(i, o, stride, Conv2d(i, o, 3, stride=stride), Conv2d(o, o, 3))
    return first, *(_around(o, o, 1, Conv2d(o, o, 3), Conv2d(o, o, 3)) for _ in range(n_blocks - 1))


def _half(i: int, o: int, n_blocks: int, stride: int) -> Residual:
    """A bottleneck of half the width."""
    m = o // 2
    return _around(i, o, stride, ConvBN(i, m, 1), ConvBN(m, m, 3, stride), ConvBN(m, o, 1, activation="identity"))


def _bare(i: int, m: int, o: int, stride: int) -> Residual:
    """Three convolutions and nothing between, as the listings have it."""
    kernels = Conv2d(i, m, 1, activation="identity"), Conv2d(m, m, 3, activation="identity", stride=stride)
    return _around(i, o, stride, *kernels, Conv2d(m, o, 1, activation="identity"))


def _bare_bottleneck(i: int, o: int, n_blocks: int, stride: int) -> Residual:
    return _bare(i, o // 4, o, stride)


def _bare_inverted(i: int, o: int, expand: int, stride: int, n_blocks: int) -> Residual:
    return _bare(i, expand * i, o, stride)


def _full(i: int, o: int, expand: int, stride: int, n_blocks: int) -> tuple[Layer, ...]:
    """A full convolution in place of the depthwise one, and no shortcut."""
    m = expand * i
    return ConvBN(i, m, 1), ConvBN(m, m, 3, stride), ConvBN(m, o, 1, activation="identity")


TERMS = (
    Term(
        "residual-block",
        ResidualBlock,
        (
            Property(
                "It costs two 3×3 convolutions and norms a block, and a projection where the shape changes.",
                _basic_costs,
                0.0,
                (
                    Mistake("biases in place of norms", _with_biases),
                    Mistake("one block more", lambda i, o, n, s: ResidualBlock(i, o, n + 1, s)),
                    Mistake("a bottleneck of half the width", _half),
                ),
            ),
            Property(
                "With all of its tensors at zero it is ReLU, not the identity: the last ReLU follows the sum.",
                _basic_identity,
                0.0,
                (
                    Mistake("no ReLU behind the sum", _without_last_relu, line=4964),
                    Mistake("no shortcut", _without_shortcut),
                ),
            ),
        ),
    ),
    Term(
        "bottleneck-block",
        BottleneckBlock,
        (
            Property(
                "It costs a 1×1 to a quarter, a 3×3 there, with the stride, a 1×1 back, and a projection where needed.",
                _bottleneck_costs,
                0.0,
                (
                    Mistake("half in place of a quarter", _half),
                    Mistake("two 3×3 convolutions", ResidualBlock),
                    Mistake("one block more", lambda i, o, n, s: BottleneckBlock(i, o, n + 1, s)),
                ),
            ),
            Property(
                "With all of its tensors at zero it is ReLU.",
                _bottleneck_identity,
                0.0,
                (
                    Mistake("no ReLU behind the sum", _bare_bottleneck),
                    Mistake("no shortcut", _without_shortcut),
                ),
            ),
            Property(
                "It is no affine map of its input.",
                _bottleneck_bends,
                0.0,
                (
                    Mistake("convolutions with nothing between", _bare_bottleneck, line=4999),
                    Mistake("norms between, and no ReLU", lambda i, o, n, s: ConvBN(i, o, 3, s, activation="identity")),
                ),
            ),
        ),
    ),
    Term(
        "inverted-residual",
        InvertedResidual,
        (
            Property(
                "It costs a 1×1 to six times the width, a depthwise 3×3, a 1×1 back; without expansion the last two.",
                _inverted_costs,
                0.0,
                (
                    Mistake("a full convolution in the middle", _full),
                    Mistake("biases in place of norms", _bare_inverted),
                    Mistake("half the expansion", lambda i, o, e, s, n: InvertedResidual(i, o, max(e // 2, 1), s, n)),
                ),
            ),
            Property(
                "With all of its tensors at zero it is the identity: no activation follows the sum.",
                _inverted_identity,
                0.0,
                (
                    Mistake("ReLU behind the sum", lambda i, o, e, s, n: ResidualBlock(i, o, n, s)),
                    Mistake("no shortcut", _full),
                ),
            ),
            Property(
                "It is no affine map of its input.",
                _inverted_bends,
                0.0,
                (
                    Mistake("convolutions with nothing between", _bare_inverted, line=5018),
                    Mistake(
                        "no expansion, no activation", lambda i, o, e, s, n: Conv2d(i, o, 3, activation="identity")
                    ),
                ),
            ),
        ),
    ),
)
