"""The one-line description of a cell's augmentation."""

from dataclasses import replace

import pytest

from train.augment import describe
from train.cell import Augmentation, CutMix, Erasing, Mixup, RandAugment

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
    ],
)
def test_describe(config, text):
    assert describe(config) == text
