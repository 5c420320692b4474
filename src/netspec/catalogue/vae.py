"""Variational autoencoders as encoder and decoder; an encoder's output is mean and log-variance side by side."""

from netspec.catalogue.entry import GENERATION, NO_SKIPS, Entry
from netspec.layers import Conv2d, ConvBN, Dense, Flatten, UNetUp

VAE = Entry("VAE", GENERATION, "Kingma & Welling 2013, arXiv:1312.6114", 2013, ("unet_up",))

SPECS = (
    VAE.spec(
        "MNIST VAE encoder (MLP, 20-dim latent)",
        (28, 28, 1),
        Flatten(),
        Dense(784, 400, "relu"),
        Dense(400, 2 * 20),
    ),
    VAE.spec("MNIST VAE decoder (MLP, 20-dim latent)", (20,), Dense(20, 400, "relu"), Dense(400, 784)),
    VAE.spec(
        "CIFAR VAE encoder (conv, 4×4×4 spatial latent)",
        (32, 32, 3),
        ConvBN(3, 64, 3, 2),
        ConvBN(64, 128, 3, 2),
        ConvBN(128, 256, 3, 2),
        ConvBN(256, 256, 3),
        Conv2d(256, 2 * 4, 1, activation="identity"),
    ),
    VAE.spec(
        "CIFAR VAE decoder (conv, 4×4×4 spatial latent)",
        (4, 4, 4),
        Conv2d(4, 256, 1, activation="identity"),
        ConvBN(256, 256, 3),
        UNetUp(256, 128, skip_channels=0),
        UNetUp(128, 64, skip_channels=0),
        UNetUp(64, 32, skip_channels=0),
        Conv2d(32, 3, 3, activation="identity"),
        remark=NO_SKIPS,
    ),
    VAE.spec(
        "tiny-VAE encoder (4×4×2 spatial latent)",
        (16, 16, 1),
        ConvBN(1, 8, 3, 2),
        ConvBN(8, 16, 3, 2),
        Conv2d(16, 2 * 2, 1, activation="identity"),
    ),
    VAE.spec(
        "tiny-VAE decoder (4×4×2 spatial latent)",
        (4, 4, 2),
        Conv2d(2, 16, 1, activation="identity"),
        UNetUp(16, 8, skip_channels=0),
        UNetUp(8, 4, skip_channels=0),
        Conv2d(4, 1, 3, activation="identity"),
        remark=NO_SKIPS,
    ),
)
