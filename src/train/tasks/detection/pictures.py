"""Detections of one picture, as values and as a drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from train.tasks.detection import boxes as geometry
from train.tasks.detection.precision import Truth
from train.tasks.detection.suppress import Detections, suppressed

if TYPE_CHECKING:
    from train.tasks.detection.learner import Detector

#: Score from which a detection is shown.
SHOWN = 0.3
#: Colours of true and of predicted boxes: blue and orange that the colour-blind can tell apart (Okabe and Ito 2008).
TRUE, FOUND = (0, 114, 178), (230, 159, 0)
#: Least side in pixels of a drawn picture; height of its letters.
SIDE, LETTERS = 320, 15


def detect(
    run: Callable, image: np.ndarray, learner: Detector, names: Sequence[str], least: float = SHOWN
) -> list[dict[str, Any]]:
    """The detections of a picture with a score of ``least`` or more, best first, as :func:`described` gives them.

    ``image`` is uint8 ``(H, W, 3)``, already of the size that the network takes; ``run(function, *arrays)`` gives
    ``function(network, *arrays)`` with trained weights, as :meth:`train.step.Programs.run` makes it.
    """
    boxes, scores = run(learner.look, image[None])
    found = suppressed(np.asarray(boxes)[0], np.asarray(scores)[0])
    return described(above(found, least), names)


def above(found: Detections, least: float) -> Detections:
    """Those with a score of ``least`` or more."""
    kept = found.scores >= least
    return Detections(*(part[kept] for part in found))


def described(found: Detections, names: Sequence[str]) -> list[dict[str, Any]]:
    """Detections as ``{"class": name, "score": in (0, 1], "box": [centre x, centre y, width, height]}``."""
    return [
        {"class": names[label], "score": round(float(score), 4), "box": rounded(box)}
        for box, label, score in zip(*found, strict=True)
    ]


def rounded(box: np.ndarray) -> list[float]:
    """The four numbers of a box, to a ten-thousandth of the picture."""
    return [round(float(number), 4) for number in box]


def drawn(
    image: Image.Image, found: Sequence[Mapping[str, Any]], truth: Truth | None, names: Sequence[str]
) -> Image.Image:
    """The picture, enlarged where it is small, with detections as :func:`described` in :data:`FOUND`, each with class
    and score, over the true boxes in :data:`TRUE`, those of difficult objects thin.
    """
    factor = max(1, -(-SIDE // min(image.size)))
    large = image.convert("RGB").resize((image.width * factor, image.height * factor), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(large)
    font = ImageFont.load_default(LETTERS)
    if truth is not None:
        for box, label, difficult in zip(*truth, strict=True):
            _frame(pen, large.size, box, TRUE, 1 if difficult else 3)
            _label(pen, large.size, box, names[label], TRUE, font, below=True)
    for one in found:
        _frame(pen, large.size, np.array(one["box"]), FOUND, 2)
        _label(pen, large.size, np.array(one["box"]), f"{one['class']} {one['score']:.2f}", FOUND, font, below=False)
    return large


def _frame(pen: Any, size: tuple[int, int], box: np.ndarray, colour: tuple[int, ...], width: int) -> None:
    """A box of no size on the picture is a dot."""
    left, top, right, bottom = geometry.edges(box)
    corner = left * size[0], top * size[1]
    pen.rectangle(
        (*corner, max(right * size[0] - 1, corner[0]), max(bottom * size[1] - 1, corner[1])),
        outline=colour,
        width=width,
    )


def _label(
    pen: Any, size: tuple[int, int], box: np.ndarray, text: str, colour: tuple[int, ...], font: Any, *, below: bool
) -> None:
    """A text on a ground of the colour, at the box's upper or lower left corner, within the picture."""
    left, top, _, bottom = geometry.edges(box)
    width, height = pen.textlength(text, font=font) + 4, LETTERS + 4
    x = min(max(left * size[0], 0), max(size[0] - width, 0))
    y = min(bottom * size[1], size[1] - height) if below else max(top * size[1] - height, 0)
    pen.rectangle((x, y, x + width, y + height), fill=colour)
    pen.text((x + 2, y + 1), text, fill="white" if below else "black", font=font)
