"""Modules of the layers in :mod:`netspec.layers.resize`: a product with each axis' weights."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.resize import Method, NearestUpsample, Resize, ResizeLike
from netspec.layers.window import both
from netspec.modules.base import Numerics, build_layer


def places(n: int, m: int, aligned: bool) -> np.ndarray:
    """Where the ``m`` outputs of one axis lie among its ``n`` inputs, whose centres are whole numbers."""
    if aligned:
        return np.arange(m) * (n - 1) / max(m - 1, 1)
    return (np.arange(m) + 0.5) * n / m - 0.5


def cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' kernel with ``a = −0.75`` (Keys 1981, IEEE Trans. ASSP 29(6), eq. 15), as most image libraries have it."""
    a, d = -0.75, np.abs(distance)
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    far = a * (d**3 - 5 * d**2 + 8 * d - 4)
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def weights(n: int, m: int, method: Method, aligned: bool) -> np.ndarray:
    """Share of each of ``n`` inputs in every one of ``m`` outputs: ``(m, n)``, rows of sum 1; borders are held."""
    share = np.zeros((m, n))
    if method == "nearest":
        share[np.arange(m), np.arange(m) * n // m] = 1
        return share
    at = places(n, m, aligned)
    if method == "bilinear":
        at = np.clip(at, 0, n - 1)
    for step in range(-1, 3):
        source = np.floor(at) + step
        distance = at - source
        part = cubic(distance) if method == "bicubic" else np.maximum(0, 1 - np.abs(distance))
        np.add.at(share, (np.arange(m), np.clip(source, 0, n - 1).astype(int)), part)
    return share


def resized(x: jax.Array, size: tuple[int, int], method: Method, aligned: bool) -> jax.Array:
    """``(B, H, W, C) -> (B, *size, C)``."""
    if method == "nearest":
        for axis in (1, 2):
            n, m = x.shape[axis], size[axis - 1]
            x = jnp.repeat(x, m // n, axis) if m % n == 0 else x.take(np.arange(m) * n // m, axis)
        return x
    down, across = (
        jnp.asarray(weights(n, m, method, aligned), x.dtype) for n, m in zip(x.shape[1:3], size, strict=True)
    )
    return jnp.einsum("in,bnmc,jm->bijc", down, x, across)


class Resized(nnx.Module):
    """``(B, H, W, C) -> (B, H', W', C)``."""

    def __init__(self, layer: NearestUpsample | Resize | ResizeLike, numerics: Numerics) -> None:
        self.layer = layer
        self.aligned = numerics.conventions.resize == "align_corners"

    def __call__(self, x: jax.Array, *saved: jax.Array) -> jax.Array:
        """To a multiple of the sides, to the size given, or to that of ``saved``."""
        match self.layer:
            case NearestUpsample(scale):
                down, across = both(scale)
                return resized(x, (down * x.shape[1], across * x.shape[2]), "nearest", self.aligned)
            case Resize(size, method):
                return resized(x, both(size), method, self.aligned)
            case ResizeLike(_, method):
                return resized(x, saved[0].shape[1:3], method, self.aligned)


@build_layer.register(NearestUpsample)
@build_layer.register(Resize)
@build_layer.register(ResizeLike)
def _(layer: NearestUpsample | Resize | ResizeLike, numerics: Numerics, rngs: nnx.Rngs) -> Resized:
    return Resized(layer, numerics)
