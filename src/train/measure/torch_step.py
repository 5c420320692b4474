"""The same networks in PyTorch, as its users write them, for :mod:`train.measure.step` to be measured against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from train.config.cell import Cell
from train.tasks import task_of


class EncoderBlock(nn.Module):
    """Pre-norm transformer block on ``(B, N, width)``, with fused projections and attention."""

    def __init__(self, width: int, heads: int, hidden: int, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-5), nn.LayerNorm(width, eps=1e-5)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        # The book's GELU is the tanh form, which is the slower one in PyTorch on CPU: this is its faster.
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Any) -> Any:
        """Attention and MLP, each added to what it read."""
        batch, tokens, width = x.shape
        split = self.qkv(self.norm1(x)).reshape(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """ViT on ``(B, 3, height, width)`` with a class token (Dosovitskiy et al. 2021, arXiv:2010.11929)."""

    def __init__(self, size: int, patch: int, width: int, heads: int, depth: int, classes: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (size // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*(EncoderBlock(width, heads, 4 * width) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width, eps=1e-5), nn.Linear(width, classes)

    def forward(self, x: Any) -> Any:
        """Logits ``(B, classes)``."""
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), tokens], 1) + self.positions
        return self.head(self.norm(self.blocks(tokens)[:, 0]))


def conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, activation: Any = None
) -> list[nn.Module]:
    """A padded convolution without bias, its BatchNorm, and the activation if there is one."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs), *([activation(inplace=True)] if activation else [])]


def classifier(width: int, classes: int) -> list[nn.Module]:
    """Mean over the positions, and a dense head."""
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes)]


class BasicBlock(nn.Module):
    """Two 3×3 convolutions with BatchNorm and a shortcut (He et al. 2016, arXiv:1512.03385)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *conv_bn(inputs, outputs, 3, stride, activation=nn.ReLU), *conv_bn(outputs, outputs, 3)
        )
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Sequential(*([] if same else conv_bn(inputs, outputs, 1, stride)))

    def forward(self, x: Any) -> Any:
        """Body plus shortcut, rectified."""
        return functional.relu(self.body(x) + self.shortcut(x))


def resnet34_stages() -> list[nn.Module]:
    """ResNet-34 without its head, with the max-pool of 2×2 that the book's has."""
    layers = [*conv_bn(3, 64, 7, 2, activation=nn.ReLU), nn.MaxPool2d(2, 2)]
    inputs = 64
    for outputs, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for index in range(blocks):
            layers.append(BasicBlock(inputs, outputs, stride if index == 0 else 1))
            inputs = outputs
    return layers


def resnet34(classes: int) -> nn.Sequential:
    """ResNet-34."""
    return nn.Sequential(*resnet34_stages(), *classifier(512, classes))


class SqueezeExcite(nn.Module):
    """Channels scaled by a gate that their means decide (Hu et al. 2017, arXiv:1709.01507)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        maps = [nn.Conv2d(channels, squeezed, 1), nn.SiLU(inplace=True), nn.Conv2d(squeezed, channels, 1), nn.Sigmoid()]
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), *maps)

    def forward(self, x: Any) -> Any:
        """The channels, scaled."""
        return x * self.gate(x)


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection (Sandler et al. 2018, arXiv:1801.04381).

    With ``squeeze`` a gate of a quarter of the expanded channels before the projection, as in the book's EfficientNet.
    """

    def __init__(
        self, inputs: int, outputs: int, expand: int, kernel: int, stride: int, activation: Any, squeeze: bool
    ) -> None:
        super().__init__()
        middle = expand * inputs
        layers = conv_bn(inputs, middle, 1, activation=activation) if expand > 1 else []
        layers += conv_bn(middle, middle, kernel, stride, middle, activation)
        layers += [SqueezeExcite(middle, middle // 4)] if squeeze else []
        self.body = nn.Sequential(*layers, *conv_bn(middle, outputs, 1))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Any) -> Any:
        """Body, plus what arrived where its shape is kept."""
        return x + self.body(x) if self.adds else self.body(x)


def inverted_residuals(stages: Sequence[Sequence[int]], classes: int, activation: Any, squeeze: bool) -> nn.Sequential:
    """Stages of (expand, kernel, outputs, blocks, stride) between a 3×3 and a 1×1 convolution."""
    layers, inputs = conv_bn(3, 32, 3, 2, activation=activation), 32
    for expand, kernel, outputs, blocks, stride in stages:
        for index in range(blocks):
            taken = stride if index == 0 else 1
            layers.append(InvertedResidual(inputs, outputs, expand, kernel, taken, activation, squeeze))
            inputs = outputs
    return nn.Sequential(*layers, *conv_bn(inputs, 1280, 1, activation=activation), *classifier(1280, classes))


#: (expand, kernel, outputs, blocks, stride)
MOBILENET_V2 = (
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 3, 32, 3, 2),
    (6, 3, 64, 4, 2),
    (6, 3, 96, 3, 1),
    (6, 3, 160, 3, 2),
    (6, 3, 320, 1, 1),
)
EFFICIENTNET_B0 = (
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 5, 40, 2, 2),
    (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
)


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of ``(B, C, H, W)``."""

    def forward(self, x: Any) -> Any:
        """Normalised with the channels last, as the paper's implementation does."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    """7×7 depthwise convolution, norm and MLP, added to what arrived (Liu et al. 2022, arXiv:2201.03545)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        # GELU as in the encoder above: the faster form.
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.scale = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x: Any) -> Any:
        """``(B, C, H, W)``, with the channels last in between."""
        inner = self.scale * self.mlp(self.norm(self.depthwise(x).permute(0, 2, 3, 1)))
        return x + inner.permute(0, 3, 1, 2)


