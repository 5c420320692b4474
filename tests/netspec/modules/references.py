"""Layers of the book written once more with PyTorch's primitives, or as libraries have them, and their recording.

``python references.py`` in this folder writes what each computes into ``parity/``; see the README there. It needs
torch, torchvision and timm, the comparison of ours with what is written does not.
"""

import json
import math
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from netspec.weights.parity import OFFSET, generator, normal

FOLDER = Path(__file__).parent / "parity"
#: Every how many values of an output one is kept: the first that shares no factor with a side.
STRIDES = (5, 7, 11, 13, 17)


def normed(i, o, kernel=1, stride=1, *, bias=False, dilation=1, groups=1, epsilon=1e-5):
    """Convolution that keeps the sides, and batch norm."""
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(i, o, kernel, stride, padding, dilation, groups, bias=bias), nn.BatchNorm2d(o, eps=epsilon)
    )


class Fire(nn.Module):
    """Iandola et al. 2016 (arXiv:1602.07360), fig. 2, with norms."""

    def __init__(self, i, s, one, three):
        super().__init__()
        self.squeeze, self.expand_1x1, self.expand_3x3 = normed(i, s), normed(s, one), normed(s, three, 3)

    def forward(self, input):
        s = F.relu(self.squeeze(input))
        return torch.cat([F.relu(self.expand_1x1(s)), F.relu(self.expand_3x3(s))], 1)


class Inception(nn.Module):
    """Szegedy et al. 2014 (arXiv:1409.4842), fig. 2b, with norms of epsilon 0.001 as in the released networks."""

    def __init__(self, i, one, reduce3, three, reduce5, five, pool):
        super().__init__()
        make = partial(normed, epsilon=1e-3)
        self.conv_1x1, self.reduce_3x3, self.conv_3x3 = make(i, one), make(i, reduce3), make(reduce3, three, 3)
        self.reduce_5x5, self.conv_5x5, self.pool_1x1 = make(i, reduce5), make(reduce5, five, 5), make(i, pool)

    def forward(self, input):
        three = self.conv_3x3(F.relu(self.reduce_3x3(input)))
        five = self.conv_5x5(F.relu(self.reduce_5x5(input)))
        pooled = self.pool_1x1(F.max_pool2d(input, 3, 1, 1))
        return F.relu(torch.cat([self.conv_1x1(input), three, five, pooled], 1))


class AtrousPyramid(nn.Module):
    """Chen et al. 2018 (arXiv:1802.02611), fig. 2, at output stride 16; convolutions with bias."""

    def __init__(self, i, o):
        super().__init__()
        make = partial(normed, bias=True)
        self.point, self.pooled, self.fuse = make(i, o), make(i, o), make(5 * o, o)
        self.atrous = nn.ModuleList([make(i, o, 3, dilation=rate) for rate in (6, 12, 18)])

    def forward(self, input):
        mean = F.relu(self.pooled(input.mean((2, 3), keepdim=True)))
        mean = F.interpolate(mean, input.shape[2:], mode="bilinear", align_corners=False)
        paths = [F.relu(path(input)) for path in (self.point, *self.atrous)]
        return F.relu(self.fuse(torch.cat([*paths, mean], 1)))


