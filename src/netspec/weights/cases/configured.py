"""Networks that transformers, diffusers and open_clip make of a configuration, read from what the case says of it."""

from __future__ import annotations

from netspec.exact import mobilevit
from netspec.weights import families
from netspec.weights.cases.base import Classes
from netspec.weights.cases.constructor import Call
from netspec.weights.parity import Twin


def _mobilevit(call: Call) -> Twin:
    config = call.config
    stem, *channels, last = config.get("neck_hidden_sizes", (16, 32, 64, 96, 128, 160, 640))
    spec = mobilevit.mobilevit(
        channels,
        config.get("hidden_sizes", (144, 192, 240)),
        last,
        stem=stem,
        expand=config.get("expand_ratio", 4.0),
        heads=config.get("num_attention_heads", 4),
        mlp_ratio=config.get("mlp_ratio", 2.0),
        image=config.get("image_size", 256),
        classes=config.get("num_labels", 2),
    )
    return Twin(spec, families.find("transformers_mobilevit"))


CLASSES: Classes = {"transformers.MobileViTForImageClassification": _mobilevit}
