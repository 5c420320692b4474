"""Published networks written with the idioms, by the names of their parity cases or of their libraries."""

from functools import partial
from itertools import pairwise

from netspec import NetSpec
from netspec import layers as L
from netspec.idioms import detectors, diffusion, inception, mobile, pyramid
from netspec.idioms.parts import conv, normed, rounded
from netspec.idioms.regnet import regnet
from netspec.idioms.residual import Block, preactivated_stage, stage


def head(width, classes=1000):
    return (L.GlobalAvgPool(), L.Dense(width, classes))


def resnet_cifar(depth):
    n, block = (depth - 2) // 6, Block(bottleneck=False, shortcut="pad")
    stages = [stage(i, o, o, n, s, block) for i, o, s in ((16, 16, 1), (16, 32, 2), (32, 64, 2))]
    return ((32, 32, 3), (*conv(3, 16, 3), *sum(stages, ()), *head(64, 10)))


def wide_resnet(depth, k):
    n, block = (depth - 4) // 6, Block(bottleneck=False)
    widths = (16, 16 * k, 32 * k, 64 * k)
    first = L.Conv2d(3, 16, 3, activation="identity", bias=False)
    stages = [preactivated_stage(i, o, o, n, s, block) for (i, o), s in zip(pairwise(widths), (1, 2, 2), strict=True)]
    return ((32, 32, 3), (first, *sum(stages, ()), *normed(64 * k, "batch", "relu"), *head(64 * k, 10)))


def resnet(counts, block, inner=64, *, classes=1000, dilated=(), stem=None, saves=False, side=224):
    """torchvision's ResNets: widths double, ``inner`` is the first stage's; ``dilated`` stages keep their sides."""
    expand = 4 if block.bottleneck else 1
    layers, i, spread = list(stem or (*conv(3, 64, 7, 2, norm=block.norm), L.MaxPool(3, 2, 1))), 64, 1
    for index, n in enumerate(counts):
        o, middle, stride = 64 * expand * 2**index, inner * 2**index, 1 if index == 0 else 2
        layers += stage(i, o, middle, n, stride, block, dilated=index in dilated, before=spread)
        spread, i = spread * 2 if index in dilated else spread, o
        if saves:
            layers.append(L.Save(f"c{index + 2}"))
    return ((side, side, 3), (*layers, *(head(i, classes) if classes else ())))


def deep_stem(norm="batch"):
    return (*conv(3, 32, 3, 2), *conv(32, 32, 3), *conv(32, 64, 3), L.MaxPool(3, 2, 1))


def segmented(shape, last):
    """``last`` behind a ResNet-50 whose two last stages are dilated, resized to the picture."""
    _, body = resnet((3, 4, 6, 3), Block(), classes=0, dilated=(2, 3))
    return (shape, (*body, *last, L.Resize(shape[:2])))


def deeplab_v3_plus(counts, block, width, low):
    _, body = resnet(counts, block, classes=0, dilated=(3,), saves=True)
    body = tuple(layer for layer in body if not (isinstance(layer, L.Save) and layer.name in ("c3", "c4", "c5")))
    ahead = pyramid.deeplab_v3_plus_head(width, "c2", low, 21, (8, 10), (32, 40))
    return ((128, 160, 3), (*body, *ahead, L.Resize((128, 160))))


def fpn_of(block, counts, stages, width, more, shape=(256, 320, 3)):
    return (shape, (*resnet(counts, block, classes=0, saves=True)[1], *pyramid.pyramid(stages, width, more=more)))


def xception():
    def unit(i, o, n, stride=1, relu_first=True, grow_first=True):
        body = []
        for index in range(n):
            a, b = ((i, o) if index == 0 else (o, o)) if grow_first else ((i, i) if index < n - 1 else (i, o))
            if relu_first or index:
                body.append(L.Activate("relu"))
            body += mobile.bare_separable(a, b)
        side = ()
        if stride > 1:
            body.append(L.MaxPool(3, stride, 1))
        if i != o or stride > 1:
            side = (L.ConvBN(i, o, 1, stride, activation="identity"),)
        return (L.Residual(tuple(body), side),)

    return (
        (299, 299, 3),
        (
            L.ConvBN(3, 32, 3, 2, "valid"),
            L.ConvBN(32, 64, 3, 1, "valid"),
            *unit(64, 128, 2, 2, relu_first=False),
            *unit(128, 256, 2, 2),
            *unit(256, 728, 2, 2),
            *unit(728, 728, 3) * 8,
            *unit(728, 1024, 2, 2, grow_first=False),
            *mobile.bare_separable(1024, 1536, activation="relu"),
            *mobile.bare_separable(1536, 2048, activation="relu"),
            *head(2048),
        ),
    )


