"""A radiance field and a variational autoencoder, as their code has them: numbers leave before any last function."""

from __future__ import annotations

from functools import partial
from typing import Literal

from netspec.exact.published import Published, network
from netspec.layers import Dense, Heads, Load, PositionalEncoding, Save
from netspec.layers.base import Layer
from netspec.spec import NetSpec

RELEASED, PYTORCH = "bmild/nerf", "PyTorch examples"
NERF, VAE = "Mildenhall et al. 2020, arXiv:2003.08934", "Kingma & Welling 2013, arXiv:1312.6114"


def nerf(
    width: int = 256,
    position: int = 10,
    direction: int = 4,
    form: Literal["paper", "code"] = "code",
    *,
    depth: int = 8,
    skip: int = 4,
    angles: int = 3,
) -> NetSpec:
    """Colour and density of a point seen from a ``direction`` of ``angles`` numbers; octaves of both are given."""
    more = int(form == "code")
    placed, seen = 3 * (2 * position + more), angles * (2 * direction + more)
    layers: list[Layer] = [PositionalEncoding(3, position, form), Save("position")]
    for index in range(depth):
        joined = index == skip + 1
        if joined:
            layers += [Save("joined"), Load("position"), Load("joined", "concat")]
        arrived = placed if index == 0 else width + placed * joined
        layers.append(Dense(arrived, width, "relu"))
    view = (Dense(width, width), Load("view", "concat"), Dense(width + seen, width // 2, "relu"), Dense(width // 2, 3))
    heads = Heads((("rgb", (Load("trunk"), *view)), ("density", (Load("trunk"), Dense(width, 1)))))
    encoded = (Load("direction"), PositionalEncoding(angles, direction, form, unit=angles == 3), Save("view"))
    return network((3,), *layers, Save("trunk"), *encoded, heads, paper=NERF, direction=(angles,))


def vae(inputs: int = 784, hidden: int = 400, latent: int = 20) -> NetSpec:
    """Mean and log-variance of the latent, and what the mean is decoded to."""
    back = (Load("mean"), Dense(latent, hidden, "relu"), Dense(hidden, inputs, "sigmoid"))
    heads = Heads(
        (
            ("mean", (Dense(hidden, latent), Save("mean"))),
            ("log_variance", (Dense(hidden, latent),)),
            ("reconstruction", back),
        )
    )
    return network((inputs,), Dense(inputs, hidden, "relu"), heads, paper=VAE)


NETWORKS = (
    Published(
        "nerf",
        "NeRF",
        RELEASED,
        nerf,
        ("NeRF MLP (released code, 3-D unit view vector + identity terms: dims 63 and 27)",),
        rules="nerf",
    ),
    Published(
        "nerf_paper",
        "NeRF",
        RELEASED,
        partial(nerf, form="paper"),
        ("NeRF MLP (paper encoding, 3-D unit view vector: gamma dims 60 and 24)",),
        rules="nerf",
    ),
    Published(
        "nerf_paper_angles",
        "NeRF",
        RELEASED,
        partial(nerf, form="paper", angles=2),
        ("NeRF MLP (paper encoding, 2-D (theta, phi) view: dims 60 and 16)",),
        rules="nerf",
    ),
    Published(
        "nerf_angles",
        "NeRF",
        RELEASED,
        partial(nerf, angles=2),
        ("NeRF MLP (2-D view + identity terms: dims 63 and 18)",),
        rules="nerf",
    ),
    Published("vae_mnist", "VAE", PYTORCH, vae, ("VAE MNIST (PyTorch example 784-400-20)",), rules="mlp_vae"),
)
