"""Hard images: each is decoded rightly or refused with its reason; crops stay inside and cover their ranges."""

import io
import struct

import numpy as np
import pytest
from made_data import encoded, jpeg
from PIL import Image

from train.config.cell import RandomResizedCrop
from train.data import images

CROP = RandomResizedCrop(area=(0.08, 1.0), aspect=(3 / 4, 4 / 3))
RED = Image.new("RGB", (6, 4), (200, 30, 40))


def sixteen_bits():
    levels = np.array([[0, 256, 255], [65535, 32768, 512]], np.uint16)
    return encoded(Image.fromarray(levels), "PNG")


def with_exif(orientation, image, kind="PNG", **options):
    exif = image.getexif()
    exif[0x0112] = orientation
    return encoded(image, kind, exif=exif, **options)


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "YCbCr"])
def test_colours_survive_as_jpeg(mode):
    pixels = np.asarray(images.decode(encoded(RED.convert(mode), "JPEG", quality=100)))
    assert pixels.shape == (4, 6, 3)
    assert np.abs(pixels.astype(int) - (200, 30, 40)).max() <= 6


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
def test_the_contents_decide_and_not_the_suffix(kind):
    pixels = np.asarray(images.decode(encoded(RED, kind, **({"lossless": True} if kind == "WEBP" else {}))))
    assert (pixels == (200, 30, 40)).all()


@pytest.mark.parametrize("mode", ["L", "1", "LA", "RGBA", "P", "PA"])
def test_grey_palette_and_transparency(mode):
    kind = "TIFF" if mode == "PA" else "PNG"
    pixels = np.asarray(images.decode(encoded(Image.new("RGB", (5, 5), (255, 255, 255)).convert(mode), kind)))
    assert (pixels == 255).all()


def test_a_palette_with_transparent_entries():
    image = RED.convert("P")
    decoded = images.decode(encoded(image, "PNG", transparency=bytes(256)))
    np.testing.assert_array_equal(np.asarray(decoded), np.asarray(image.convert("RGB")))


def test_sixteen_bits_keep_their_upper_half():
    assert np.asarray(images.decode(sixteen_bits()))[..., 0].tolist() == [[0, 1, 0], [255, 128, 2]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright(orientation):
    corner = Image.new("RGB", (4, 2))
    corner.putpixel((0, 0), (255, 0, 0))
    pixels = np.asarray(images.decode(with_exif(orientation, corner)))
    places = {1: (0, 0), 2: (0, 3), 3: (1, 3), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (3, 1), 8: (3, 0)}
    assert pixels.shape[:2] == ((2, 4) if orientation < 5 else (4, 2))
    assert np.argwhere(pixels[..., 0] == 255).tolist() == [list(places[orientation])]


def test_nonsense_in_exif_is_no_reason_to_refuse():
    whole = with_exif(6, RED, "JPEG")
    damaged = whole.replace(b"Exif\0\0MM\0*", b"Exif\0\0XX\xff\xff").replace(b"Exif\0\0II*\0", b"Exif\0\0XX\xff\xff")
    assert damaged != whole
    assert images.decode(damaged).size == (6, 4)


def test_one_pixel():
    for view in (images.fit(Image.new("RGB", (1, 1), (9, 8, 7)), 4), images.central(RED, 4, 0.01)):
        assert view.shape == (4, 4, 3)
        assert (view == view[0, 0]).all()


def bomb():
    """A PNG file of a few bytes that claims 30,000 x 30,000 pixels."""
    whole = bytearray(encoded(Image.new("L", (1, 1)), "PNG"))
    whole[16:24] = struct.pack(">II", 30_000, 30_000)
    import zlib

    whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
    return bytes(whole)


REFUSED = {
    "empty": (b"", "empty file"),
    "text": (b"<html>404 not found</html>", "not an image"),
    "header only": (jpeg(0)[:20], "not an image|truncated or damaged"),
    "truncated": (jpeg(0, 200, 200)[:-3000], "truncated or damaged"),
    "png without its end": (encoded(Image.open(io.BytesIO(jpeg(0))), "PNG")[:600], "truncated or damaged"),
    "bomb": (bomb(), "more than 89,478,485 pixels"),
    "float": (encoded(Image.new("F", (2, 2)), "TIFF"), "floating-point pixels"),
    "program": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("read", [images.decode, images.check])
def test_what_is_refused(name, read):
    data, reason = REFUSED[name]
    with pytest.raises(images.Unreadable, match=reason):
        read(data)


def test_what_is_decoded_passes_the_check():
    for data in (jpeg(1), with_exif(3, RED, "JPEG"), encoded(RED.convert("CMYK"), "JPEG"), sixteen_bits()):
        images.check(data)


def test_the_central_view_is_a_bicubic_square():
    """224/256 of the short side (book, ImageNet runs): of 40 x 20 pixels the central 17.5, rounded to 18."""
    image = Image.open(io.BytesIO(jpeg(5, 40, 20))).convert("RGB")
    expected = image.crop((11, 1, 29, 19)).resize((9, 9), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(images.central(image, 9, 224 / 256), np.asarray(expected))


def test_the_central_view_keeps_the_shape_that_is_asked_for():
    """Of 40 x 20 pixels, shown twice as high as wide, the central 10 x 20."""
    image = Image.open(io.BytesIO(jpeg(5, 40, 20))).convert("RGB")
    expected = image.crop((15, 0, 25, 20)).resize((9, 18), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(images.central(image, (18, 9), 1.0), np.asarray(expected))


@pytest.mark.parametrize(("width", "height"), [(500, 375), (375, 500), (64, 64), (40, 400), (3, 2), (1, 1)])
def test_random_boxes_keep_to_the_image_and_the_ranges(width, height):
    draws = np.random.default_rng(0).random((300, images.TRIES, 4))
    boxes = [images.crop_box(width, height, CROP, draw) for draw in draws]
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    if min(width, height) > 60:
        sizes = np.array([(right - left, bottom - top) for left, top, right, bottom in boxes])
        areas, aspects = sizes.prod(1) / (width * height), sizes[:, 0] / sizes[:, 1]
        assert areas.min() > 0.075
        assert aspects.min() > 0.72
        assert aspects.max() < 1.39
        assert areas.min() < 0.12
        assert areas.max() > 0.8
        assert np.median(areas) == pytest.approx(0.5, abs=0.1)
        assert np.median(aspects) == pytest.approx(1, abs=0.06)


def test_the_box_that_a_draw_gives():
    """Half the area of 200 x 100 at aspect 1, the middle of the log range; the first try is too high and is passed."""
    draw = np.array([[1.0, 0.0, 0.0, 0.0], [(0.5 - 0.08) / 0.92, 0.5, 0.25, 0.5]])
    assert images.crop_box(200, 100, CROP, draw) == (25, 0, 125, 100)


@pytest.mark.parametrize(("width", "height", "box"), [(400, 40, (173, 0, 226, 40)), (40, 400, (0, 173, 40, 226))])
def test_without_a_box_that_fits_the_largest_central_one(width, height, box):
    assert images.crop_box(width, height, CROP, np.full((images.TRIES, 4), 0.99)) == box
