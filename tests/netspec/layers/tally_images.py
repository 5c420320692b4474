"""Primitives on feature maps, written out tensor by tensor and product by product."""

import math


def halved(n):
    return (n + 1) // 2


def conv2d(t, x, s):
    out = x.output_shape(s)
    at = s[0] * s[1] if x.transposed else out[0] * out[1]
    t.conv(x.in_channels, x.out_channels, x.kernel, at, x.groups, bias=x.bias)


def conv_bn(t, x, s):
    out = x.output_shape(s)
    at = s[0] * s[1] if x.transposed else out[0] * out[1]
    t.conv(x.in_channels, x.out_channels, x.kernel, at, x.groups, bias=x.bias, norm=True)


def conv_block_attention(t, x, s):
    t.dense(x.channels, x.squeezed, 2, bias=False)
    t.dense(x.squeezed, x.channels, 2, bias=False)
    t.conv(2, 1, x.kernel, s[0] * s[1])


def image_attention(t, x, s):
    at, k = s[0] * s[1], x.heads * x.key_width if x.key_width else x.channels
    for width in (k, k, x.channels, x.channels):
        t.conv(x.channels, width, 1, at, bias=not x.normed, norm=x.normed)
    if x.normed:
        t.conv(x.channels, x.channels, 3, at, groups=x.channels, norm=True)
    t.macs += at * at * (k + x.channels)


def neural_ode(t, x, s):
    for _ in range(3):
        t.norm(x.channels)
    for _ in range(2):
        t.conv(x.channels + 1, x.channels, 3, 4 * x.n_steps * s[0] * s[1], bias=True)


def residual_block(t, x, s):
    i, stride = x.in_channels, x.first_stride
    h, w = -(-s[0] // stride), -(-s[1] // stride)
    for block in range(x.n_blocks):
        m = x.inner_channels or x.out_channels
        t.conv(i, m, 3, h * w, x.groups, norm=True)
        t.conv(m, x.out_channels, 3, h * w, x.groups, norm=True)
        if x.squeeze_excite:
            squeeze_excite(t, x.out_channels, max(1, x.out_channels // x.squeeze_excite))
        if block == 0 and (i != x.out_channels or stride != 1):
            t.conv(i, x.out_channels, 1, h * w, norm=True)
        i = x.out_channels


def bottleneck_block(t, x, s):
    i, stride, m = x.in_channels, x.first_stride, x.inner_channels or x.out_channels // 4
    before, after = s[0] * s[1], -(-s[0] // stride) * -(-s[1] // stride)
    for block in range(x.n_blocks):
        t.conv(i, m, 1, before if block == 0 else after, norm=True)
        t.conv(m, m, 3, after, x.groups, norm=True)
        t.conv(m, x.out_channels, 1, after, norm=True)
        if x.squeeze_excite:
            squeeze_excite(t, x.out_channels, max(1, x.out_channels // x.squeeze_excite))
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


def dense_block(t, x, s):
    c, g, at = x.in_channels, x.growth_rate, s[0] * s[1]
    wide = x.bottleneck * g
    for _ in range(x.n_layers):
        t.norm(c)
        t.conv(c, wide, 1, at, bias=x.bias)
        t.norm(wide)
        t.conv(wide, g, 3, at, bias=x.bias)
        c += g


def transition_layer(t, x, s):
    t.norm(x.in_channels)
    t.conv(x.in_channels, x.out_channels, 1, s[0] * s[1], bias=x.bias)


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
