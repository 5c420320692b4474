"""The one-line description of a cell's augmentation."""

from dataclasses import replace

import pytest

from train.config.cell import Augmentation, ColourJitter, CutMix, Erasing, Mixup, RandAugment
from train.data.augment import describe

BARE = Augmentation("book", True, True, None, None, None, None)
FULL = replace(
    BARE,
    mixup=Mixup(0.8),
    erasing=Erasing(0.25, (0.02, 0.33), (0.3, 3.3)),
    randaugment=RandAugment(2, 9.0),
)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (BARE, "random crop, flip"),
        (replace(BARE, random_crop=False, horizontal_flip=False), "centre crop"),
        (replace(BARE, cutmix=CutMix(1)), "random crop, flip, CutMix α=1.0 (one box and weight per batch)"),
        (
            FULL,
            "random crop, flip, RandAugment N=2 M=9 (5 colour operations), random erasing p=0.25, area 0.02–0.33 "
            "(N(0, 1) noise), Mixup α=0.8 (one weight ≥ 1/2 per batch)",
        ),
        (
            replace(FULL, semantics="paper", cutmix=CutMix(1.0)),
            "random crop, flip, RandAugment N=2 M=9 (14 operations), random erasing p=0.25, area 0.02–0.33 "
            "(uniform noise), Mixup α=0.8 (one weight per image) or CutMix α=1.0 (one box and weight per image), "
            "each on half of the batches",
        ),
        (
            replace(
                FULL,
                semantics="imagenet",
                cutmix=CutMix(1.0),
                randaugment=None,
                colour_jitter=ColourJitter(0.27, 0.36, 0.36, 0.09),
            ),
            "random crop, flip, colour jitter (brightness ±0.27, contrast ±0.36, saturation ±0.36, hue ±0.09), random "
            "erasing p=0.25, area 0.02–0.33 (zeros), Mixup α=0.8 (one weight per batch) or CutMix α=1.0 (one box and "
            "weight per batch), in turn",
        ),
    ],
)
def test_describe(config, text):
    assert describe(config) == text
