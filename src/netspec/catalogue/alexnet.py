"""AlexNet, without local response normalisation and dropout."""

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import Conv2d, ConvBN, Dense, Flatten, MaxPool

ALEXNET_ENTRY = Entry("AlexNet", VISION, "Krizhevsky et al. 2012, NeurIPS", 2012)

ALEXNET = ALEXNET_ENTRY.spec(
    "AlexNet (Krizhevsky 2012)",
    (227, 227, 3),
    ConvBN(3, 96, 11, 4),  # 57×57
    MaxPool(3, 2, "valid"),  # 28×28
    Conv2d(96, 256, 5),
    MaxPool(3, 2, "valid"),  # 13×13
    Conv2d(256, 384, 3),
    Conv2d(384, 384, 3),
    Conv2d(384, 256, 3),
    MaxPool(3, 2, "valid"),  # 6×6
    Flatten(),
    Dense(6 * 6 * 256, 4096, "relu"),  # most of the parameters
    Dense(4096, 4096, "relu"),
    Dense(4096, 1000),
    remark="the listing prints 2×2 pools; only the paper's unpadded 3×3, which it notes, end at its 6×6",
)

TINY_ALEXNET = ALEXNET_ENTRY.spec(
    "tiny-AlexNet",
    (32, 32, 3),
    Conv2d(3, 64, 3),
    MaxPool(2, 2),
    Conv2d(64, 128, 3),
    MaxPool(2, 2),
    Conv2d(128, 192, 3),
    Conv2d(192, 192, 3),
    Conv2d(192, 128, 3),
    MaxPool(2, 2),
    Flatten(),
    Dense(4 * 4 * 128, 512, "relu"),
    Dense(512, 256, "relu"),
    Dense(256, 10),
)

SPECS = (ALEXNET, TINY_ALEXNET)
