"""LeNet: the 1998 original and its pure-MLP baseline."""

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import Conv2d, Dense, Flatten, MaxPool

LENET = Entry("LeNet", VISION, "LeCun et al. 1998, Proc. IEEE 86(11)", 1998)

LENET_5 = LENET.spec(
    "LeNet-5",
    (32, 32, 1),
    Conv2d(1, 6, 5, "valid"),  # 28×28
    MaxPool(2, 2),  # 14×14
    Conv2d(6, 16, 5, "valid"),  # 10×10
    MaxPool(2, 2),  # 5×5
    Flatten(),
    Dense(16 * 5 * 5, 120, "relu"),
    Dense(120, 84, "relu"),
    Dense(84, 10),
)

LENET_300_100 = LENET.spec(
    "LeNet-300-100 (MLP baseline)",
    (28, 28, 1),
    Flatten(),
    Dense(784, 300, "relu"),
    Dense(300, 100, "relu"),
    Dense(100, 10),
)

SPECS = (LENET_5, LENET_300_100)