def mnasnet(alpha=1.0):
    def deep(c):
        return rounded(c * alpha)

    table = (
        (24, 3, 2, 3, 3),
        (40, 5, 2, 3, 3),
        (80, 5, 2, 6, 3),
        (96, 3, 1, 6, 2),
        (192, 5, 2, 6, 4),
        (320, 3, 1, 6, 1),
    )
    first, i = deep(32), deep(16)
    layers = [*conv(3, first, 3, 2), *conv(first, first, 3, groups=first), *conv(first, i, 1, activation="identity")]
    for o, kernel, stride, expand, n in table:
        for index in range(n):
            layers += mobile.inverted(i, deep(o), i * expand, kernel, stride if index == 0 else 1, "relu")
            i = deep(o)
    return ((224, 224, 3), (*layers, *conv(i, 1280, 1), *head(1280)))


def mobilenet_v1():
    widths = (32, 64, 128, 128, 256, 256, *[512] * 6, 1024, 1024)
    steps = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    blocks = [mobile.separable(i, o, s, activation="relu6") for (i, o), s in zip(pairwise(widths), steps, strict=True)]
    return ((224, 224, 3), (*conv(3, 32, 3, 2, activation="relu6"), *sum(blocks, ()), *head(1024)))


def mobilenet_v2():
    table = ((16, 1, 1, 1), (24, 6, 2, 2), (32, 6, 3, 2), (64, 6, 4, 2), (96, 6, 3, 1), (160, 6, 3, 2), (320, 6, 1, 1))
    layers, i = list(conv(3, 32, 3, 2, activation="relu6")), 32
    for o, expand, n, stride in table:
        for index in range(n):
            layers += mobile.inverted(i, o, i * expand, 3, stride if index == 0 else 1)
            i = o
    return ((224, 224, 3), (*layers, *conv(320, 1280, 1, activation="relu6"), *head(1280)))


def mobilenet_v3():
    r, h = "relu", "hard_swish"
    table = (
        *((3, 16, 16, 0, r, 1), (3, 64, 24, 0, r, 2), (3, 72, 24, 0, r, 1), (5, 72, 40, 1, r, 2)),
        *((5, 120, 40, 1, r, 1), (5, 120, 40, 1, r, 1), (3, 240, 80, 0, h, 2), (3, 200, 80, 0, h, 1)),
        *((3, 184, 80, 0, h, 1), (3, 184, 80, 0, h, 1), (3, 480, 112, 1, h, 1), (3, 672, 112, 1, h, 1)),
        *((5, 672, 160, 1, h, 2), (5, 960, 160, 1, h, 1), (5, 960, 160, 1, h, 1)),
    )
    layers, i = list(conv(3, 16, 3, 2, activation=h)), 16
    for kernel, expanded, o, gated, activation, stride in table:
        squeezed = rounded(expanded / 4) if gated else None
        layers += mobile.inverted(
            i, o, expanded, kernel, stride, activation, squeezed=squeezed, squeeze_activation="relu",
            gate="hard_sigmoid",
        )  # fmt: skip
        i = o
    last = (L.GlobalAvgPool(), L.Dense(960, 1280, h), L.Dense(1280, 1000))
    return ((224, 224, 3), (*layers, *conv(160, 960, 1, activation=h), *last))


