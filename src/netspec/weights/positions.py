"""Learned positions of one image size as those of another, by the interpolation of the library they come from.

What each library does when it loads a table of another size, all bicubic:

- ``transformers`` (ViT, DeiT, CLIP, DINOv2: ``interpolate_pos_encoding``): pixels by their halves, without smoothing,
  Keys' kernel with ``a = −0.75``; so did the code of DeiT (Touvron et al. 2020, arXiv:2012.12877).
- ``timm`` (``resample_abs_pos_embed``): the same places with smoothing, which widens the kernel where the grid becomes
  smaller, and in PyTorch means ``a = −0.5`` even where it does not.
- ``torchvision`` (``interpolate_embeddings``): corners on corners, ``a = −0.75``, without smoothing.

All leave the tokens in front (class, distillation, registers) as they are. Source: Dosovitskiy et al. 2020
(arXiv:2010.11929), sec. 3.2, for the idea; Keys 1981, IEEE Trans. ASSP 29(6), eq. 15, for the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from netspec.layers import AddPositions, PatchEmbed
from netspec.modules.resize import weights
from netspec.spec import NetSpec
from netspec.weights.canonical import canonical_state
from netspec.weights.plan import WeightsError
from netspec.weights.transfer import abstract

Library = Literal["transformers", "timm", "torchvision"]
LIBRARIES: tuple[Library, ...] = ("transformers", "timm", "torchvision")

#: Rows and columns of patches.
Grid = tuple[int, int]


def resample_table(
    table: np.ndarray, from_grid: Grid, to_grid: Grid, prefix_tokens: int = 0, library: Library = "transformers"
) -> np.ndarray:
    """The positions of a grid as those of another: ``(prefix + H·W, width) -> (prefix + H'·W', width)``.

    Row-major; the first ``prefix_tokens`` rows stay. Computed in float64, of the type that arrives; a grid of the same
    sides gives the table itself. Raises :class:`WeightsError` for a table that is not of ``from_grid``.
    """
    if library not in LIBRARIES:
        raise WeightsError(f"positions of {library!r}, expected one of {', '.join(LIBRARIES)}")
    expected = prefix_tokens + math.prod(from_grid)
    if table.ndim != 2 or len(table) != expected or min(*from_grid, *to_grid) < 1 or prefix_tokens < 0:
        raise WeightsError(
            f"a table of positions {table.shape}, expected ({expected}, width): {prefix_tokens} tokens in front of "
            f"{from_grid[0]}×{from_grid[1]} patches"
        )
    if from_grid == to_grid:
        return table
    down, across = (shares(n, m, library) for n, m in zip(from_grid, to_grid, strict=True))
    grid = table[prefix_tokens:].reshape(*from_grid, -1).astype(np.float64)
    resampled = np.einsum("in,nmc,jm->ijc", down, grid, across, optimize=True).reshape(math.prod(to_grid), -1)
    return np.concatenate([table[:prefix_tokens], resampled.astype(table.dtype)])


def shares(n: int, m: int, library: Library) -> np.ndarray:
    """Share of each of ``n`` positions along an axis in every one of ``m``: ``(m, n)``, rows of sum 1."""
    return smooth(n, m) if library == "timm" else weights(n, m, "bicubic", library == "torchvision")


def smooth(n: int, m: int) -> np.ndarray:
    """Bicubic shares ``(m, n)`` with ``a = −0.5``, the kernel as wide as an output where outputs are fewer.

    What lies outside has no share, and the others are scaled to sum 1: the filter of Pillow and of PyTorch's
    ``antialias``.
    """
    scale = max(n / m, 1.0)
    centres = (np.arange(m) + 0.5) * n / m - 0.5
    d = np.abs(np.arange(n) - centres[:, None]) / scale
    near = 1.5 * d**3 - 2.5 * d**2 + 1
    far = -0.5 * (d**3 - 5 * d**2 + 8 * d - 4)
    share: np.ndarray = np.where(d <= 1, near, np.where(d < 2, far, 0.0))
    return share / share.sum(axis=1, keepdims=True)


def resampled(tensors: Mapping[str, Any], source: NetSpec, target: NetSpec, library: Library) -> dict[str, Any]:
    """Tensors of ``source`` by their canonical names as those of ``target``, the same network of another size.

    Tables of :class:`netspec.layers.PatchEmbed`, and of :class:`netspec.layers.AddPositions` on the patches of an
    image, are resampled; all else is as it is. Raises :class:`WeightsError` for a network whose grid cannot be told.
    """
    found = dict(tensors)
    for (name, before, prefix), (_, after, _) in zip(tables(source), tables(target), strict=True):
        if before != after:
            if name not in found:
                raise WeightsError(f"{source.name}: no {name} among the tensors, expected its table of positions")
            found[name] = resample_table(np.asarray(found[name]), before, after, prefix, library)
    return found


def fitted(tensors: Mapping[str, Any], source: NetSpec, target: NetSpec, library: str) -> dict[str, Any]:
    """:func:`resampled`, when all tensors fit ``target`` then; ``library`` may be any other where no table is
    resampled, and means ``transformers`` where one is.

    Raises :class:`WeightsError` naming the first tensor of another shape, such as a dense layer on a flattened image.
    """
    known: Library = next((one for one in LIBRARIES if one == library), "transformers")
    found = resampled(tensors, source, target, known)
    for name, leaf in canonical_state(abstract(target)).items():
        if name in found and tuple(found[name].shape) != tuple(leaf.shape):
            have, want, sides = tuple(found[name].shape), tuple(leaf.shape), target.input_shape[:2]
            raise WeightsError(
                f"{target.name}: {name} has shape {have}, expected {want} for images of {sides[0]}×{sides[1]}; "
                "only tables of positions are interpolated"
            )
    return found


def tables(spec: NetSpec) -> Iterator[tuple[str, Grid, int]]:
    """Canonical name, grid and tokens in front of each table of positions of patches.

    Of layers in a combinator there are none: such networks keep their tables outside.
    """
    grid: tuple[int, ...] = ()
    for place, row in enumerate(spec.rows):
        layer, arrived, leaves = row.layer, row.arrived, row.leaves
        if isinstance(layer, PatchEmbed) and isinstance(arrived, tuple):
            sides = (arrived[0] // layer.patch, arrived[1] // layer.patch)
            yield f"layers.{place}.position_table", sides, 0 if layer.layout == "grid" else 1
        if isinstance(leaves, tuple) and len(leaves) == 3:
            grid = leaves[:2]
        if isinstance(layer, AddPositions) and layer.kind == "learned" and isinstance(arrived, tuple) and grid:
            prefix = layer.max_tokens - math.prod(grid)
            if prefix < 0 or arrived[0] != layer.max_tokens:
                raise WeightsError(f"{spec.name}: {layer.max_tokens} positions, expected those of {grid} patches")
            yield f"layers.{place}.table.0", (grid[0], grid[1]), prefix
