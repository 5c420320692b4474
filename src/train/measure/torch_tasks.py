"""Networks of tasks beside classification in PyTorch, and a loss of each, for :mod:`train.measure.torch_step`."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from train.measure.torch_step import EncoderBlock, conv_bn, resnet34_stages


class TinyGPT(nn.Module):
    """A causal transformer with learned positions on ``(B, T)`` token indices (book ch. 11.2.6)."""

    def __init__(self, tokens: int, length: int, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(tokens, width), nn.Parameter(0.02 * torch.randn(length, width))
        self.blocks = nn.Sequential(*(EncoderBlock(width, heads, 4 * width, causal=True) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width, eps=1e-5), nn.Linear(width, tokens)

    def forward(self, x: Any) -> Any:
        """Scores ``(B, T, tokens)``."""
        return self.head(self.norm(self.blocks(self.tokens(x) + self.positions)))


class UNet(nn.Module):
    """A U-Net with BatchNorm and bilinear upsampling on ``(B, 3, H, W)`` (book ch. 11.2.3)."""

    def __init__(self, channels: tuple[int, ...], classes: int) -> None:
        super().__init__()
        ins = (3, *channels[:-1])
        self.down = nn.ModuleList(_twice(i, o) for i, o in zip(ins, channels, strict=True))
        self.bottom = _twice(channels[-1], 2 * channels[-1])
        self.up = nn.ModuleList(_twice(3 * c, c) for c in reversed(channels))
        self.head = nn.Conv2d(channels[0], classes, 1)

    def forward(self, x: Any) -> Any:
        """Scores ``(B, classes, H, W)``."""
        skips = []
        for stage in self.down:
            skips.append(stage(x))
            x = functional.max_pool2d(skips[-1], 2)
        x = self.bottom(x)
        for stage, skip in zip(self.up, reversed(skips), strict=True):
            larger = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = stage(torch.cat([skip, larger], 1))
        return self.head(x)


def _twice(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3×3 convolutions with BatchNorm and ReLU."""
    return nn.Sequential(
        *conv_bn(inputs, outputs, 3, activation=nn.ReLU), *conv_bn(outputs, outputs, 3, activation=nn.ReLU)
    )


def yolo(classes: int) -> nn.Sequential:
    """The stages of ResNet-34 and a convolutional head of two boxes per cell (book ch. 11.2.2)."""
    head = [nn.Conv2d(512, 256, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(256, 10 + classes, 1)]
    return nn.Sequential(*resnet34_stages(), *head)


#: By the catalogue's name: the network of a side, or length, and the number of classes.
NETWORKS = {
    "TinyGPT (Shakespeare demo)": lambda length, tokens: TinyGPT(tokens, length, 64, 2, 4),
    "TinyGPT (four heads)": lambda length, tokens: TinyGPT(tokens, length, 64, 4, 2),
    "UNet (Pets, 224×224 RGB → 3-class trimap)": lambda size, classes: UNet((32, 64, 128, 256), classes),
    "YOLOv1 (convolutional head, ResNet-34)": lambda size, classes: yolo(classes),
}


def loss_of(task: str, scores: Any, targets: Any) -> Any:
    """What is minimised. Of detection, the squares of all scores, which is less than our five terms."""
    if task == "detection":
        return scores.square().mean()
    if task == "language":
        return functional.cross_entropy(scores.flatten(0, 1), targets.flatten())
    return functional.cross_entropy(scores, targets)


def batch_of(task: str, count: int, size: tuple[int, int], classes: int) -> tuple[Any, Any]:
    """Random inputs and targets: token indices of length ``size[0]``, or pictures with a class for every pixel."""
    if task == "language":
        return torch.randint(0, classes, (count, size[0])), torch.randint(0, classes, (count, size[0]))
    return torch.randn(count, 3, *size), torch.randint(0, classes, (count, *size))
