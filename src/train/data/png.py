"""Pictures of ours as PNG, by which they are known again where they are to be replaced."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from netspec.ownership import SIGNATURE


def png(picture: np.ndarray | Image.Image) -> bytes:
    """A picture, as pixels ``uint8 (H, W, 3)``, as the contents of a signed file."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    about = PngInfo()
    about.add_text("Software", SIGNATURE)
    stream = io.BytesIO()
    image.save(stream, "PNG", pnginfo=about)
    return stream.getvalue()