class CrossStage(nn.Module):
    """Wang et al. 2019 (arXiv:1911.11929), fig. 2b, with SiLU and an epsilon of 0.001 as in YOLOv5."""

    def __init__(self, i, o, n_blocks):
        super().__init__()
        half, make = i // 2, partial(normed, epsilon=1e-3)
        self.deep, self.partial, self.exit = make(i, half), make(i, half), make(i, o)
        pairs = [nn.ModuleList([make(half, half // 2), make(half // 2, half, 3)]) for _ in range(n_blocks)]
        self.blocks = nn.ModuleList(pairs)

    def forward(self, input):
        x = F.silu(self.deep(input))
        for narrow, wide in self.blocks:
            x = x + F.silu(wide(F.silu(narrow(x))))
        return F.silu(self.exit(torch.cat([x, F.silu(self.partial(input))], 1)))


class Pyramid(nn.Module):
    """torchvision's pyramid of four stages, the last of them given first."""

    def __init__(self, widths, width):
        super().__init__()
        self.pyramid = torchvision.ops.FeaturePyramidNetwork(widths, width)

    def forward(self, c5, c2, c3, c4):
        return dict(self.pyramid(OrderedDict(p2=c2, p3=c3, p4=c4, p5=c5)))


class ClassAndBox(nn.Module):
    """Carion et al. 2020 (arXiv:2005.12872), sec. 3.2."""

    def __init__(self, width, classes):
        super().__init__()
        self.scores, self.box1 = nn.Linear(width, classes + 1), nn.Linear(width, width)
        self.box2, self.box3 = nn.Linear(width, width), nn.Linear(width, 4)

    def forward(self, input):
        box = self.box3(F.relu(self.box2(F.relu(self.box1(input)))))
        return {"class": self.scores(input), "box": torch.sigmoid(box)}


class RadianceField(nn.Module):
    """Mildenhall et al. 2020 (arXiv:2003.08934), fig. 7, with a hidden width that is its own."""

    def __init__(self, position, direction, hidden):
        super().__init__()
        fans = [position, *[hidden] * 4, hidden + position, hidden, hidden]
        self.trunk = nn.ModuleList([nn.Linear(fan, hidden) for fan in fans])
        self.density, self.feature = nn.Linear(hidden, 1), nn.Linear(hidden, hidden)
        self.view, self.rgb = nn.Linear(hidden + direction, 128), nn.Linear(128, 3)

    def forward(self, position, direction):
        x = position
        for index, dense in enumerate(self.trunk):
            x = F.relu(dense(torch.cat([position, x], -1) if index == 5 else x))
        seen = F.relu(self.view(torch.cat([self.feature(x), direction], -1)))
        return {"density": F.relu(self.density(x)), "rgb": torch.sigmoid(self.rgb(seen))}


class ShuffleUnit(nn.Module):
    """Zhang et al. 2017 (arXiv:1707.01083), fig. 2b and c."""

    def __init__(self, i, o, middle, groups, stride):
        super().__init__()
        self.groups, self.stride = groups, stride
        self.reduce = normed(i, middle, groups=groups)
        self.depthwise = normed(middle, middle, 3, stride, groups=middle)
        self.expand = normed(middle, o - i if stride == 2 else o, groups=groups)

    def forward(self, input):
        x = F.channel_shuffle(F.relu(self.reduce(input)), self.groups)
        x = self.expand(self.depthwise(x))
        if self.stride == 1:
            return F.relu(input + x)
        return F.relu(torch.cat([F.avg_pool2d(input, 3, 2, 1), x], 1))


class Wave(nn.Module):
    """Van den Oord et al. 2016 (arXiv:1609.03499), fig. 4: one stack behind a one-hot input; what leaves are skips."""

    def __init__(self, symbols, width, skip, n_layers):
        super().__init__()
        self.rows, self.shift = nn.Embedding(symbols, width), nn.Parameter(torch.zeros(width))
        self.filters, self.gates, self.residuals, self.skips = (nn.ModuleList() for _ in range(4))
        for index in range(n_layers):
            self.filters.append(nn.Conv1d(width, width, 2, dilation=2**index))
            self.gates.append(nn.Conv1d(width, width, 2, dilation=2**index))
            self.residuals.append(nn.Conv1d(width, width, 1))
            self.skips.append(nn.Conv1d(width, skip, 1))

    def forward(self, samples):
        hot = F.one_hot(samples, len(self.rows.weight)).to(self.shift.dtype)
        x, total = (hot @ self.rows.weight + self.shift).transpose(1, 2), 0
        for index in range(len(self.skips)):
            past = F.pad(x, (2**index, 0))
            z = torch.tanh(self.filters[index](past)) * torch.sigmoid(self.gates[index](past))
            total = total + self.skips[index](z)
            x = x + self.residuals[index](z)
        return total.transpose(1, 2)


def gated_bottleneck():
    """A block of torchvision's MobileNetV3 whose gate is as wide with and without rounding."""
    from torchvision.models.mobilenetv3 import InvertedResidual, InvertedResidualConfig

    configuration = InvertedResidualConfig(16, 5, 64, 24, True, "HS", 2, 1, 1.0)
    return InvertedResidual(configuration, partial(nn.BatchNorm2d, eps=1e-3))


def universal_blocks():
    """Blocks of timm's MobileNetV4: with both depthwise convolutions, with the first, with the second."""
    from timm.models._efficientnet_blocks import UniversalInvertedResidual

    kernels = ((16, 24, 5, 3, 2, 3), (24, 24, 3, 0, 1, 4), (24, 24, 0, 3, 1, 2))
    blocks = [
        UniversalInvertedResidual(i, o, before, middle, stride=s, exp_ratio=e, layer_scale_init_value=None)
        for i, o, before, middle, s, e in kernels
    ]
    return nn.Sequential(*blocks)


@dataclass(frozen=True)
class Reference:
    """A module, where it is from, and its inputs by name in the notation of a manifest.

    ``gradients`` is false where PyTorch has them to seven digits only, as those of hard swish.
    """

    make: Callable[[], nn.Module]
    inputs: Mapping[str, str]
    library: str = "torch module written from the published definition (references.py)"
    gradients: bool = True


TORCHVISION, TIMM = "torchvision 0.28.0", "timm 1.0.31"
REFERENCES = {
    "layer_fire": Reference(lambda: Fire(12, 4, 6, 8), {"input": "normal 2x12x7x9"}),
    "layer_inception": Reference(lambda: Inception(12, 4, 6, 8, 3, 5, 7), {"input": "normal 2x12x7x9"}),
    "layer_aspp": Reference(lambda: AtrousPyramid(6, 4), {"input": "normal 2x6x20x24"}),
    "layer_csp": Reference(lambda: CrossStage(12, 10, 2), {"input": "normal 2x12x7x9"}),
    "layer_feature_pyramid": Reference(
        lambda: Pyramid([4, 6, 8, 10], 5),
        {"c5": "normal 1x10x2x3", "c2": "normal 1x4x14x18", "c3": "normal 1x6x7x9", "c4": "normal 1x8x4x5"},
        TORCHVISION,
    ),
    "layer_detr_heads": Reference(lambda: ClassAndBox(16, 5), {"input": "normal 2x7x16"}),
    "layer_nerf": Reference(
        lambda: RadianceField(12, 6, 20), {"position": "normal 2x5x12", "direction": "normal 2x5x6"}
    ),
    "layer_shuffle": Reference(
        lambda: nn.Sequential(ShuffleUnit(12, 24, 6, 3, 2), ShuffleUnit(24, 24, 6, 3, 1)), {"input": "normal 2x12x8x10"}
    ),
    "layer_wavenet": Reference(lambda: Wave(9, 6, 5, 4), {"samples": "integers 2x20 0 9"}),
    "layer_mb_conv_v3": Reference(gated_bottleneck, {"input": "normal 2x16x9x11"}, TORCHVISION, gradients=False),
    "layer_universal": Reference(universal_blocks, {"input": "normal 2x16x9x11"}, TIMM),
}


def _text(shape):
    return "x".join(map(str, shape)) or "-"


def _entries(module):
    """Name, shape, kind and scale of each tensor; weights keep the size of what they multiply."""
    norms = {name for name, part in module.named_modules() if isinstance(part, nn.BatchNorm2d)}
    for name, tensor in module.state_dict().items():
        owner, _, last = name.rpartition(".")
        if last == "num_batches_tracked":
            continue
        if last in ("running_mean", "running_var"):
            kind, scale = last, 0.2
        elif owner in norms:
            kind, scale = ("norm_scale", 0.1) if last == "weight" else ("norm_bias", 0.1)
        elif tensor.ndim == 1:
            kind, scale = "bias", 0.1
        else:
            kind, scale = "weight", round(1.4 / math.sqrt(math.prod(tensor.shape[1:])), 4)
        yield name, tuple(tensor.shape), kind, scale


def _drawn(name, shape, kind, scale):
    noise = normal(name, shape)
    noise = np.abs(noise) if kind == "running_var" else noise
    return torch.from_numpy(np.asarray(np.float32(OFFSET.get(kind, 0)) + np.float32(scale) * noise))


def _input(name, text):
    kind, shape, *bounds = text.split()
    shape = tuple(map(int, shape.split("x")))
    if kind == "normal":
        return torch.from_numpy(normal(name, shape))
    return torch.from_numpy(generator(name).integers(*map(int, bounds), size=shape))


def _pair(name, gradient, like):
    gradient = np.zeros(like.shape) if gradient is None else gradient.detach().numpy()
    drawn = normal(name, gradient.shape).astype(np.float64)
    return [float(np.linalg.norm(gradient)), float((gradient * drawn).sum())]


def recorded(name) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Manifest and arrays of the reference ``name``: its outputs and gradients in float64."""
    reference = REFERENCES[name]
    module = reference.make().eval()
    entries = list(_entries(module))
    module.load_state_dict({entry[0]: _drawn(*entry) for entry in entries}, strict=False)
    inputs = {key: _input(key, text) for key, text in reference.inputs.items()}

    def outputs(module, inputs):
        found = module(*inputs.values())
        return found if isinstance(found, dict) else {"output": found}

    with torch.no_grad():
        single = outputs(module, inputs)
    module.double()
    wide = {k: x.double().requires_grad_() if x.is_floating_point() else x for k, x in inputs.items()}
    found = outputs(module, wide)
    loss = 0
    for key, value in found.items():
        cotangent = normal("cotangent" if len(found) == 1 else f"cotangent.{key}", tuple(value.shape))
        loss = loss + (value * torch.from_numpy(cotangent).double()).sum()
    loss.backward()
    by_name, arrays, lines = dict(module.named_parameters()), {}, {}
    for key, value in found.items():
        value = value.detach()
        error = float((value - single[key]).abs().max())
        tolerance = max(10 * error, 1e-6 * float(value.square().mean().sqrt()))
        stride = next(stride for stride in STRIDES if math.gcd(stride, value.numel()) == 1)
        arrays[key] = value.numpy().reshape(-1)[::stride]
        lines[key] = f"{_text(value.shape)} {stride} {tolerance:.2g}"
    manifest = {
        "library": reference.library,
        "constructor": f"references.REFERENCES['{name}']",
        "inputs": dict(reference.inputs),
        "outputs": lines,
        "tensors": [f"{key} {_text(shape)} {kind} {scale:g}" for key, shape, kind, scale in entries],
    }
    if reference.gradients:
        missing = [math.nan, math.nan]
        pairs = [_pair(key, by_name[key].grad, by_name[key]) if key in by_name else missing for key, *_ in entries]
        arrays["gradients"] = np.array(pairs)
        of_inputs = {key: _pair(key, x.grad, x) for key, x in wide.items() if x.is_floating_point()}
        manifest["gradients"] = {"loss": loss.item(), "tolerance": 1e-5, "inputs": of_inputs}
    return manifest, arrays


def write(name):
    """The folder of the reference ``name``."""
    manifest, arrays = recorded(name)
    (FOLDER / name).mkdir(exist_ok=True)
    (FOLDER / name / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    np.savez_compressed(FOLDER / name / "output.npz", **arrays)


if __name__ == "__main__":
    for name in sys.argv[1:] or REFERENCES:
        write(name)
