"""Convolutional classifiers."""

from functools import partial

from netspec.exact import compact, convnext, densenet, efficientnet, resnet, shuffle, small, swin
from netspec.layers import BottleneckBlock, ResidualBlock
from netspec.weights.cases.base import Cases, case, named

CASES: Cases = {
    "tiny_resnet_basic": case("torchvision_resnet", resnet.resnet, ResidualBlock, (1, 1, 1, 1), classes=10),
    "tiny_resnet_bottleneck": case(
        "torchvision_resnet", resnet.resnet, BottleneckBlock, (1, 2, 1, 1), 1, 16, classes=10
    ),
    "resnet18_cifar_stem": partial(named, "resnet18_cifar"),
    **{f"resnet{depth}_cifar_a": partial(named, f"resnet{depth}_cifar_a") for depth in (20, 32, 44, 56, 110)},
    "tiny_densenet": case("torchvision_densenet", densenet.densenet, 8, (2, 3), 16, bottleneck=2, classes=10),
    "lenet5_gray28": partial(named, "lenet5_28"),
    "lenet5_gray32": partial(named, "lenet5"),
    "lenet_300_100": partial(named, "lenet_300_100"),
    **{f"densenet_bc_{depth}_{k}": partial(named, f"densenet_bc_{depth}_{k}") for depth, k in ((100, 12), (250, 24))},
    **{f"shufflenet_v1_g{groups}": partial(named, f"shufflenet_v1_g{groups}") for groups in compact.WIDTHS},
    **{
        f"shufflenet_v1_{scale}_g3": partial(named, f"shufflenet_v1_x{scale}_g3")
        for scale in ("0_5", "1_0", "1_5", "2_0")
    },
    "dqn_nature": partial(named, "dqn_nature"),
    "highway_50": partial(named, "highway_50"),
    "alphago_policy": partial(named, "alphago_policy"),
    "tiny_alphago_policy": case("alphago", small.alphago_policy, 12, 64, 5, 9),
    "alphazero_go": partial(named, "alphazero_go"),
    "tiny_alphazero_go": case("alphazero", small.alphazero, 3, 17, 32, 9, "fc", 64),
    **{f"wrn_{depth}_{k}": partial(named, f"wrn_{depth}_{k}") for depth, k in small.WIDE},
    "tiny_shufflenet_v2": case(
        "torchvision_shufflenet_v2", shuffle.shufflenet_v2, (2, 2, 2), (16, 24, 48, 96, 128), classes=10
    ),
    "alexnet_2012": partial(named, "alexnet_2012_1"),
    "timm_convnext_atto": case("timm_convnext_conv", convnext.convnext, (40, 80, 160, 320), (2, 2, 6, 2)),
    "tiny_convnext": case("torchvision_convnext", convnext.convnext, (16, 32), (2, 2), classes=10),
    "tiny_swin_tv": case("torchvision_swin", swin.swin, 32, (2, 2), (2, 4), window=4, patch=2, image=32, classes=10),
    "tiny_efficientnet_v2": case(
        "torchvision_efficientnet",
        efficientnet.efficientnet_v2,
        ((True, 1, 1, 12, 1), (True, 4, 2, 16, 2), (False, 4, 2, 24, 2)),
        classes=10,
        last=64,
        epsilon=1e-5,
    ),
    "tiny_efficientnet": case(
        "torchvision_efficientnet",
        efficientnet.efficientnet,
        classes=10,
        stages=((1, 3, 1, 8, 1), (6, 3, 2, 12, 2), (6, 5, 2, 20, 2)),
        first=16,
    ),
}
