"""A cell's augmentation in one line of text, for reports and previews."""

from __future__ import annotations

from train.config.cell import Augmentation


def describe(config: Augmentation) -> str:
    """What is switched on, in the order in which it is applied, and at which strength.

    For example ``"random crop, flip, CutMix α=1.0 (one box and weight per batch)"``.
    """
    book, imagenet = config.semantics == "book", config.semantics == "imagenet"
    parts = ["random crop" if config.random_crop else "centre crop"]
    if config.horizontal_flip:
        parts.append("flip")
    if config.randaugment:
        kind = "5 colour operations" if book else "14 operations"
        parts.append(f"RandAugment N={config.randaugment.operations} M={config.randaugment.magnitude:g} ({kind})")
    if config.colour_jitter:
        jitter = config.colour_jitter
        amounts = ", ".join(f"{name} ±{getattr(jitter, name):g}" for name in ("brightness", "contrast", "saturation"))
        parts.append(f"colour jitter ({amounts}, hue ±{jitter.hue:g})")
    if config.erasing:
        low, high = config.erasing.area
        fill = "N(0, 1) noise" if book else "zeros" if imagenet else "uniform noise"
        parts.append(f"random erasing p={config.erasing.probability:g}, area {low:g}–{high:g} ({fill})")
    per = "batch" if book or imagenet else "image"
    mixes = []
    if config.mixup:
        weight = f"one weight ≥ 1/2 per {per}" if book else f"one weight per {per}"
        mixes.append(f"Mixup α={float(config.mixup.alpha)!r} ({weight})")
    if config.cutmix:
        mixes.append(f"CutMix α={float(config.cutmix.alpha)!r} (one box and weight per {per})")
    if mixes:
        both = ", in turn" if imagenet else ", each on half of the batches"
        parts.append(" or ".join(mixes) + (both if len(mixes) == 2 else ""))
    return ", ".join(parts)
