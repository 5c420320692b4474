"""From the bytes of an image file to pixels, whatever the file is: decoding, the two views of it, random crops."""

from __future__ import annotations

import io
import math
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from train.cell import RandomResizedCrop

#: What is tried on a file, by its contents and not its name. Pillow knows more, some of which run other programs.
#: MPO, what some cameras write, passes as JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
TRIES = 10

# Files that claim absurdly many pixels are refused before memory is taken for them.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class Unreadable(ValueError):
    """The bytes are no image that can be used; the message says why."""


def decode(data: bytes) -> Image.Image:
    """The image in ``data`` as RGB, upright.

    Transparency is dropped, 16-bit grey keeps its upper eight bits, CMYK is converted without a colour profile, the
    first frame of an animation is taken. Raises :class:`Unreadable`.
    """
    try:
        with _opened(data) as image:
            image.load()
            return _rgb(_upright(image))
    except Unreadable:
        raise
    except Exception as error:  # damaged files raise whatever the decoder stumbles over
        raise Unreadable(_reason(error)) from None


def check(data: bytes) -> None:
    """Raise :class:`Unreadable` where :func:`decode` would; JPEG is read in full, but not transformed to pixels."""
    try:
        with _opened(data) as image:
            if image.format == "JPEG":
                image.draft("RGB", (1, 1))
                image.load()
            else:
                decode(data)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(_reason(error)) from None


def _opened(data: bytes) -> Image.Image:
    if not data:
        raise Unreadable("empty file")
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"more than {Image.MAX_IMAGE_PIXELS:,} pixels"
    return f"truncated or damaged: {error or type(error).__name__}"


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # nonsense where a camera would write its position says nothing about the pixels
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits per pixel; convert() would clip at 255
        return Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise Unreadable("floating-point pixels")
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")  # the palette's transparency, which convert("RGB") complains about
    return image.convert("RGB")


def fit_square(image: Image.Image, size: int) -> np.ndarray:
    """``uint8 (size, size, 3)``: bilinear, aspect ratio ignored (companion repository's preparation)."""
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def central(image: Image.Image, size: int, keep: float) -> np.ndarray:
    """``uint8 (size, size, 3)``: the central square of ``keep`` times the short side, bicubic.

    The validation view of the book's ImageNet runs, with ``keep`` 224 / 256.
    """
    side = max(1, round(keep * min(image.size)))
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return _resized(image, (left, top, left + side, top + side), size)


def random_resized(image: Image.Image, size: int, crop: RandomResizedCrop, draws: np.ndarray) -> np.ndarray:
    """``uint8 (size, size, 3)``: the box that :func:`crop_box` makes of ``draws``, bicubic."""
    return _resized(image, crop_box(*image.size, crop, draws), size)


def crop_box(width: int, height: int, crop: RandomResizedCrop, draws: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a random-resized crop.

    Args:
        width: of the image, in pixels.
        height: of the image, in pixels.
        crop: ranges of area and aspect.
        draws: ``(tries, 4)``, uniform in [0, 1): area, log aspect, left, top of each try; the first that fits is taken.

    Where none fits, the largest central box within the range of aspects, as in torchvision.
    """
    low, high = math.log(crop.aspect[0]), math.log(crop.aspect[1])
    for area, aspect, x, y in draws:
        target = width * height * (crop.area[0] + area * (crop.area[1] - crop.area[0]))
        ratio = math.exp(low + aspect * (high - low))
        w, h = round(math.sqrt(target * ratio)), round(math.sqrt(target / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(x * (width - w + 1)), int(y * (height - h + 1))
            return left, top, left + w, top + h
    w = min(width, max(1, round(height * crop.aspect[1])))
    h = min(height, max(1, round(width / crop.aspect[0])))
    left, top = (width - w) // 2, (height - h) // 2
    return left, top, left + w, top + h


def _resized(image: Image.Image, box: tuple[int, int, int, int], size: int) -> np.ndarray:
    # Not resize(box=...), which lets pixels around the box weigh in at its edges.
    return np.asarray(image.crop(box).resize((size, size), Image.Resampling.BICUBIC))
