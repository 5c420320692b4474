"""GoogLeNet and Inception v3 of torchvision, v4 and Xception of timm."""

from __future__ import annotations

from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.idioms.inception import chain, v3_body, v4_body
from netspec.idioms.mobile import bare_separable
from netspec.layers import Activate, Branches, ConvBN, Dense, GlobalAvgPool, MaxPool, Repeat, Residual
from netspec.layers.base import Layer
from netspec.spec import NetSpec

TORCHVISION, TIMM = "torchvision 0.28.0", "timm 1.0.31"
FIRST, THIRD, FOURTH = "arXiv:1409.4842", "arXiv:1512.00567", "arXiv:1602.07261"
XCEPTION = "Chollet 2016, arXiv:1610.02357"
WIDE_EPSILON = Conventions(batch_norm_epsilon=1e-3, batch_norm_variance="unbiased")
UNBIASED = Conventions(batch_norm_variance="unbiased")

#: Channels of the 1×1, of what leads to the 3×3 and of it, of the other 3×3 likewise, behind the pool; ``None`` pools.
MODULES: tuple[tuple[int, int, int, int, int, int] | None, ...] = (
    *((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), None),
    *((192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64)),
    *((112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), None),
    *((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)


def googlenet(*, classes: int = 1000) -> NetSpec:
    """With norms, and 3×3 where the paper has 5×5, as that library says of itself; without the further heads."""
    layers: list[Layer] = [
        ConvBN(3, 64, 7, 2),
        MaxPool(3, 2, 0, ceil=True),
        ConvBN(64, 64, 1),
        ConvBN(64, 192, 3),
        MaxPool(3, 2, 0, ceil=True),
    ]
    arrived, pools = 192, [MaxPool(3, 2, 0, ceil=True), MaxPool(2, 2, 0, ceil=True)]
    for widths in MODULES:
        if widths is None:
            layers.append(pools.pop(0))
            continue
        one, before, three, reduced, other, pooled = widths
        paths = (chain(arrived, (one, 1)), chain(arrived, (before, 1), (three, 3)))
        further = (chain(arrived, (reduced, 1), (other, 3)), (MaxPool(3, 1, 1, ceil=True), ConvBN(arrived, pooled, 1)))
        layers.append(Branches((*paths, *further)))
        arrived = one + three + other + pooled
    head = (GlobalAvgPool(), Dense(arrived, classes))
    return network((224, 224, 3), *layers, *head, conventions=WIDE_EPSILON, paper=FIRST)


def inception_v3(*, classes: int = 1000) -> NetSpec:
    """Without the further head."""
    head = (GlobalAvgPool(), Dense(2048, classes))
    return network((299, 299, 3), *v3_body(), *head, conventions=WIDE_EPSILON, paper=THIRD)


def inception_v4(*, classes: int = 1000) -> NetSpec:
    """Seventeen modules behind a stem of its own."""
    head = (GlobalAvgPool(), Dense(1536, classes))
    return network((299, 299, 3), *v4_body(), *head, conventions=WIDE_EPSILON, paper=FOURTH)


def xception(*, classes: int = 1000) -> NetSpec:
    """Separable convolutions without a norm between their halves."""

    def separable(i: int, o: int) -> Layer:
        return Repeat(1, bare_separable(i, o))

    def unit(i: int, o: int, widths: tuple[int, ...], *, relu_first: bool = True) -> Layer:
        body: list[Layer] = []
        arrived = i
        for index, width in enumerate(widths):
            body += [Activate("relu")] if relu_first or index else []
            body.append(separable(arrived, width))
            arrived = width
        if i == o:
            return Residual(tuple(body))
        return Residual((*body, MaxPool(3, 2, 1)), (ConvBN(i, o, 1, 2, activation="identity"),))

    return network(
        (299, 299, 3),
        ConvBN(3, 32, 3, 2, "valid"),
        ConvBN(32, 64, 3, 1, "valid"),
        unit(64, 128, (128, 128), relu_first=False),
        unit(128, 256, (256, 256)),
        unit(256, 728, (728, 728)),
        *[unit(728, 728, (728, 728, 728))] * 8,
        unit(728, 1024, (728, 1024)),
        Repeat(1, bare_separable(1024, 1536, activation="relu")),
        Repeat(1, bare_separable(1536, 2048, activation="relu")),
        GlobalAvgPool(),
        Dense(2048, classes),
        conventions=UNBIASED,
        paper=XCEPTION,
    )


HEADLESS = "features (no classifier)"
_given = partial(Published, library=TORCHVISION)
NETWORKS = (
    _given("googlenet", "GoogLeNet", make=googlenet, variants=("GoogLeNet (no aux)",), rules="torchvision_googlenet"),
    _given(
        "inception_v3",
        "Inception",
        make=inception_v3,
        variants=("Inception-v3 (no aux)", "Inception-v3 (timm, no aux)"),
        rules="torchvision_inception_v3",
    ),
    Published(
        "inception_v4",
        "Inception",
        TIMM,
        inception_v4,
        ("Inception-v4",),
        parts=(Part(HEADLESS, tuple(range(len(v4_body())))),),
        rules="timm_inception_v4",
    ),
    Published(
        "legacy_xception",
        "Xception",
        TIMM,
        xception,
        ("Xception (legacy, Cadene port)",),
        parts=(Part(HEADLESS, tuple(range(16))),),
        rules="timm_xception",
    ),
)
