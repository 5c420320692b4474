"""Primitives on tokens, points and proteins, written out tensor by tensor and product by product."""

import math


def patch_embed(t, x, s):
    t.conv(x.in_channels, x.width, x.patch, x.n_patches, bias=True)
    if x.layout == "tokens":
        t.table(1, x.width)
    t.table(x.n_patches + (x.layout == "tokens"), x.width)


def near(n, width, back, ahead):
    """Pairs of blocks of ``width`` queries with all blocks that hold what they see."""
    return math.ceil(n / width) * width * (math.ceil(back / width) + 1 + math.ceil(ahead / width)) * width


def computed_pairs(a, n, causal):
    """Scores of one head over a sequence with itself: in pieces where these are fewer, or all."""
    kind, found = type(a.pattern).__name__, n * n
    if a.window is not None:
        found = near(n, a.window, a.window - 1, 0 if causal else a.window - 1 if a.ahead is None else a.ahead)
    elif kind == "Dilated":
        found = a.pattern.step * math.ceil(n / a.pattern.step) ** 2
    elif kind == "Strided":
        w = a.pattern.stride
        found = near(n, w, w - 1, 0 if causal else w - 1) + w * math.ceil(n / w) ** 2
    elif kind in ("Global", "BigBird"):
        w, first = a.pattern.window, min(a.pattern.tokens, n)
        found = near(n, w, w - 1, 0 if causal else w - 1) + n * first * (1 if causal else 2)
        found += n * a.pattern.chosen if kind == "BigBird" else 0
    return min(n * n, found)


def own_attention(t, x, n):
    """Maps and products of self-attention."""
    a, heads = x.attention, x.heads
    c, pairs = a.head_width or x.width // heads, a.kv_heads or heads
    if a.latent:
        turned = c // 2 if a.positions == "rope" else 0
        for width in (heads * (c + turned), turned, a.latent):
            t.dense(x.width, width, n, a.bias) if width else None
        for _ in range(2):
            t.dense(a.latent, heads * c, n, False)
        t.macs += computed_pairs(a, n, x.causal) * heads * (2 * c + turned)
    else:
        t.dense(x.width, heads * c, n, a.bias)
        t.dense(x.width, pairs * c, n, a.bias and a.key_bias)
        t.dense(x.width, pairs * c, n, a.bias)
    if a.kernel == "softmax" and not a.latent:
        t.macs += 2 * computed_pairs(a, n, x.causal) * heads * c
    elif a.kernel == "nystrom":
        landmarks = a.landmarks
        if a.value_conv:
            t.table(heads, a.value_conv)
            t.macs += n * heads * c * a.value_conv
        for _ in range(heads):
            if n == landmarks:
                t.macs += 2 * n * n * c
                continue
            t.macs += n * landmarks * c + landmarks * landmarks * c + landmarks * n * c  # the three scores
            t.macs += 6 * 4 * landmarks**3 + n * landmarks**2  # the inverse, and the weights onto it
            t.macs += landmarks * n * c + n * landmarks * c  # values of landmarks, then of tokens
    elif a.kernel == "wkv":
        t.table(heads * c)
        t.table(heads * c)
    elif a.kernel != "softmax":
        chunk = min(64, n)
        filled = math.ceil(n / chunk) * chunk if x.causal else n
        for d in (c,) if a.kernel == "retention" else (c, 1) if a.positions == "rope" else (c + 1,):
            t.macs += filled * c * d * (heads + pairs)  # what the state is read for, and what it grows by
            t.macs += filled * chunk * heads * (c + d) if x.causal else 0
    t.dense(heads * c, x.width, n, a.bias)


def scale(t, x):
    if x.layer_scale is not None:
        t.table(x.width)
    if x.residual == "rezero":
        t.table(1)


