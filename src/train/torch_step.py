"""The same networks in PyTorch, written as its users write them, for :mod:`train.bench_step` to be measured against."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from train.cell import Cell


class EncoderBlock(nn.Module):
    """Pre-norm transformer block on ``(B, N, width)``, with fused projections and attention."""

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-5), nn.LayerNorm(width, eps=1e-5)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        # The book's GELU is the tanh form, which is the slower one in PyTorch on CPU: this is its faster.
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x):
        """Attention and MLP, each added to what it read."""
        batch, tokens, width = x.shape
        split = self.qkv(self.norm1(x)).reshape(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """ViT on ``(B, 3, size, size)`` with a class token (Dosovitskiy et al. 2021, arXiv:2010.11929)."""

    def __init__(self, size: int, patch: int, width: int, heads: int, depth: int, classes: int):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (size // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*(EncoderBlock(width, heads, 4 * width) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width, eps=1e-5), nn.Linear(width, classes)

    def forward(self, x):
        """Logits ``(B, classes)``."""
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), tokens], 1) + self.positions
        return self.head(self.norm(self.blocks(tokens)[:, 0]))


class BasicBlock(nn.Module):
    """Two 3×3 convolutions with BatchNorm and a shortcut (He et al. 2016, arXiv:1512.03385)."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        same = stride == 1 and inputs == outputs
        projection = [nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)]
        self.shortcut = nn.Identity() if same else nn.Sequential(*projection)

    def forward(self, x):
        """Body plus shortcut, rectified."""
        return functional.relu(self.body(x) + self.shortcut(x))


def resnet34(classes: int) -> nn.Sequential:
    """ResNet-34 with the max-pool of 2×2 that the book's has."""
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2)]
    inputs = 64
    for outputs, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for index in range(blocks):
            layers.append(BasicBlock(inputs, outputs, stride if index == 0 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


#: By the catalogue's name: the network of a picture's side and the number of classes.
NETWORKS = {
    "ViT-Tiny": lambda size, classes: VisionTransformer(size, 16, 192, 3, 12, classes),
    "ResNet-34": lambda size, classes: resnet34(classes),
}


def make_step(cell: Cell, threads: int):
    """A function that takes one training step of ``cell`` and waits for it, and the network's number of parameters.

    On a GPU the network is compiled and runs in bfloat16 where the cell does; on CPU it is eager.
    """
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = NETWORKS[cell.model](cell.dataset.image_size, cell.dataset.classes).to(device)
    rate, betas = cell.optimizer.learning_rate, (cell.optimizer.beta1, cell.optimizer.beta2)
    optimizer = torch.optim.AdamW(model.parameters(), rate, betas, weight_decay=cell.optimizer.weight_decay)
    side, classes = cell.dataset.image_size, cell.dataset.classes
    images = torch.randn(cell.batch_size, 3, side, side, device=device)
    labels = torch.randint(0, classes, (cell.batch_size,), device=device)
    half = torch.autocast(device.type, torch.bfloat16, enabled=cell.precision == "bfloat16")
    network = torch.compile(model) if device.type == "cuda" else model

    def step() -> None:
        optimizer.zero_grad()
        with half:
            loss = functional.cross_entropy(network(images), labels, label_smoothing=cell.label_smoothing)
        loss.backward()
        optimizer.step()
        loss.item()

    return step, sum(value.numel() for value in model.parameters())
