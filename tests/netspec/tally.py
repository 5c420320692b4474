"""Every primitive written out tensor by tensor and product by product, independently of the formulas in the layers.

``TALLIES`` maps a layer to a function of the layer and the shapes that arrive; it fills a :class:`Tally` as a naive
implementation would create its tensors and run its products.
"""

import math

from netspec import layers as L


class Tally:
    """Shapes of trainable tensors, and multiply-adds."""

    def __init__(self):
        self.tensors = []
        self.macs = 0

    @property
    def params(self):
        return sum(math.prod(shape) for shape in self.tensors)

    def table(self, *shape):
        self.tensors.append(shape)

    def norm(self, width):
        self.tensors += [(width,), (width,)]

    def conv(self, i, o, kernel, at, groups=1, bias=False, norm=False):
        """A grouped convolution whose kernel is applied at ``at`` positions."""
        assert i % groups == 0 and o % groups == 0
        self.tensors.append((kernel, kernel, i // groups, o))
        self.macs += at * kernel * kernel * (i // groups) * o
        if bias:
            self.tensors.append((o,))
        if norm:
            self.norm(o)

    def dense(self, i, o, at=1, bias=True):
        self.tensors.append((i, o))
        self.macs += at * i * o
        if bias:
            self.tensors.append((o,))

    def attention(self, d, queries, keys=None, memory=None, bias=True, window=None):
        """q, k, v, output projections and both products; keys attend over ``window`` positions when given."""
        keys, memory = queries if keys is None else keys, d if memory is None else memory
        self.dense(d, d, queries, bias)
        self.dense(memory, d, keys, bias)
        self.dense(memory, d, keys, bias)
        self.dense(d, d, queries, bias)
        self.macs += 2 * queries * (keys if window is None else window) * d

    def mlp(self, d, m, at):
        self.dense(d, m, at)
        self.dense(m, d, at)


def halved(n):
    return (n + 1) // 2


def conv2d(t, x, s):
    out = x.output_shape(s)
    at = s[0] * s[1] if x.transposed else out[0] * out[1]
    t.conv(x.in_channels, x.out_channels, x.kernel, at, bias=True)


def conv_bn(t, x, s):
    out = x.output_shape(s)
    at = s[0] * s[1] if x.transposed else out[0] * out[1]
    t.conv(x.in_channels, x.out_channels, x.kernel, at, norm=True)


def residual_block(t, x, s):
    i, stride = x.in_channels, x.first_stride
    h, w = -(-s[0] // stride), -(-s[1] // stride)
    for block in range(x.n_blocks):
        t.conv(i, x.out_channels, 3, h * w, norm=True)
        t.conv(x.out_channels, x.out_channels, 3, h * w, norm=True)
        if block == 0 and (i != x.out_channels or stride != 1):
            t.conv(i, x.out_channels, 1, h * w, norm=True)
        i = x.out_channels


def bottleneck_block(t, x, s):
    i, stride, m = x.in_channels, x.first_stride, x.out_channels // 4
    before, after = s[0] * s[1], -(-s[0] // stride) * -(-s[1] // stride)
    for block in range(x.n_blocks):
        t.conv(i, m, 1, before if block == 0 else after, norm=True)
        t.conv(m, m, 3, after, norm=True)
        t.conv(m, x.out_channels, 1, after, norm=True)
        if block == 0 and (i != x.out_channels or stride != 1):
            t.conv(i, x.out_channels, 1, after, norm=True)
        i = x.out_channels


def separable_conv(t, x, s):
    at = math.prod(x.output_shape(s)[:2])
    t.conv(x.in_channels, x.in_channels, 3, at, groups=x.in_channels, norm=True)
    t.conv(x.in_channels, x.out_channels, 1, at, norm=True)


def squeeze_excite(t, m, q):
    t.dense(m, q)
    t.dense(q, m)


def inverted(t, x, s, kernel=3, squeeze=None):
    before, after, i = s[0] * s[1], math.prod(x.output_shape(s)[:2]), x.in_channels
    for _ in range(x.n_blocks):
        m = i * x.expand
        if x.expand != 1:
            t.conv(i, m, 1, before, norm=True)
        t.conv(m, m, kernel, after, groups=m, norm=True)
        if squeeze:
            squeeze_excite(t, m, squeeze(i))
        t.conv(m, x.out_channels, 1, after, norm=True)
        before, i = after, x.out_channels


def inverted_residual(t, x, s):
    inverted(t, x, s)


def mb_conv(t, x, s):
    def quarter(i):
        return max(1, (i * x.expand if x.squeeze_from == "expanded" else i) // 4)

    inverted(t, x, s, x.kernel, quarter if x.squeeze_excite else None)


def mb_conv_v3(t, x, s):
    before, after, m = s[0] * s[1], math.prod(x.output_shape(s)[:2]), x.expanded_channels
    if m != x.in_channels:
        t.conv(x.in_channels, m, 1, before, norm=True)
    t.conv(m, m, x.kernel, after, groups=m, norm=True)
    if x.squeeze_excite:
        squeeze_excite(t, m, max(1, m // 4))
    t.conv(m, x.out_channels, 1, after, norm=True)


def fused_mb_conv(t, x, s):
    after, i = math.prod(x.output_shape(s)[:2]), x.in_channels
    for _ in range(x.n_blocks):
        m = x.out_channels if x.expand == 1 else i * x.expand
        t.conv(i, m, x.kernel, after, norm=True)
        if x.squeeze_excite:
            squeeze_excite(t, m, max(1, m // 4))
        if x.expand != 1:
            t.conv(m, x.out_channels, 1, after, norm=True)
        i = x.out_channels


def uib(t, x, s):
    at, after, m = s[0] * s[1], math.prod(x.output_shape(s)[:2]), x.expand * x.in_channels
    if not x.second_kernel:
        at = after
    if x.first_kernel:
        t.conv(x.in_channels, x.in_channels, x.first_kernel, at, groups=x.in_channels, norm=True)
    t.conv(x.in_channels, m, 1, at, norm=True)
    if x.second_kernel:
        t.conv(m, m, x.second_kernel, after, groups=m, norm=True)
    t.conv(m, x.out_channels, 1, after, norm=True)


def fire_module(t, x, s):
    at = s[0] * s[1]
    t.conv(x.in_channels, x.squeeze, 1, at, norm=True)
    t.conv(x.squeeze, x.expand_1x1, 1, at, norm=True)
    t.conv(x.squeeze, x.expand_3x3, 3, at, norm=True)


def convnext_stem(t, x, s):
    t.conv(x.in_channels, x.out_channels, x.patch, math.prod(x.output_shape(s)[:2]), bias=True)
    t.norm(x.out_channels)


def convnext_stage(t, x, s):
    c, at = x.channels, s[0] * s[1]
    for _ in range(x.n_blocks):
        t.conv(c, c, 7, at, groups=c, bias=True)
        t.norm(c)
        t.mlp(c, 4 * c, at)
        t.table(c)


def convnext_downsample(t, x, s):
    t.norm(x.in_channels)
    t.conv(x.in_channels, x.out_channels, 2, s[0] * s[1] // 4, bias=True)


def patch_embed(t, x, s):
    t.conv(x.in_channels, x.width, x.patch, x.n_patches, bias=True)
    if x.layout == "tokens":
        t.table(1, x.width)
    t.table(x.n_patches + (x.layout == "tokens"), x.width)


def transformer_encoder(t, x, s):
    n = math.prod(s[:-1])
    for _ in range(x.n_blocks):
        t.norm(x.width)
        t.attention(x.width, n)
        t.norm(x.width)
        t.mlp(x.width, x.mlp_width, n)
    t.norm(x.width)


def transformer_decoder(t, x, s, memory=None):
    n = x.n_queries or math.prod(s[:-1])
    keys, width = math.prod((memory or s)[:-1]), (memory or s)[-1]
    for _ in range(x.n_blocks):
        for _ in range(3):
            t.norm(x.width)
        t.attention(x.width, n)
        t.attention(x.width, n, keys, width)
        t.mlp(x.width, x.mlp_width, n)
    if x.n_queries:
        t.table(x.n_queries, x.width)


def highway(t, x, s):
    for _ in range(2):
        t.dense(x.width, x.width, math.prod(s[:-1]))


def dense_block(t, x, s):
    c, g, at = x.in_channels, x.growth_rate, s[0] * s[1]
    for _ in range(x.n_layers):
        t.norm(c)
        t.conv(c, 4 * g, 1, at, bias=True)
        t.norm(4 * g)
        t.conv(4 * g, g, 3, at, bias=True)
        c += g


def transition_layer(t, x, s):
    t.norm(x.in_channels)
    t.conv(x.in_channels, x.out_channels, 1, s[0] * s[1], bias=True)


def inception_module(t, x, s):
    i, at = x.in_channels, s[0] * s[1]
    t.conv(i, x.conv_1x1, 1, at, norm=True)
    t.conv(i, x.reduce_3x3, 1, at, norm=True)
    t.conv(x.reduce_3x3, x.conv_3x3, 3, at, norm=True)
    t.conv(i, x.reduce_5x5, 1, at, norm=True)
    t.conv(x.reduce_5x5, x.conv_5x5, 5, at, norm=True)
    t.conv(i, x.pool_1x1, 1, at, norm=True)


def shuffle_block(t, x, s):
    i, m, g = x.in_channels, x.out_channels // 4, x.groups
    after = halved(s[0]) * halved(s[1])
    for unit in range(x.n_units):
        o = x.out_channels - (i if unit == 0 else 0)
        t.conv(i, m, 1, s[0] * s[1] if unit == 0 else after, groups=g, norm=True)
        t.conv(m, m, 3, after, groups=m, norm=True)
        t.conv(m, o, 1, after, groups=g, norm=True)
        i = x.out_channels


def shuffle_v2_block(t, x, s):
    i, h, after = x.in_channels, x.out_channels // 2, halved(s[0]) * halved(s[1])
    t.conv(i, i, 3, after, groups=i, norm=True)
    t.conv(i, h, 1, after, norm=True)
    t.conv(i, h, 1, s[0] * s[1], norm=True)
    t.conv(h, h, 3, after, groups=h, norm=True)
    t.conv(h, h, 1, after, norm=True)
    for _ in range(x.n_units - 1):
        t.conv(h, h, 1, after, norm=True)
        t.conv(h, h, 3, after, groups=h, norm=True)
        t.conv(h, h, 1, after, norm=True)


def mobile_vit_block(t, x, s):
    c, d, n = x.channels, x.width, s[0] * s[1]
    t.conv(c, c, 3, n, norm=True)
    t.conv(c, d, 1, n)
    for _ in range(x.n_blocks):
        t.norm(d)
        t.attention(d, n, window=n // 4)
        t.norm(d)
        t.mlp(d, x.mlp_width, n)
    t.norm(d)
    t.conv(d, c, 1, n, norm=True)
    t.conv(2 * c, c, 3, n, norm=True)


def swin_stage(t, x, s):
    w = x.window
    padded = math.ceil(s[0] / w) * w * math.ceil(s[1] / w) * w
    for _ in range(x.n_blocks):
        t.norm(x.width)
        t.attention(x.width, padded, window=w * w)
        t.table((2 * w - 1) * (2 * w - 1), x.heads)
        t.norm(x.width)
        t.mlp(x.width, x.mlp_width, s[0] * s[1])


def patch_merging(t, x, s):
    t.norm(4 * x.in_channels)
    t.dense(4 * x.in_channels, x.out_channels, s[0] * s[1] // 4)


def darknet_blocks(t, c, n, at):
    for _ in range(n):
        t.conv(c, c // 2, 1, at, norm=True)
        t.conv(c // 2, c, 3, at, norm=True)


def darknet_block(t, x, s):
    darknet_blocks(t, x.channels, x.n_blocks, s[0] * s[1])


def csp_block(t, x, s):
    i, a, at = x.in_channels, x.in_channels // 2, s[0] * s[1]
    t.conv(i, a, 1, at, norm=True)
    t.conv(i, a, 1, at, norm=True)
    darknet_blocks(t, a, x.n_blocks, at)
    t.conv(2 * a, x.out_channels, 1, at, norm=True)


def feature_pyramid(t, x, s, *stages):
    for stage in stages:
        t.conv(stage[2], x.out_channels, 1, stage[0] * stage[1], bias=True)
        t.conv(x.out_channels, x.out_channels, 3, stage[0] * stage[1], bias=True)


def detr_heads(t, x, s):
    d, n = x.width, s[0]
    t.dense(d, x.n_classes + 1, n)
    for i, o in ((d, d), (d, d), (d, 4)):
        t.dense(i, o, n)


def unet_down(t, x, s):
    t.conv(x.in_channels, x.out_channels, 3, s[0] * s[1], norm=True)
    t.conv(x.out_channels, x.out_channels, 3, s[0] * s[1], norm=True)


def unet_up(t, x, s, skip=(0, 0, 0)):
    width = x.in_channels
    if x.upsample == "transposed":
        t.conv(x.in_channels, x.out_channels, 2, s[0] * s[1], bias=True)
        width = x.out_channels
    t.conv(width + skip[2], x.out_channels, 3, 4 * s[0] * s[1], norm=True)
    t.conv(x.out_channels, x.out_channels, 3, 4 * s[0] * s[1], norm=True)


def aspp(t, x, s):
    i, o, at = x.in_channels, x.out_channels, s[0] * s[1]
    t.conv(i, o, 1, at, bias=True, norm=True)
    for _ in range(3):
        t.conv(i, o, 3, at, bias=True, norm=True)
    t.conv(i, o, 1, 1, bias=True, norm=True)
    t.conv(5 * o, o, 1, at, bias=True, norm=True)


def mamba_block(t, x, s):
    d, e, n, r, at = x.width, x.expand * x.width, x.state_size, math.ceil(x.width / 16), s[0]
    for _ in range(x.n_blocks):
        t.table(d)  # RMSNorm
        t.dense(d, 2 * e, at, bias=False)
        t.table(4, e)  # depthwise kernel
        t.table(e)
        t.macs += at * 4 * e
        t.dense(e, r + 2 * n, at, bias=False)
        t.dense(r, e, at)
        t.table(e, n)  # A
        t.table(e)  # D
        t.macs += at * 3 * e * n
        t.dense(e, d, at, bias=False)


def wavenet_block(t, x, s):
    r, at = x.residual_channels, math.prod(s[:-1])
    for _ in range(x.n_layers):
        for _ in range(2):  # filter and gate, two taps
            t.table(2, r, r)
            t.table(r)
            t.macs += at * 2 * r * r
        t.dense(r, r, at)
        t.dense(r, x.skip_channels, at)


def nerf_mlp(t, x, s, direction):
    at, h, p = math.prod(s[:-1]), x.hidden, x.position_features
    for fan_in in (p, h, h, h, h + p, h, h, h):
        t.dense(fan_in, h, at)
    t.dense(h, 1, at)
    t.dense(h, h, at)
    t.dense(h + x.direction_features, 128, at)
    t.dense(128, 3, at)


def evoformer_block(t, x, s, pair):
    m, z, seqs, r = x.msa_channels, x.pair_channels, s[0], s[1]
    for _ in range(x.n_blocks):
        for attended, biased in ((r, True), (seqs, False)):  # rows, then columns
            t.norm(m)
            if biased:
                t.norm(z)
                t.dense(z, 8, r * r, bias=False)
            for _ in range(3):
                t.dense(m, 256, seqs * r, bias=False)
            t.dense(m, 256, seqs * r)  # gate
            t.dense(256, m, seqs * r)
            t.macs += 2 * seqs * r * attended * 256
        for width, at in ((m, seqs * r), (z, r * r)):
            t.norm(width)
            t.mlp(width, 4 * width, at)
        t.norm(m)  # outer-product mean
        t.dense(m, 32, seqs * r)
        t.dense(m, 32, seqs * r)
        t.macs += seqs * r * r * 32 * 32
        t.dense(32 * 32, z, r * r)
        for _ in range(2):  # triangle products
            t.norm(z)
            t.norm(128)
            for _ in range(4):
                t.dense(z, 128, r * r)
            t.macs += r * r * r * 128
            t.dense(z, z, r * r)
            t.dense(128, z, r * r)
        for _ in range(2):  # triangle attentions
            t.norm(z)
            t.dense(z, 4, r * r, bias=False)
            for _ in range(3):
                t.dense(z, 128, r * r, bias=False)
            t.dense(z, 128, r * r)
            t.dense(128, z, r * r)
            t.macs += 2 * r * r * r * 128
    t.dense(m, x.single_channels, r)


def structure_module(t, x, s):
    c, z, r, rounds = x.single_channels, x.pair_channels, s["single"][0], x.n_blocks
    t.norm(c)
    t.norm(z)
    t.dense(c, c, r)
    before = t.macs
    for fan_in, fan_out in ((c, 12 * 16), (c, 2 * 12 * 16), (c, 12 * 4 * 3), (c, 12 * 12 * 3)):
        t.dense(fan_in, fan_out, r)
    t.dense(z, 12, r * r)
    t.table(12)
    t.macs += r * r * 12 * (16 + 12)  # scores of scalars and points
    t.macs += r * r * 12 * (16 + 24 + z)  # values, points, pairs
    t.dense(12 * (16 + 32 + z), c, r)
    t.norm(c)
    for _ in range(3):
        t.dense(c, c, r)
    t.norm(c)
    t.dense(c, 6, r)
    t.dense(c, 128, r)
    t.dense(c, 128, r)
    for _ in range(4):
        t.dense(128, 128, r)
    t.dense(128, 14, r)
    t.macs = before + rounds * (t.macs - before)


TALLIES = {
    L.ASPP: aspp,
    L.BilinearUpsample: lambda t, x, s: None,
    L.BottleneckBlock: bottleneck_block,
    L.CSPBlock: csp_block,
    L.Conv2d: conv2d,
    L.ConvBN: conv_bn,
    L.ConvNeXtDownsample: convnext_downsample,
    L.ConvNeXtStage: convnext_stage,
    L.ConvNeXtStem: convnext_stem,
    L.DETRHeads: detr_heads,
    L.DarknetBlock: darknet_block,
    L.Dense: lambda t, x, s: t.dense(x.in_features, x.out_features, math.prod(s[:-1])),
    L.DenseBlock: dense_block,
    L.EvoformerBlock: evoformer_block,
    L.FeaturePyramid: feature_pyramid,
    L.FireModule: fire_module,
    L.Flatten: lambda t, x, s: None,
    L.FusedMBConv: fused_mb_conv,
    L.GlobalAvgPool: lambda t, x, s: None,
    L.Highway: highway,
    L.InceptionModule: inception_module,
    L.InvertedResidual: inverted_residual,
    L.LMHead: lambda t, x, s: t.dense(x.width, x.vocabulary, s[0]),
    L.Load: lambda t, x, s, saved: None,
    L.MBConv: mb_conv,
    L.MBConvV3: mb_conv_v3,
    L.MambaBlock: mamba_block,
    L.MaxPool: lambda t, x, s: None,
    L.MobileViTBlock: mobile_vit_block,
    L.NeRFMLP: nerf_mlp,
    L.OneHotDense: lambda t, x, s: (t.table(x.vocabulary, x.width), t.table(x.width)),
    L.PatchEmbed: patch_embed,
    L.PatchMerging: patch_merging,
    L.Pick: lambda t, x, s: None,
    L.PositionalEncoding: lambda t, x, s: None,
    L.Reshape: lambda t, x, s: None,
    L.ResidualBlock: residual_block,
    L.Save: lambda t, x, s: None,
    L.SeparableConv: separable_conv,
    L.ShuffleBlock: shuffle_block,
    L.ShuffleV2Block: shuffle_v2_block,
    L.StructureModule: structure_module,
    L.SwinStage: swin_stage,
    L.TimeCondition: lambda t, x, s, time: t.dense(2 * x.n_frequencies, x.channels),
    L.TokenPositionEmbed: lambda t, x, s: (
        t.table(x.vocabulary, x.width),
        t.table(x.max_tokens if x.learned_positions else 0, x.width),
    ),
    L.TransformerDecoder: transformer_decoder,
    L.TransformerEncoder: transformer_encoder,
    L.TransitionLayer: transition_layer,
    L.UNetDown: unet_down,
    L.UNetUp: unet_up,
    L.UniversalInvertedBottleneck: uib,
    L.WaveNetBlock: wavenet_block,
}


def tally(layer, arrived, *read):
    """The :class:`Tally` of ``layer`` for the shapes that arrive."""
    t = Tally()
    TALLIES[type(layer)](t, layer, arrived, *read)
    return t