def block(t, x, n, memory=None):
    """Norms, attentions and MLP of one block; ``memory`` is the shape of what a cross-attention reads."""
    a = x.attention
    head, pairs = a.head_width or x.width // x.heads, a.kv_heads or x.heads
    branches = 2 if memory is None else 3
    for _ in range(branches):
        scale(t, x)
    for _ in range(branches * (2 if x.placement == "sandwich" else 1)):
        norm(t, x)
    own_attention(t, x, n)
    if memory is not None:
        keys, width = memory
        t.dense(x.width, x.heads * head, n, a.bias)
        t.dense(width, pairs * head, keys, a.bias and a.key_bias)
        t.dense(width, pairs * head, keys, a.bias)
        t.dense(x.heads * head, x.width, n, a.bias)
        t.macs += 2 * n * keys * x.heads * head
    for _ in range(2 if x.mlp.endswith("glu") else 1):
        t.dense(x.width, x.mlp_width, n, x.mlp_bias)
    t.dense(x.mlp_width, x.width, n, x.mlp_bias)


def norm(t, x):
    if x.norm == "layer":
        t.norm(x.width)
    if x.norm == "rms":
        t.table(x.width)


def relative_table(t, x):
    if x.attention.positions == "t5":
        t.table(x.attention.buckets, x.heads)
    if x.attention.positions == "learned":
        t.table(x.attention.max_tokens, x.width)


def transformer_encoder(t, x, s, mask=None):
    for _ in range(x.n_blocks):
        block(t, x, math.prod(s[:-1]))
    if x.final_norm or (x.placement != "post" and x.final_norm is None):
        norm(t, x)
    relative_table(t, x)


def transformer_decoder(t, x, s, memory=None, mask=None):
    if not x.memory:
        memory = None
    n = x.n_queries or math.prod(s[:-1])
    read = math.prod((memory or s)[:-1]), (memory or s)[-1]
    for _ in range(x.n_blocks):
        block(t, x, n, read)
    if x.n_queries:
        t.table(x.n_queries, x.width)
    if x.final_norm:
        norm(t, x)
    relative_table(t, x)


def token_position_embed(t, x, s, segment=None):
    t.table(x.vocabulary, x.width)
    t.table(x.max_tokens if x.learned_positions else 0, x.width)
    t.table(x.segments, x.width)
    if x.norm:
        t.norm(x.width)


def lm_head(t, x, s, table=None):
    if table is None:
        t.table(x.width, x.vocabulary)
    if x.bias:
        t.table(x.vocabulary)
    t.macs += math.prod(s[:-1]) * x.width * x.vocabulary


def hopfield(t, x, s):
    n, d, k = math.prod(s[:-1]), x.width, x.association_width
    t.table(x.n_patterns, d)
    t.dense(d, k, n)
    t.dense(d, k, x.n_patterns)
    for _ in range(x.n_steps):
        t.macs += n * k * x.n_patterns + n * x.n_patterns * k
    t.dense(k, d, n)


def dynamic_routing(t, x, s):
    for _ in range(x.in_capsules * x.out_capsules):
        t.dense(x.in_width, x.out_width, bias=False)
    for iteration in range(x.n_iterations):
        t.macs += x.out_capsules * x.in_capsules * x.out_width
        if iteration:
            t.macs += x.in_capsules * x.out_capsules * x.out_width


