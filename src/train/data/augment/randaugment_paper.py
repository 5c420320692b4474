"""RandAugment as published: fourteen operations on 8-bit images, one magnitude for all.

Cubuk et al. 2019 (arXiv:1909.13719), sec. 3 and fig. 2: N operations per image, drawn uniformly with replacement, each
at magnitude M on a linear scale on which 10 is the maximum. That paper refers to AutoAugment for the ranges: Cubuk et
al. 2018 (arXiv:1805.09501), table 6. With m = M / 10, the mapping is

=============================  ========================  =====================================================
operation                      range in table 6          here
=============================  ========================  =====================================================
identity                       (not in table 6)
autocontrast, equalize         no magnitude
rotate                         -30..30 degrees           ``+-30 m``, about the centre
solarize                       threshold 0..256          ``256 - int(256 m)``: stronger with M
color, contrast,
brightness, sharpness          factor 0.1..1.9           ``0.1 + 1.8 m``: no random sign, 1 at M = 5
posterize                      4..8 bits                 ``8 - int(4 m)``: stronger with M
shear-x, shear-y               -0.3..0.3                 ``+-0.3 m``, the top (left) edge stays
translate-x, translate-y       -150..150 pixels          ``+-int(m S 150 / 331)``, see below
=============================  ========================  =====================================================

- Whole-number magnitudes are cut, not rounded, and geometric magnitudes take a random sign, as in the authors' code.
- The papers do not state the image size behind the 150 pixels. Taken here is 331, the input side of AutoAugment's
  largest ImageNet networks, so a translation is a fraction of the image, at most 0.45 of its side.
- The authors' later ImageNet code differs from table 6: there posterize keeps ``int(4 m)`` bits and solarize inverts
  from ``int(256 m)``, so both grow weaker with M. The table is taken, in the direction in which they grow stronger.
- Resampling is by nearest neighbour, Pillow's default and so the authors'. Uncovered pixels become grey 128, as in the
  authors' later ImageNet code; the papers do not name a value.
- Each operation takes and returns whole levels 0..255, as Pillow does.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from train.config.cell import RandAugment, Size, sides
from train.data.augment import pillow_ops
from train.data.augment.base import Array, draw_operations

OPERATIONS = (
    "identity",
    "autocontrast",
    "equalize",
    "rotate",
    "solarize",
    "color",
    "posterize",
    "contrast",
    "brightness",
    "sharpness",
    "shear-x",
    "shear-y",
    "translate-x",
    "translate-y",
)

#: Level of the pixels that a geometric operation uncovers.
FILL = 128

#: The three kinds of operation: these two, and the rest are affine maps (the identity is one).
TABLES = ("autocontrast", "equalize", "solarize", "posterize")
BLENDS = ("color", "contrast", "brightness", "sharpness")


def enhancement_factor(magnitude: float) -> float:
    """Factor of color, contrast, brightness and sharpness: 0.1 at M = 0, 1.9 at M = 10."""
    return 0.1 + 1.8 * magnitude / 10


def solarize_threshold(magnitude: float) -> int:
    """Levels from here up are inverted: 256 (none) at M = 0, 0 (all) at M = 10."""
    return 256 - int(256 * magnitude / 10)


def posterize_bits(magnitude: float) -> int:
    """Bits that are kept: 8 at M = 0, 4 at M = 10."""
    return 8 - int(4 * magnitude / 10)


def affine_matrix(name: str, magnitude: float, sign: int, size: Size) -> tuple[float, ...]:
    """Pillow's output-to-input matrix of an operation; the identity for those that are not geometric."""
    m = sign * magnitude / 10
    down, right = (int(m * side * 150 / 331) for side in sides(size))
    return {
        "rotate": pillow_ops.rotation(30 * m, size),
        "shear-x": (1, 0.3 * m, 0, 0, 1, 0),
        "shear-y": (1, 0, 0, 0.3 * m, 1, 0),
        "translate-x": (1, 0, right, 0, 1, 0),
        "translate-y": (1, 0, 0, 0, 1, down),
    }.get(name, (1, 0, 0, 0, 1, 0))


def randaugment(key: Array, images: Array, config: RandAugment) -> Array:
    """Apply ``config.operations`` random operations to each of ``images``, uint8 (B, H, W, 3)."""
    operations, signs = draw_operations(key, config.operations, images.shape[0], len(OPERATIONS))

    def step(images: Array, draw: tuple[Array, Array]) -> tuple[Array, None]:
        return apply_operation(images, *draw, config.magnitude), None

    # A scan, not a Python loop: XLA would merge the draws and compute the first again for every use in the second.
    return jax.lax.scan(step, images, (operations, signs))[0]


def apply_operation(images: Array, operation: Array, sign: Array, magnitude: float) -> Array:
    """One operation per image, uint8 in and out.

    ``operation`` is an index into :data:`OPERATIONS` and ``sign`` -1 or +1, both int32 (B,); the sign matters to the
    geometric operations only.

    The operations are of three kinds: tables, blends and affine maps. One of each is computed for every image and one
    of the three results kept, far less work for a batch than fourteen results of which one is kept. The two costly
    parts, the histogram and the 3 x 3 filter, are left out of batches that do not need them.
    """
    size = images.shape[1:3]
    maps = np.array(
        [[pillow_ops.fixed_point(affine_matrix(name, magnitude, s, size)) for s in (-1, 1)] for name in OPERATIONS],
        np.int32,
    )
    moved = pillow_ops.affine(images, jnp.asarray(maps)[operation, (sign + 1) // 2], FILL)
    tabled = pillow_ops.look_up(images, _tables(images, operation, magnitude))
    blended = _blend(images, operation, magnitude)
    return jnp.where(_is(operation, *TABLES), tabled, jnp.where(_is(operation, *BLENDS), blended, moved))


def _tables(images: Array, operation: Array, magnitude: float) -> Array:
    """Look-up tables int32 (B, 3, 256) of the images whose operation is a table."""
    # Besides the saving, the conditions here and in _blend keep XLA on a CPU from computing these parts once per use.
    equalize = jax.lax.cond(
        _is(operation, "equalize").any(),
        pillow_ops.equalize_table,
        lambda images: jnp.zeros((images.shape[0], 3, pillow_ops.LEVELS), jnp.int32),
        images,
    )
    return jnp.select(
        [_is(operation, name)[..., 0] for name in TABLES],
        [
            pillow_ops.autocontrast_table(images),
            equalize,
            jnp.asarray(pillow_ops.solarize_table(solarize_threshold(magnitude))),
            jnp.asarray(pillow_ops.posterize_table(posterize_bits(magnitude))),
        ],
    )


def _blend(images: Array, operation: Array, magnitude: float) -> Array:
    """The images against the degenerate image of their operation, if it is a blend."""
    smooth = jax.lax.cond(_is(operation, "sharpness").any(), pillow_ops.smooth, lambda images: images, images)
    degenerate = jnp.select(
        [_is(operation, name) for name in BLENDS],
        [
            pillow_ops.luma(images),
            pillow_ops.mean_luma(images),
            jnp.int32(0),
            smooth.astype(jnp.int32),
        ],
    )
    return pillow_ops.blend(degenerate, images, enhancement_factor(magnitude))


def _is(operation: Array, *names: str) -> Array:
    """Whether each image's operation is among ``names``, ``(B, 1, 1, 1)``."""
    return jnp.isin(operation, jnp.array([OPERATIONS.index(name) for name in names]))[:, None, None, None]