def convnext_tiny(classes: int) -> nn.Sequential:
    """ConvNeXt-T with the stem that the companion repository counts: BatchNorm and ReLU, no bias."""
    layers = [nn.Conv2d(3, 96, 4, 4, bias=False), nn.BatchNorm2d(96), nn.ReLU(inplace=True)]
    for width, blocks in ((96, 3), (192, 3), (384, 9), (768, 3)):
        if width > 96:
            layers += [ChannelNorm(width // 2, eps=1e-6), nn.Conv2d(width // 2, width, 2, 2)]
        layers += [ConvNeXtBlock(width) for _ in range(blocks)]
    return nn.Sequential(*layers, *classifier(768, classes))


#: By the catalogue's name: the network of a picture's side and the number of classes.
NETWORKS = {
    "ConvNeXt-T (10 classes)": lambda size, classes: convnext_tiny(classes),
    "EfficientNet-B0": lambda size, classes: inverted_residuals(EFFICIENTNET_B0, classes, nn.SiLU, squeeze=True),
    "MobileNet-v2": lambda size, classes: inverted_residuals(MOBILENET_V2, classes, nn.ReLU6, squeeze=False),
    "ResNet-34": lambda size, classes: resnet34(classes),
    "ViT-Tiny": lambda size, classes: VisionTransformer(size, 16, 192, 3, 12, classes),
}


def laid_out(cell: Cell, form: str, device: torch.device) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """The network of ``cell``, random inputs such as images ``(B, 3, height, width)`` in the layout of ``form``, and
    random targets.
    """
    from train.measure import torch_tasks

    layout = torch.channels_last if form.startswith("channels_last") else torch.contiguous_format
    size, classes = task_of(cell).spec(cell).input_shape, cell.dataset.classes
    network = (NETWORKS | torch_tasks.NETWORKS)[cell.model]
    model = network(size[0], classes).to(device, memory_format=layout)
    if cell.task == "classification":
        inputs = torch.randn(cell.batch_size, 3, size[0], size[1])
        targets = torch.randint(0, classes, (cell.batch_size,))
    else:
        inputs, targets = torch_tasks.batch_of(cell.task, cell.batch_size, size[:2], classes)
    inputs = inputs.to(device)
    return model, inputs.contiguous(memory_format=layout) if inputs.ndim == 4 else inputs, targets.to(device)


def make_step(cell: Cell, threads: int, form: str = "nchw") -> Any:
    """A function that takes one training step of ``cell`` and waits for it, and the network's number of parameters.

    ``form`` is one of :data:`train.measure.step.FORMS`: the layout of images and kernels, eager or compiled. On a GPU
    the network runs in bfloat16 where the cell does.
    """
    from train.measure import torch_tasks

    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, inputs, targets = laid_out(cell, form, device)
    rate, betas = cell.optimizer.learning_rate, (cell.optimizer.beta1, cell.optimizer.beta2)
    optimizer = torch.optim.AdamW(model.parameters(), rate, betas, weight_decay=cell.optimizer.weight_decay)
    half = torch.autocast(device.type, torch.bfloat16, enabled=cell.precision == "bfloat16")
    network = torch.compile(model) if form.endswith("compiled") else model

    def step() -> None:
        optimizer.zero_grad()
        with half:
            if cell.task == "classification":
                loss = functional.cross_entropy(network(inputs), targets, label_smoothing=cell.label_smoothing)
            else:
                loss = torch_tasks.loss_of(cell.task, network(inputs), targets)
        loss.backward()
        optimizer.step()
        loss.item()

    return step, sum(value.numel() for value in model.parameters())