def efficientnet(width, depth, side):
    table = ((16, 3, 1, 1, 1), (24, 3, 2, 6, 2), (40, 5, 2, 6, 2), (80, 3, 2, 6, 3), (112, 5, 1, 6, 3),
             (192, 5, 2, 6, 4), (320, 3, 1, 6, 1))  # fmt: skip
    i = rounded(32 * width)
    layers = list(conv(3, i, 3, 2, activation="silu"))
    for o, kernel, stride, expand, n in table:
        o = rounded(o * width)
        for index in range(-int(-n * depth // 1)):
            step = stride if index == 0 else 1
            layers += mobile.inverted(i, o, i * expand, kernel, step, "silu", squeezed=max(1, i // 4))
            i = o
    return ((side, side, 3), (*layers, *conv(i, 4 * i, 1, activation="silu"), *head(4 * i)))


def efficientnet_v2_s():
    layers, i = list(conv(3, 24, 3, 2, activation="silu")), 24
    for o, expand, stride, n in ((24, 1, 1, 2), (48, 4, 2, 4), (64, 4, 2, 4)):
        for index in range(n):
            layers += mobile.fused(i, o, expand, 3, stride if index == 0 else 1)
            i = o
    for o, expand, stride, n in ((128, 4, 2, 6), (160, 6, 1, 9), (256, 6, 2, 15)):
        for index in range(n):
            layers += mobile.inverted(i, o, i * expand, 3, stride if index == 0 else 1, "silu", squeezed=i // 4)
            i = o
    return ((384, 384, 3), (*layers, *conv(i, 1280, 1, activation="silu"), *head(1280)))


def ghostnet():
    """Kernel, expanded channels, channels, gate, stride: Han et al. 2019 (arXiv:1911.11907), table 7."""
    table = (
        *((3, 16, 16, 0, 1), (3, 48, 24, 0, 2), (3, 72, 24, 0, 1), (5, 72, 40, 1, 2), (5, 120, 40, 1, 1)),
        *((3, 240, 80, 0, 2), (3, 200, 80, 0, 1), (3, 184, 80, 0, 1), (3, 184, 80, 0, 1), (3, 480, 112, 1, 1)),
        *((3, 672, 112, 1, 1), (5, 672, 160, 1, 2), (5, 960, 160, 0, 1), (5, 960, 160, 1, 1)),
        *((5, 960, 160, 0, 1), (5, 960, 160, 1, 1)),
    )
    layers, i = list(conv(3, 16, 3, 2)), 16
    for kernel, expanded, o, gated, stride in table:
        layers += mobile.ghost_bottleneck(i, o, expanded, kernel, stride, squeeze_excite=bool(gated))
        i = o
    last = (L.GlobalAvgPool(), L.Dense(960, 1280, "relu"), L.Dense(1280, 1000))
    return ((224, 224, 3), (*layers, *conv(160, 960, 1), *last))


def rep_vgg_a0():
    widths, counts = (48, 48, 96, 192, 1280), (1, 2, 4, 14, 1)
    layers, i = [], 3
    for o, n in zip(widths, counts, strict=True):
        for index in range(n):
            layers += mobile.rep_vgg(i, o, 2 if index == 0 else 1)
            i = o
    return ((224, 224, 3), (*layers, *head(1280)))


def cyclegan(n_blocks, c=64, shape=(128, 128, 3)):
    def instance(i, o, kernel, stride=1, padding=0):
        return conv(i, o, kernel, stride, norm="instance", padding=padding, bias=True)

    edge = L.PadImage(1, 1, 1, 1, "reflect")
    wide = L.PadImage(3, 3, 3, 3, "reflect")
    inner = (edge, *instance(4 * c, 4 * c, 3), edge, L.Conv2d(4 * c, 4 * c, 3, 0, "identity"), L.InstanceNorm(4 * c))
    block = (L.Residual(inner),)
    wider = partial(L.Conv2d, kernel=3, padding=1, activation="identity", stride=2, transposed=True, output_padding=1)
    ups = [(wider(i, i // 2), L.InstanceNorm(i // 2, activation="relu")) for i in (4 * c, 2 * c)]
    return (
        shape,
        (
            wide, *instance(3, c, 7), *instance(c, 2 * c, 3, 2, 1), *instance(2 * c, 4 * c, 3, 2, 1),
            *block * n_blocks, *sum(ups, ()), wide, L.Conv2d(c, 3, 7, 0, "tanh"),
        ),
    )  # fmt: skip


def pix2pix(n_downs, c=64, norm="batch", shape=(256, 256, 3)):
    """The skip carries what the leaky ReLU leaves, as the released code's works in place."""
    bias = norm == "instance"
    widths = [c, 2 * c, 4 * c, *[8 * c] * (n_downs - 3)]
    plain = partial(L.Conv2d, padding=1, activation="identity", stride=2)
    layers = [plain(3, c, 4, bias=bias)]
    for level, (i, o) in enumerate(pairwise(widths), start=1):
        layers += [L.Activate("leaky_relu"), L.Save(f"down {level}"), plain(i, o, 4, bias=bias)]
        if level < n_downs - 1:
            layers += normed(o, norm)
    arrives = widths[-1]
    for level, o in reversed(list(enumerate(widths[:-1], start=1))):
        layers += [L.Activate("relu"), plain(arrives, o, 4, transposed=True, bias=bias), *normed(o, norm)]
        layers += [L.Save(f"up {level}"), L.Load(f"down {level}"), L.Load(f"up {level}", "concat")]
        arrives = 2 * o
    last = (L.Activate("relu"), L.Conv2d(arrives, 3, 4, 1, "tanh", 2, transposed=True))
    return (shape, (*layers, *last))


def patch_gan(c=64, i=6):
    layers = [L.Conv2d(i, c, 4, 1, "leaky_relu", 2)]
    for a, b, stride in ((c, 2 * c, 2), (2 * c, 4 * c, 2), (4 * c, 8 * c, 1)):
        layers += conv(a, b, 4, stride, activation="leaky_relu", padding=1)
    return ((128, 128, i), (*layers, L.Conv2d(8 * c, 1, 4, 1, "identity")))


def vgg(plan, norm):
    layers, i = [], 3
    for o in plan:
        layers += (L.MaxPool(2, 2),) if o == "M" else conv(i, o, 3, norm=norm, bias=True)
        i = i if o == "M" else o
    last = (L.Dense(25088, 4096, "relu"), L.Dense(4096, 4096, "relu"), L.Dense(4096, 1000))
    return ((224, 224, 3), (*layers, L.AdaptiveAvgPool(7), L.Flatten(), *last))


def alexnet():
    return (
        (224, 224, 3),
        (
            L.Conv2d(3, 64, 11, 2, stride=4), L.MaxPool(3, 2, "valid"), L.Conv2d(64, 192, 5, 2),
            L.MaxPool(3, 2, "valid"), L.Conv2d(192, 384, 3), L.Conv2d(384, 256, 3), L.Conv2d(256, 256, 3),
            L.MaxPool(3, 2, "valid"), L.AdaptiveAvgPool(6), L.Flatten(), L.Dense(9216, 4096, "relu"),
            L.Dense(4096, 4096, "relu"), L.Dense(4096, 1000),
        ),
    )  # fmt: skip


def alexnet_2012():
    """With local response norms and, as here recorded, without groups."""
    lrn = L.LocalResponseNorm(5, 1e-4, 0.75, 2.0)
    return (
        (227, 227, 3),
        (
            L.Conv2d(3, 96, 11, 0, stride=4), lrn, L.MaxPool(3, 2, "valid"), L.Conv2d(96, 256, 5), lrn,
            L.MaxPool(3, 2, "valid"), L.Conv2d(256, 384, 3), L.Conv2d(384, 384, 3), L.Conv2d(384, 256, 3),
            L.MaxPool(3, 2, "valid"), L.Flatten(), L.Dense(9216, 4096, "relu"), L.Dense(4096, 4096, "relu"),
            L.Dense(4096, 1000),
        ),
    )  # fmt: skip


def convnext_v2(widths, counts, shape=(96, 96, 3)):
    layers = [L.Conv2d(3, widths[0], 4, 0, "identity", 4), L.LayerNorm(widths[0], 1e-6)]
    for index, (c, n) in enumerate(zip(widths, counts, strict=True)):
        if index:
            i = widths[index - 1]
            layers += [L.LayerNorm(i, 1e-6), L.Conv2d(i, c, 2, 0, "identity", 2)]
        deep = L.Conv2d(c, c, 7, 3, "identity", groups=c)
        mixed = (L.Dense(c, 4 * c, "gelu"), L.GlobalResponseNorm(4 * c), L.Dense(4 * c, c))
        layers += [L.Residual((deep, L.LayerNorm(c, 1e-6), *mixed))] * n
    c = widths[-1]
    return (shape, (*layers, L.GlobalAvgPool(), L.LayerNorm(c, 1e-6), L.Dense(c, 1000)))


def conv_mixer(width, depth, kernel, patch):
    """GELU before the norms: Trockman & Kolter 2022 (arXiv:2201.09792), eq. 1 to 3."""

    def after(c):
        return (L.Activate("gelu"), L.BatchNorm(c))

    deep = (L.Conv2d(width, width, kernel, activation="identity", groups=width), *after(width))
    block = (L.Residual(deep), L.Conv2d(width, width, 1, activation="identity"), *after(width))
    stem = (L.Conv2d(3, width, patch, 0, "identity", patch), *after(width))
    return ((224, 224, 3), (*stem, *block * depth, *head(width)))


def unet(channels, classes, base, depth, norm, shape):
    """Padded convolutions, transposed ones on the way up; the skip first."""

    def double(i, o):
        return (*conv(i, o, 3, norm=norm), *conv(o, o, 3, norm=norm))

    layers, i = [], channels
    widths = [base * 2**level for level in range(depth + 1)]
    for level, o in enumerate(widths):
        layers += [*double(i, o), *([L.Save(f"skip {level}"), L.MaxPool(2, 2, "valid")] if level < depth else [])]
        i = o
    for level, o in reversed(list(enumerate(widths[:-1]))):
        up = L.Conv2d(i, o, 2, activation="identity", stride=2, transposed=True)
        layers += [up, L.JoinCropped(f"skip {level}"), *double(2 * o, o)]
        i = o
    return (shape, (*layers, L.Conv2d(i, classes, 1, activation="identity")))


def ddpm_cifar():
    mixers = (diffusion.nothing, diffusion.attention, diffusion.nothing, diffusion.nothing)
    layers = diffusion.denoiser(
        3, (128, 256, 256, 256), mixers, diffusion.attention, padding="end", first="sine", last=True
    )
    return ((32, 32, 3), layers, {"time": (1,)})


def tiny_ddpm():
    attend = partial(diffusion.attention, groups=8)
    layers = diffusion.denoiser(
        3, (16, 32), (diffusion.nothing, attend), attend, n_blocks=1, groups=8, padding="end", first="sine", last=True
    )
    return ((16, 16, 3), layers, {"time": (1,)})


def autoencoder(widths, n_blocks, groups, shape):
    """Encoder, the means of the latent, decoder."""
    down = diffusion.encoder(3, widths, 4, n_blocks=n_blocks, groups=groups)
    return (shape, (*down, L.Channels(0, 4), *diffusion.decoder(3, widths, 4, n_blocks=n_blocks, groups=groups)))


def mobilenet_v4():
    """Conv-Small: input, kernels before and in the middle, expanded channels, output, stride."""
    table = (
        *((64, 5, 5, 192, 96, 2), (96, 0, 3, 192, 96, 1), (96, 0, 3, 192, 96, 1), (96, 0, 3, 192, 96, 1)),
        *((96, 0, 3, 192, 96, 1), (96, 3, 0, 384, 96, 1), (96, 3, 3, 576, 128, 2), (128, 5, 5, 512, 128, 1)),
        *((128, 0, 5, 512, 128, 1), (128, 0, 5, 384, 128, 1), (128, 0, 3, 512, 128, 1), (128, 0, 3, 512, 128, 1)),
    )
    layers = [*conv(3, 32, 3, 2), *conv(32, 32, 3, 2), *conv(32, 32, 1), *conv(32, 96, 3, 2), *conv(96, 64, 1)]
    for i, before, middle, expanded, o, stride in table:
        layers += mobile.universal(i, o, expanded, before, middle, stride)
    last = (*conv(128, 960, 1), L.GlobalAvgPool(), L.Reshape((1, 1, 960)), *conv(960, 1280, 1))
    return ((224, 224, 3), (*layers, *last, L.Flatten(), L.Dense(1280, 1000)))


def smp_fpn():
    """segmentation_models_pytorch's: laterals, 3×3 with group norms and bilinear doublings, added, a 1×1."""
    _, body = resnet((3, 4, 6, 3), BASIC, classes=0, saves=True)
    layers, names = list(body), ("c5", "c4", "c3", "c2")
    sides = {"c5": (4, 5), "c4": (8, 10), "c3": (16, 20), "c2": (32, 40)}
    for name, i in zip(names, (512, 256, 128, 64), strict=True):
        lateral = L.Conv2d(i, 256, 1, activation="identity")
        if name == "c5":
            layers += [L.Load(name), lateral]
        else:
            layers += [L.ResizeLike(name), L.Branches(((), (L.Load(name), lateral)), "add")]
        layers.append(L.Save(f"p{name[1]}"))

    def segment(name, doublings):
        path, i = [L.Load(f"p{name[1]}")], 256
        for index in range(max(1, doublings)):
            path += conv(i, 128, 3, norm="group", bias=False)
            i, (h, w) = 128, sides[name]
            path += [L.Resize((h * 2 ** (index + 1), w * 2 ** (index + 1)))] if doublings else []
        return tuple(path)

    joined = L.Branches(tuple(segment(name, 3 - index) for index, name in enumerate(names)), "add")
    return ((128, 160, 3), (*layers, joined, L.Conv2d(128, 21, 1, activation="identity"), L.Resize((128, 160))))


def smp_unet():
    """A ResNet-34 whose five scales are joined on the way up, nearest pixels between; 256 to 16 channels."""
    stem = (*conv(3, 64, 7, 2), L.Save("c1"), L.MaxPool(3, 2, 1))
    _, body = resnet((3, 4, 6, 3), BASIC, classes=0, stem=stem, saves=True)
    layers, i = list(body[:-1]), 512
    for name, more, o in (("c4", 256, 256), ("c3", 128, 128), ("c2", 64, 64), ("c1", 64, 32), (None, 0, 16)):
        layers += [L.NearestUpsample(2), *([L.Load(name, "concat")] if name else [])]
        layers += [*conv(i + more, o, 3), *conv(o, o, 3)]
        i = o
    return ((128, 160, 3), (*layers, L.Conv2d(16, 21, 3, activation="identity")))


def squeezenet():
    layers = [L.Conv2d(3, 96, 7, 0, stride=2), L.MaxPool(3, 2, 0, ceil=True)]
    table = ((96, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128), (256, 48, 192), (384, 48, 192),
             (384, 64, 256), (512, 64, 256))  # fmt: skip
    for index, (i, s, e) in enumerate(table):
        layers += [L.Conv2d(i, s, 1), L.Branches(((L.Conv2d(s, e, 1),), (L.Conv2d(s, e, 3),)))]
        layers += [L.MaxPool(3, 2, 0, ceil=True)] if index in (2, 6) else []
    return ((224, 224, 3), (*layers, L.Conv2d(512, 1000, 1), L.GlobalAvgPool()))


def shufflenet_v2(widths, last=1024):
    layers, i = [*conv(3, 24, 3, 2), L.MaxPool(3, 2, 1)], 24

    def branch(i, c, stride):
        middle = conv(c, c, 3, stride, groups=c, activation="identity")
        return (*conv(i, c, 1), *middle, *conv(c, c, 1))

    for o, n in zip(widths, (4, 8, 4), strict=True):
        c = o // 2
        side = (*conv(i, i, 3, 2, groups=i, activation="identity"), *conv(i, c, 1))
        layers += [L.Branches((side, branch(i, c, 2))), L.ShuffleChannels(2)]
        unit = L.Branches(((L.Channels(0, c),), (L.Channels(c, o), *branch(c, c, 1))))
        layers += [unit, L.ShuffleChannels(2)] * (n - 1)
        i = o
    return ((224, 224, 3), (*layers, *conv(i, last, 1), *head(last)))


def shufflenet_v1(groups, widths, side=224):
    layers, i = [*conv(3, 24, 3, 2), L.MaxPool(3, 2, 1)], 24
    for index, (o, n) in enumerate(zip(widths, (4, 8, 4), strict=True)):
        for number in range(n):
            out, stride = (o - i, 2) if number == 0 else (o, 1)
            first, m = 1 if index == number == 0 else groups, o // 4
            body = (
                *conv(i, m, 1, groups=first), L.ShuffleChannels(first),
                *conv(m, m, 3, stride, groups=m, activation="identity"),
                *conv(m, out, 1, groups=groups, activation="identity"),
            )  # fmt: skip
            if number == 0:
                layers += [L.Branches(((L.AvgPool(3, 2, 1),), body)), L.Activate("relu")]
            else:
                layers += [L.Residual(body), L.Activate("relu")]
            i = o
    return ((side, side, 3), (*layers, *head(i)))


def yolo_v1():
    """Figure 3 of Redmon et al. 2015 (arXiv:1506.02640), as convolutions with bias."""
    plan = ((7, 64, 2), "M", (3, 192, 1), "M", (1, 128, 1), (3, 256, 1), (1, 256, 1), (3, 512, 1), "M",
            *((1, 256, 1), (3, 512, 1)) * 4, (1, 512, 1), (3, 1024, 1), "M", *((1, 512, 1), (3, 1024, 1)) * 2,
            (3, 1024, 1), (3, 1024, 2), (3, 1024, 1), (3, 1024, 1))  # fmt: skip
    layers, i = [], 3
    for one in plan:
        if one == "M":
            layers.append(L.MaxPool(2, 2))
            continue
        kernel, o, stride = one
        layers.append(L.Conv2d(i, o, kernel, kernel // 2, "leaky_relu", stride))
        i = o
    return ((448, 448, 3), (*layers, L.Flatten(), L.Dense(50176, 4096, "leaky_relu"), L.Dense(4096, 1470)))


def dqn():
    body = (L.Conv2d(4, 32, 8, 0, stride=4), L.Conv2d(32, 64, 4, 0, stride=2), L.Conv2d(64, 64, 3, 0))
    return ((84, 84, 4), (*body, L.Flatten(), L.Dense(3136, 512, "relu"), L.Dense(512, 6)))


def densenet_cifar(depth, growth):
    """BC form: norm, ReLU and convolution, a bottleneck of four times the growth, half of the channels kept."""
    n, i = (depth - 4) // 6, 2 * growth
    layers = [L.Conv2d(3, i, 3, activation="identity", bias=False)]

    def grown(i):
        plain = partial(L.Conv2d, activation="identity", bias=False)
        wide = 4 * growth
        new = (L.BatchNorm(i, "relu"), plain(i, wide, 1), L.BatchNorm(wide, "relu"), plain(wide, growth, 3))
        return L.Branches(((), new))

    for block in range(3):
        for _ in range(n):
            layers.append(grown(i))
            i += growth
        if block < 2:
            layers += [
                L.BatchNorm(i, "relu"),
                L.Conv2d(i, i // 2, 1, activation="identity", bias=False),
                L.AvgPool(2, 2),
            ]
            i //= 2
    return ((32, 32, 3), (*layers, L.BatchNorm(i, "relu"), *head(i, 10)))


BASIC, BOTTLE = Block(bottleneck=False), Block()
FROZEN = Block(norm="frozen")
R50 = (3, 4, 6, 3)
FPN50 = {"c2": 256, "c3": 512, "c4": 1024, "c5": 2048}
VGG16 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M")
VGG13 = (64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M")
VGG11 = (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M")
YOLO_SHAPE = (256, 320, 3)

#: Input shape and layers, and further inputs, by name.
NETWORKS = {
    "tv_alexnet": alexnet,
    "alexnet_2012": alexnet_2012,
    "tv_vgg11_bn": partial(vgg, VGG11, "batch"),
    "tv_vgg13": partial(vgg, VGG13, "none"),
    "tv_vgg16": partial(vgg, VGG16, "none"),
    "tv_resnet18": partial(resnet, (2, 2, 2, 2), BASIC),
    "resnet18_cifar_stem": partial(resnet, (2, 2, 2, 2), BASIC, classes=10, stem=conv(3, 64, 3), side=32),
    "tv_resnet50": partial(resnet, R50, BOTTLE),
    "tv_resnext50_32x4d": partial(resnet, R50, Block(cardinality=32), 128),
    "tv_wide_resnet50_2": partial(resnet, R50, BOTTLE, 128),
    "timm_legacy_seresnet50": partial(resnet, R50, Block(attention="se", stride_in="1x1")),
    "resnet20_cifar_a": partial(resnet_cifar, 20),
    "resnet32_cifar_a": partial(resnet_cifar, 32),
    "resnet56_cifar_a": partial(resnet_cifar, 56),
    "wrn_16_2": partial(wide_resnet, 16, 2),
    "wrn_16_4": partial(wide_resnet, 16, 4),
    "wrn_28_10": partial(wide_resnet, 28, 10),
    "tv_regnet_y_400mf": lambda: ((224, 224, 3), regnet(16, 48, 27.89, 2.09, 8, squeeze_excite=True)),
    "tv_inception_v3": lambda: ((299, 299, 3), (*inception.v3_body(), *head(2048))),
    "timm_legacy_xception": xception,
    "tv_mnasnet1_0": mnasnet,
    "timm_mobilenetv1_100": mobilenet_v1,
    "tv_mobilenet_v2": mobilenet_v2,
    "tv_mobilenet_v3_large": mobilenet_v3,
    "timm_mobilenetv4_conv_small": mobilenet_v4,
    "smp_fpn_resnet34": smp_fpn,
    "smp_unet_resnet34": smp_unet,
    "tv_squeezenet1_0": squeezenet,
    "tv_shufflenet_v2_x0_5": partial(shufflenet_v2, (48, 96, 192)),
    "tv_shufflenet_v2_x1_0": partial(shufflenet_v2, (116, 232, 464)),
    "shufflenet_v1_g3": partial(shufflenet_v1, 3, (240, 480, 960)),
    "shufflenet_v1_g8": partial(shufflenet_v1, 8, (384, 768, 1536)),
    "yolov1": yolo_v1,
    "dqn_nature": dqn,
    "densenet_bc_100_12": partial(densenet_cifar, 100, 12),
    "tv_efficientnet_b0": partial(efficientnet, 1.0, 1.0, 224),
    "tv_efficientnet_b2": partial(efficientnet, 1.1, 1.2, 260),
    "tv_efficientnet_v2_s": efficientnet_v2_s,
    "timm_convnextv2_atto": partial(convnext_v2, (40, 80, 160, 320), (2, 2, 6, 2)),
    "cyclegan_resnet9": partial(cyclegan, 9),
    "tiny_cyclegan_resnet2": partial(cyclegan, 2, 8, (32, 40, 3)),
    "pix2pix_unet256": partial(pix2pix, 8),
    "tiny_pix2pix_unet": partial(pix2pix, 5, 8, "instance", (32, 64, 3)),
    "pix2pix_patchgan": patch_gan,
    "unet_2015_gray": partial(unet, 1, 2, 64, 4, "none", (128, 160, 1)),
    "unet_bn_gray": partial(unet, 1, 2, 64, 4, "batch", (128, 160, 1)),
    "tiny_unet_bn": partial(unet, 3, 4, 8, 3, "batch", (64, 64, 3)),
    "ddpm_cifar": ddpm_cifar,
    "tiny_ddpm": tiny_ddpm,
    "tiny_sd_vae": partial(autoencoder, (16, 32), 1, 8, (32, 48, 3)),
    "sd_vae_encoder": partial(autoencoder, (128, 256, 512, 512), 2, 32, (128, 128, 3)),
    "tv_fcn_resnet50": lambda: segmented((160, 192, 3), pyramid.fcn_head(2048, 21)),
    "tv_deeplabv3_resnet50": lambda: segmented((160, 192, 3), pyramid.deeplab_v3_head(2048, 21, (20, 24))),
    "smp_deeplabv3plus_resnet18": partial(deeplab_v3_plus, (2, 2, 2, 2), BASIC, 512, 64),
    "smp_deeplabv3plus_resnet50": partial(deeplab_v3_plus, R50, BOTTLE, 2048, 256),
    "maskrcnn_r50_fpn": partial(fpn_of, FROZEN, R50, FPN50, 256, "pool"),
    "maskrcnn_rpn_head": lambda: (
        (20, 24, 256),
        (L.Heads({"p2": (), "p3": (L.MaxPool(2, 2),)}), *pyramid.proposal_head(256)),
    ),
    "tv_retinanet_r50_head": lambda: ((12, 16, 256), (L.Heads({"p3": ()}), *pyramid.retina_head(256, 91))),
    "yolov3": lambda: (YOLO_SHAPE, detectors.yolo_v3()),
    "yolov5n": lambda: (YOLO_SHAPE, detectors.yolo_v5(0.33, 0.25)),
    "yolov5s": lambda: (YOLO_SHAPE, detectors.yolo_v5(0.33, 0.5)),
    "yolov8n": lambda: (YOLO_SHAPE, detectors.yolo_v8(0.33, 0.25, 1024)),
    "yolov8m": lambda: (YOLO_SHAPE, detectors.yolo_v8(0.67, 0.75, 768)),
    "yolo11n": lambda: (YOLO_SHAPE, detectors.yolo_11(0.5, 0.25, 1024)),
    "yolo11s": lambda: (YOLO_SHAPE, detectors.yolo_11(0.5, 0.5, 1024)),
    "inception_v4": lambda: ((299, 299, 3), (*inception.v4_body(), *head(1536))),
    "regnet_x_400mf": lambda: ((224, 224, 3), regnet(22, 24, 24.48, 2.54, 16, squeeze_excite=False)),
    "mnasnet0_5": partial(mnasnet, 0.5),
    "ghostnet_100": ghostnet,
    "repvgg_a0": rep_vgg_a0,
    "convmixer_768_32": partial(conv_mixer, 768, 32, 7, 7),
    "resnet50d": partial(resnet, R50, Block(shortcut="average"), stem=deep_stem()),
}


def written(name):
    """The network called ``name``."""
    shape, layers, *further = NETWORKS[name]()
    return NetSpec(name, shape, layers, extra_inputs=further[0] if further else {})
