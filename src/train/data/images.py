"""From the bytes of an image file to pixels, whatever the file is: decoding, the two views of it, random crops."""

from __future__ import annotations

import io
import math
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError, features

from train.config.cell import RandomResizedCrop, Size, sides

#: How a file of each format begins that is tried on it. Pillow knows more, some of which run other programs or have no
#: mark of their own, and takes text that begins with "BM" or "P1" for pictures. MPO, of some cameras, passes as JPEG.
SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WEBP": rb"RIFF.{4}WEBP",
    "BMP": rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    "GIF": rb"GIF8[79]a",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "PPM": rb"P[1-6]\s+(?:#[^\n]*\n\s*)*\d+\s+(?:#[^\n]*\n\s*)*\d+\s",
    "JPEG2000": rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n",
    "AVIF": rb".{4}ftyp(?:.{4})*?avi[fs]",
}
#: Those whose decoder is an option of Pillow's build, and its name there.
OPTIONAL = {"WEBP": "webp", "JPEG2000": "jpg_2000", "AVIF": "avif"}
FORMATS = tuple(name for name in SIGNATURES if name not in OPTIONAL or features.check(OPTIONAL[name]))
#: Bytes from the beginning of a file that show which format it is of.
HEAD = 512
#: Pixels above which a picture is refused before memory is taken for it: a quarter of a GiB of RGB, Pillow's own limit.
MAX_PIXELS = 2**28 // 3
#: Bytes above which a file is refused before it is read: what that many pixels take without compression.
LARGEST_FILE = 2**28
#: Pixels that are being decoded at a time, by all threads together; small pictures do not count.
AT_ONCE, SMALL = 2 * MAX_PIXELS, 2**20
TRIES = 10

_signature = re.compile(b"|".join(b"(?:%b)" % SIGNATURES[name] for name in FORMATS), re.DOTALL)

# Pillow warns of files with too many pixels, and raises at twice as many.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class Unreadable(ValueError):
    """The bytes are no image that can be used; the message says why."""


def decode(data: bytes) -> Image.Image:
    """The image in ``data`` as RGB, upright.

    Transparency is dropped, 16-bit grey keeps its upper eight bits, CMYK is converted without a colour profile, the
    first frame of an animation is taken. Raises :class:`Unreadable`.
    """
    try:
        with _opened(data) as image, room.take(image.width * image.height):
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
                # A progressive one is held whole, however small it is drawn.
                with room.take(image.width * image.height):
                    image.draft("RGB", (1, 1))
                    image.load()
            else:
                decode(data)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(_reason(error)) from None


def has_signature(head: bytes) -> bool:
    """Whether a file that begins like this, with its first :data:`HEAD` bytes, is of a format that is read."""
    return _signature.match(head) is not None


def check_size(count: int) -> None:
    """Raise :class:`Unreadable` for a file of ``count`` bytes that is not to be read at all."""
    if count > LARGEST_FILE:
        raise Unreadable(f"larger than {LARGEST_FILE >> 20} MiB")


def _opened(data: bytes) -> Image.Image:
    if not data:
        raise Unreadable("empty file")
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:  # whatever has become of the filter of warnings
        raise Unreadable(f"more than {MAX_PIXELS:,} pixels")
    return image


class Room:
    """Pixels that may still be decoded beside what is being decoded, shared by threads."""

    def __init__(self, pixels: int) -> None:
        self.free, self.changed = pixels, threading.Condition()

    @contextmanager
    def take(self, pixels: int) -> Iterator[None]:
        """Wait until there is room for as many pixels, at most all of it, and hold it."""
        if pixels <= SMALL:
            yield
            return
        with self.changed:
            self.changed.wait_for(lambda: self.free >= pixels)
            self.free -= pixels
        try:
            yield
        finally:
            with self.changed:
                self.free += pixels
                self.changed.notify_all()


room = Room(AT_ONCE)


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"more than {MAX_PIXELS:,} pixels"
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


def fit(image: Image.Image, size: Size) -> np.ndarray:
    """``uint8 (height, width, 3)``: bilinear, aspect ratio ignored (companion repository's preparation)."""
    height, width = sides(size)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def decode_mask(data: bytes) -> np.ndarray:
    """The values of an image file of one channel, uint8 ``(H, W)``; of a palette, its indices.

    Not turned upright: annotations are of the pixels as they are stored. Raises :class:`Unreadable`.
    """
    try:
        with _opened(data) as image, room.take(image.width * image.height):
            image.load()
            if image.mode not in ("L", "P", "1"):
                raise Unreadable(f"a mask of mode {image.mode}, expected one channel of 8 bits or a palette")
            return np.asarray(image, np.uint8)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(_reason(error)) from None


def fit_mask(mask: np.ndarray, size: Size) -> np.ndarray:
    """``uint8 (height, width)``: the value at the nearest pixel, aspect ratio ignored as in :func:`fit`."""
    height, width = sides(size)
    return np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))


def central(image: Image.Image, size: Size, keep: float) -> np.ndarray:
    """``uint8 (height, width, 3)``: ``keep`` times the largest central box of that shape, bicubic.

    Of squares, the validation view of the book's ImageNet runs, with ``keep`` 224 / 256.
    """
    height, width = sides(size)
    w = max(1, round(keep * min(image.width, image.height * (width / height))))
    h = max(1, round(keep * min(image.height, image.width * (height / width))))
    left, top = (image.width - w) // 2, (image.height - h) // 2
    return _resized(image, (left, top, left + w, top + h), size)


def random_resized(image: Image.Image, size: Size, crop: RandomResizedCrop, draws: np.ndarray) -> np.ndarray:
    """``uint8 (height, width, 3)``: the box that :func:`crop_box` makes of ``draws``, bicubic."""
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


def _resized(image: Image.Image, box: tuple[int, int, int, int], size: Size) -> np.ndarray:
    height, width = sides(size)
    # Not resize(box=...), which lets pixels around the box weigh in at its edges.
    return np.asarray(image.crop(box).resize((width, height), Image.Resampling.BICUBIC))