def highway(t, x, s):
    for _ in range(2):
        t.dense(x.width, x.width, math.prod(s[:-1]))


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
    t.dense(4 * x.in_channels, x.out_channels, s[0] * s[1] // 4, x.bias)


def detr_heads(t, x, s):
    d, n = x.width, s[0]
    t.dense(d, x.n_classes + 1, n)
    for i, o in ((d, d), (d, d), (d, 4)):
        t.dense(i, o, n)


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
    gated = x.gated_channels or r
    for _ in range(x.stacks * x.n_layers):
        for _ in range(2):  # filter and gate, two taps
            t.table(2, r, gated)
            if x.bias:
                t.table(gated)
            t.macs += at * 2 * r * gated
        t.dense(gated, r, at, bias=x.bias)
        t.dense(gated, x.skip_channels, at, bias=x.bias)


def recurrent(t, x, s):
    for _ in range(4 if x.cell == "lstm" else 3):
        t.dense(x.in_features, x.width, s[0])
        t.dense(x.width, x.width, s[0])


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
    wide, narrow = x.msa_heads * x.msa_head_width, x.pair_heads * x.pair_head_width
    for _ in range(x.n_blocks):
        for attended, biased in ((r, True), (seqs, False)):  # rows, then columns
            t.norm(m)
            if biased:
                t.norm(z)
                t.dense(z, x.msa_heads, r * r, bias=False)
            for _ in range(3):
                t.dense(m, wide, seqs * r, bias=False)
            t.dense(m, wide, seqs * r)  # gate
            t.dense(wide, m, seqs * r)
            t.macs += 2 * seqs * r * attended * wide
        for width, at in ((m, seqs * r), (z, r * r)):
            t.norm(width)
            t.mlp(width, x.transition * width, at)
        t.norm(m)  # outer-product mean
        t.dense(m, x.outer, seqs * r)
        t.dense(m, x.outer, seqs * r)
        t.macs += seqs * r * r * x.outer**2
        t.dense(x.outer**2, z, r * r)
        for _ in range(2):  # triangle products
            t.norm(z)
            t.norm(x.triangle)
            for _ in range(4):
                t.dense(z, x.triangle, r * r)
            t.macs += r * r * r * x.triangle
            t.dense(z, z, r * r)
            t.dense(x.triangle, z, r * r)
        for _ in range(2):  # triangle attentions
            t.norm(z)
            t.dense(z, x.pair_heads, r * r, bias=False)
            for _ in range(3):
                t.dense(z, narrow, r * r, bias=False)
            t.dense(z, narrow, r * r)
            t.dense(narrow, z, r * r)
            t.macs += 2 * r * r * r * narrow
    if x.single_channels:
        t.dense(m, x.single_channels, r)


def point_attention(t, x, s, *read):
    c, z, r = x.single_channels, x.pair_channels, s[0]
    points = x.query_points + x.value_points
    for fan_out in (x.head_width, 2 * x.head_width, 3 * x.query_points, 3 * points):
        t.dense(c, x.heads * fan_out, r)
    t.dense(z, x.heads, r * r)
    t.table(x.heads)
    t.macs += r * r * x.heads * (x.head_width + 3 * x.query_points)  # scores of scalars and points
    t.macs += r * r * x.heads * (x.head_width + 3 * x.value_points + z)  # values, points, pairs
    t.dense(x.heads * (x.head_width + 4 * x.value_points + z), c, r)


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
    t.macs = before + rounds * (t.macs - before)
    t.dense(c, 128, r)  # the angles, of the last round only
    t.dense(c, 128, r)
    for _ in range(4):
        t.dense(128, 128, r)
    t.dense(128, 14, r)


def grid_attention(t, x, s):
    (h, w, d), r = s, x.reduction
    if x.window:
        tiles = math.ceil(h / x.window) * math.ceil(w / x.window)
        h = w = x.window
    else:
        tiles = 1
    n, m = h * w, (h // r) * (w // r)
    t.dense(d, d, tiles * n, True)
    for _ in range(2):
        t.dense(d, d, tiles * m, True)
    t.dense(d, d, tiles * n, True)
    t.macs += tiles * 2 * n * m * d
    if r > 1:
        t.conv(d, d, r, m, bias=True)
        t.norm(d)
    for side in (h, w) if x.relative else ():
        t.table(2 * side - 1, d // x.heads)
        t.macs += tiles * n * side * d


def multi_head_attention(t, x, s, *read):
    n, inner = math.prod(s[:-1]), x.inner or x.width
    memory = read[0] if x.memory else s
    m, width = math.prod(memory[:-1]), memory[-1]
    t.dense(x.width, inner, n)
    for _ in range(2):
        t.dense(width, inner, m)
    t.dense(inner, x.out_width or x.width, n)
    t.macs += 2 * n * m * inner


def separable_attention(t, x, s):
    at, d = s[0] * s[1], x.width
    for leaving in (1, d, d, d):
        t.dense(d, leaving, at)
    t.macs += at * d
