"""What a classifier says of a picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

from train.use import Made, Used


def predict(used: Used, picture: Image.Image) -> Made:
    """The likeliest classes, at most five, with their chances in percent."""
    chances = np.asarray(used.run(used.learner.chances, used.view(picture)[None]))[0]
    best = np.argsort(-chances, kind="stable")[:5]
    return Made("\n".join(f"{100 * chances[label]:6.2f} %  {used.class_names[label]}" for label in best))
