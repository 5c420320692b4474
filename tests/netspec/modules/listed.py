"""Networks of the book's layers as they are, with the conventions and the rules of weights of what was recorded.

A recorded case of which :mod:`netspec.weights.cases` has the twin is compared with that, too: published networks are
written with other layers than these.
"""

from netspec import Conventions, NetSpec
from netspec import layers as L
from netspec.weights.parity import Twin
from netspec.weights.rules import Rule, Table

WORDS = {"N": {"conv": 0, "norm": 1}, "B": {"conv": "conv", "norm": "bn"}}
#: Norms as YOLOv5, GoogLeNet and MobileNetV3 have them.
THOUSANDTH = Conventions(batch_norm_epsilon=1e-3)


def lone(shape, layers, *rules, conventions=None, further=()):
    """A case of one layer, which the references give the names that ours have."""
    layers = layers if isinstance(layers, tuple) else (layers,)
    spec = NetSpec("unnamed", shape, layers, extra_inputs=further, conventions=conventions or Conventions())
    return Twin(spec, Table(rules, words=WORDS))


NORMED = Rule("layers.0.{p:[a-z0-9_]+}.{k:conv|norm}", "{p}.{N[k]}")
DENSE = Rule("layers.{n}.{p:[a-z0-9_]+}", "{p}")


def universal():
    layers = (
        L.UniversalInvertedBottleneck(16, 24, 3, 2, 5, 3),
        L.UniversalInvertedBottleneck(24, 24, 4, 1, 3, 0),
        L.UniversalInvertedBottleneck(24, 24, 2, 1, 0, 3),
    )
    parts = (
        ("dw_start", "pw_exp", "dw_mid", "pw_proj"),
        ("dw_start", "pw_exp", "pw_proj"),
        ("pw_exp", "dw_mid", "pw_proj"),
    )
    rule = Rule("layers.{n}.body.layers.{k}.{p:conv|norm}", "{n}.{parts[n][k]}.{B[p]}")
    return Twin(NetSpec("unnamed", (9, 11, 16), layers), Table((rule,), words=WORDS | {"parts": parts}))


#: One layer each; the references are in :mod:`references`.
LONE = {
    "layer_fire": lambda: lone((7, 9, 12), L.FireModule(12, 4, 6, 8), NORMED),
    "layer_inception": lambda: lone(
        (7, 9, 12), L.InceptionModule(12, 4, 6, 8, 3, 5, 7), NORMED, conventions=THOUSANDTH
    ),
    "layer_aspp": lambda: lone(
        (20, 24, 6), L.ASPP(6, 4), NORMED, Rule("layers.0.atrous.{n}.{k:conv|norm}", "atrous.{n}.{N[k]}")
    ),
    "layer_csp": lambda: lone(
        (7, 9, 12),
        L.CSPBlock(12, 10, 2),
        NORMED,
        Rule("layers.0.blocks.layers.{b}.body.layers.{n}.{k:conv|norm}", "blocks.{b}.{n}.{N[k]}"),
        conventions=THOUSANDTH,
    ),
    "layer_feature_pyramid": lambda: lone(
        (2, 3, 10),
        (L.Save("c5"), L.FeaturePyramid(4, 6, 8, 10, 5)),
        Rule("layers.1.lateral.{n}", "pyramid.inner_blocks.{n}.0"),
        Rule("layers.1.smooth.{n}", "pyramid.layer_blocks.{n}.0"),
        further={"c2": (14, 18, 4), "c3": (7, 9, 6), "c4": (4, 5, 8)},
    ),
    "layer_detr_heads": lambda: lone((7, 16), L.DETRHeads(16, 5), DENSE),
    "layer_nerf": lambda: lone(
        (5, 12), L.NeRFMLP(12, 6, 20), Rule("layers.0.trunk.{n}", "trunk.{n}"), DENSE, further={"direction": (5, 6)}
    ),
    "layer_shuffle": lambda: lone(
        (8, 10, 12),
        L.ShuffleBlock(12, 24, 3, 2),
        Rule("layers.0.layers.{u}.{p:reduce|depthwise|expand}.{k:conv|norm}", "{u}.{p}.{N[k]}"),
    ),
    "layer_wavenet": lambda: lone(
        (20,),
        (L.OneHotDense(9, 6), L.WaveNetBlock(6, 5, 4)),
        Rule("layers.0.bias", "shift"),
        Rule("layers.0.rows", "rows"),
        Rule("layers.1.layers.{n}.filter_gate", ("filters.{n}", "gates.{n}"), layout="conv1d"),
        Rule("layers.1.layers.{n}.{p:residual|skip}", "{p}s.{n}", layout="conv1d"),
    ),
    "layer_mb_conv_v3": lambda: lone(
        (9, 11, 16),
        L.MBConvV3(16, 24, 64, 5, 2, True),
        Rule("layers.0.body.layers.{n}.{k:conv|norm}", "block.{n}.{N[k]}"),
        Rule("layers.0.body.layers.{n}.squeeze", "block.{n}.fc1", layout="conv"),
        Rule("layers.0.body.layers.{n}.excite", "block.{n}.fc2", layout="conv"),
        conventions=THOUSANDTH,
    ),
    "layer_universal": universal,
}


def unet():
    pairs = "{double(n)}.double_conv.{3 * (k - 1) + (p == 'norm')}"
    names = ("inc", "down.0", "down.1", "", "", "conv.0", "conv.1", "conv.2")
    layers = (
        *(L.UNetDown(3, 8), L.UNetDown(8, 16), L.UNetDown(16, 32)),
        *(L.ConvBN(32, 64, 3), L.ConvBN(64, 64, 3)),
        *(L.UNetUp(64, 32, "transposed"), L.UNetUp(32, 16, "transposed"), L.UNetUp(16, 8, "transposed")),
        L.Conv2d(8, 4, 1, activation="identity"),
    )
    rules = (
        Rule("layers.{n}.convolutions.{p:conv|norm}{k:[12]}", pairs),
        Rule("layers.{n:[34]}.{p:conv|norm}", "down.2.double_conv.{3 * (n - 3) + (p == 'norm')}"),
        Rule("layers.{n}.upsample", "up.{n - 5}"),
        Rule("layers.{last}.conv", "outc"),
    )
    return Twin(NetSpec("unnamed", (64, 64, 3), layers), Table(rules, words={"double": names.__getitem__}))


#: Our side of cases by name, made when asked for.
LISTED = LONE | {
    "tiny_unet_bn": unet,
}
