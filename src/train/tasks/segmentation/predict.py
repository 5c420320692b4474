"""What a network says of the pixels of a picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

from train.data.png import png
from train.tasks.segmentation.pictures import coloured, overlay
from train.use import Made, Used


def predict(used: Used, picture: Image.Image) -> Made:
    """The share of each class, the mask with the numbers of classes, and the picture under their colours; all as large
    as the picture.
    """
    mask = np.asarray(used.run(used.learner.predict, used.view(picture)[None]))[0]
    whole = np.asarray(Image.fromarray(mask).resize(picture.size, Image.Resampling.NEAREST))
    shares = np.bincount(whole.reshape(-1), minlength=len(used.class_names)) / whole.size
    text = "\n".join(f"{100 * share:6.2f} %  {name}" for name, share in zip(used.class_names, shares, strict=True))
    paletted = Image.fromarray(whole)
    paletted.putpalette(coloured(np.arange(256, dtype=np.uint8)).tobytes())
    below = Image.fromarray(overlay(np.asarray(picture), whole))
    return Made(text, {"-mask.png": png(paletted), "-overlay.png": png(below)})
