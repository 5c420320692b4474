"""What a trained detector says of a person's picture."""

from __future__ import annotations

import json

from PIL import Image

from train.data.png import png
from train.tasks.detection.pictures import detect, drawn
from train.use import Made, Used


def predict(used: Used, picture: Image.Image) -> Made:
    """A line for each detection, best first: its score in percent, its class, and left, top, width and height in pixels
    of the picture; the same as JSON with boxes in shares of it, and the boxes drawn on the picture.
    """
    found = detect(used.run, used.view(picture), used.learner, used.class_names)
    lines = []
    for one in found:
        x, y, width, height = one["box"]
        shares = (x - width / 2, picture.width), (y - height / 2, picture.height), (width, picture.width)
        left, top, across, down = (round(share * pixels) for share, pixels in (*shares, (height, picture.height)))
        lines.append(f"{100 * one['score']:6.2f} %  {one['class']}  at {left}, {top}: {across} × {down} pixels")
    listed = (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()
    boxes = png(drawn(picture, found, None, used.class_names))
    return Made("\n".join(lines) or "nothing found", {"-boxes.json": listed, "-boxes.png": boxes})
