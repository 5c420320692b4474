"""A cell's augmentation in one line of text, for reports and previews."""

from __future__ import annotations

from train.cell import Augmentation


def describe(config: Augmentation) -> str:
    """What is switched on, in the order in which it is applied, and at which strength.

    For example ``"random crop, flip, CutMix α=1.0 (one box and weight per batch)"``.
    """
    book = config.semantics == "book"
    parts = ["random crop" if config.random_crop else "centre crop"]
    if config.horizontal_flip:
        parts.append("flip")
    if config.randaugment:
        kind = "5 colour operations" if book else "14 operations"
        parts.append(f"RandAugment N={config.randaugment.operations} M={config.randaugment.magnitude:g} ({kind})")
    if config.erasing:
        low, high = config.erasing.area
        fill = "N(0, 1)" if book else "uniform"
        parts.append(f"random erasing p={config.erasing.probability:g}, area {low:g}–{high:g} ({fill} noise)")
    per = "batch" if book else "image"
    mixes = []
    if config.mixup:
        weight = f"one weight ≥ 1/2 per {per}" if book else f"one weight per {per}"
        mixes.append(f"Mixup α={float(config.mixup.alpha)!r} ({weight})")
    if config.cutmix:
        mixes.append(f"CutMix α={float(config.cutmix.alpha)!r} (one box and weight per {per})")
    if mixes:
        parts.append(" or ".join(mixes) + (", each on half of the batches" if len(mixes) == 2 else ""))
    return ", ".join(parts)
