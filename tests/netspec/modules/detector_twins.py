"""The detector of YOLOv5, which is to compute what the published one does."""

import re

import jax.numpy as jnp
from changes import dark
from flax import nnx
from twins import Twin

from netspec import layers as L
from netspec.modules.feature_pyramid import nearest

#: Stages of the backbone by the number of their block: channels.
STAGES = {2: 32, 4: 64, 6: 128, 8: 256}


def conv(in_channels, out_channels, kernel=1, stride=1):
    return L.ConvBN(in_channels, out_channels, kernel, stride, activation="silu")


def plain_block(in_channels, out_channels):
    """A block of the neck, whose inner layers have no sum: in the order of the reference."""
    half = out_channels // 2
    entries, inside = (conv(in_channels, half),) * 2, (conv(half, half), conv(half, half, 3))
    return *entries, conv(out_channels, out_channels), *inside


def run_plain(modules, x):
    deep, partial, leave, narrow, wide = modules
    return leave(jnp.concatenate([wide(narrow(deep(x))), partial(x)], axis=-1))


def with_dark_halves(tensors):
    """Blocks whose inner layers keep their width, as blocks twice as wide that halve it: the other half is dark."""
    patterns = {}
    for index, width in STAGES.items():
        patterns |= {
            rf"^model\.{index - 1}\.": (2 * width, None),
            rf"^model\.{index}\.cv[12]\.": (width, 2 * width),
            rf"^model\.{index}\.m\.\d\.cv1\.conv": (None, width),
            rf"^model\.{index}\.m\.\d\.cv2": (width, None),
        }
    found = dark(patterns)(tensors)
    for name, kernel in found.items():
        if re.match(r"model\.[2468]\.cv3\.conv", name):
            halves = [(half, jnp.zeros(half.shape)) for half in jnp.split(kernel, 2, axis=1)]
            found[name] = jnp.concatenate([part for pair in halves for part in pair], axis=1)
    return found


def yolo(modules, input):
    parts, kept = iter(modules), {}

    def through(x, count=1):
        for _ in range(count):
            x = next(parts)(x)
        return x

    def plain(*joined):
        return run_plain([next(parts) for _ in range(5)], jnp.concatenate(joined, axis=-1))

    x = through(jnp.moveaxis(input, 1, -1))
    for index in STAGES:
        x = kept[index] = through(x, 2)
    pooled = [through(x)]
    for _ in range(3):
        pooled.append(nnx.max_pool(pooled[-1], (5, 5), padding="SAME"))
    coarse = through(jnp.concatenate(pooled, axis=-1), 2)
    middle = through(plain(nearest(coarse, 2), kept[6]))
    levels = [plain(nearest(middle, 2), kept[4])]
    for lateral in (middle, coarse):
        levels.append(plain(through(levels[-1]), lateral))
    scores = {}
    for index, level in enumerate(levels):
        score = through(level)
        scores[f"p{index}"] = jnp.moveaxis(score.reshape(*score.shape[:3], 3, 85), 3, 1)
    return scores


TWINS = {
    "yolov5n": Twin(
        (
            conv(3, 16, 6, 2),
            *(conv(16, 64, 3, 2), L.CSPBlock(64, 32, 1)),
            *(conv(32, 128, 3, 2), L.CSPBlock(128, 64, 2)),
            *(conv(64, 256, 3, 2), L.CSPBlock(256, 128, 3)),
            *(conv(128, 512, 3, 2), L.CSPBlock(512, 256, 1)),
            *(conv(256, 128), conv(512, 256), conv(256, 128)),
            *plain_block(256, 128),
            conv(128, 64),
            *plain_block(128, 64),
            conv(64, 64, 3, 2),
            *plain_block(128, 128),
            conv(128, 128, 3, 2),
            *plain_block(256, 256),
            *[L.Conv2d(width, 255, 1, activation="identity") for width in (64, 128, 256)],
        ),
        order=((r"model\.([2468])\.", (r"^model\.\d\.cv1", r"\.m\.")),),
        change=with_dark_halves,
        forward=yolo,
        epsilon=1e-3,
    ),
}
