"""Networks of torchvision and timm: by name with other arguments, and those made of their classes."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from netspec import exact
from netspec.exact import convnext, densenet, detection, efficientnet, mixer, mobilenet, resnet, shuffle, swin, vit
from netspec.exact.published import Published
from netspec.layers import BottleneckBlock, ResidualBlock
from netspec.weights.constructors.base import made
from netspec.weights.constructors.calls import Call, Name
from netspec.weights.constructors.readers import TRAINING, check, reads
from netspec.weights.families import find
from netspec.weights.parity import Twin
from netspec.weights.plan import WeightsError

#: Functions of torchvision that make a network, by their names.
TORCHVISION = re.compile(r"torchvision\.models\.(?:segmentation\.|detection\.)?([a-z]\w*)")
#: What some of them are given besides, which must leave the network as it is in evaluation.
PLAIN = {"aux_logits": False, "transform_input": False}


def by_name(call: Call) -> Twin | None:
    """The published network that a function of torchvision or :func:`timm.create_model` makes, if it is known.

    Raises :class:`WeightsError` for an argument that is not understood.
    """
    if call.part:
        return None
    if found := TORCHVISION.fullmatch(call.name):
        for key, value in PLAIN.items():
            check(call.name, key, call.options.get(key), value)
        rest = {key: value for key, value in call.options.items() if key not in PLAIN}
        return _of(exact.known(found[1]), call.name, rest, {"width_mult": "multiplier", "aux_loss": "aux"})
    if call.name == "timm.create_model" and call.args and isinstance(call.args[0], str):
        name = re.sub(r"^.*/|\.\w+$", "", call.args[0])  # with neither source nor tag
        published = exact.known(f"{name}.timm") or exact.known(name)
        return _of(published, call.name, call.options, {"patch_size": "patch", "img_size": "image"})
    return None


def _of(published: Published | None, where: str, given: Mapping[str, Any], ours: Mapping[str, str]) -> Twin | None:
    if published is None:
        return None
    options = {key: value for key, value in given.items() if not TRAINING.fullmatch(key)}
    classes = options.pop("num_classes", None)
    made_with: dict[str, Any] = {}
    understood = inspect.signature(published.make).parameters
    for key, value in options.items():
        name = ours.get(key, "")
        name = "height" if name == "image" and name not in understood else name
        if name not in understood:
            raise WeightsError(f"{where}: {key} of {published.name} is not read; num_classes and weights are")
        made_with[name] = bool(value) if name == "aux" else value
    network = replace(published, make=partial(published.make, **made_with)) if made_with else published
    return Twin(network.spec(classes), find(published.rules))


BLOCKS: dict[str, type[ResidualBlock | BottleneckBlock]] = {"BasicBlock": ResidualBlock, "Bottleneck": BottleneckBlock}


@reads(
    "torchvision.models.resnet.ResNet", "torchvision.models.ResNet", zero_init_residual=(False, True), norm_layer=None
)
def residual(
    block: Name, layers: Sequence[int], num_classes: int = 1000, groups: int = 1, width_per_group: int = 64
) -> Twin:
    """ResNet and ResNeXt."""
    kind = block.rpartition(".")[2]
    check("ResNet", "block", kind, *BLOCKS)
    return made(
        "torchvision_resnet", resnet.resnet, BLOCKS[kind], tuple(layers), groups, width_per_group, classes=num_classes
    )


@reads("torchvision.models.DenseNet", "torchvision.models.densenet.DenseNet", memory_efficient=(False, True))
def dense(
    growth_rate: int = 32, block_config: Sequence[int] = (6, 12, 24, 16), num_init_features: int = 64,
    bn_size: int = 4, num_classes: int = 1000,
) -> Twin:  # fmt: skip
    """DenseNet."""
    sizes = {"bottleneck": bn_size, "classes": num_classes}
    return made("torchvision_densenet", densenet.densenet, growth_rate, tuple(block_config), num_init_features, **sizes)


@reads("torchvision.models.ShuffleNetV2", "torchvision.models.shufflenetv2.ShuffleNetV2")
def shufflenet(stages_repeats: Sequence[int], stages_out_channels: Sequence[int], num_classes: int = 1000) -> Twin:
    """ShuffleNet V2."""
    sizes = tuple(stages_repeats), tuple(stages_out_channels)
    return made("torchvision_shufflenet_v2", shuffle.shufflenet_v2, *sizes, classes=num_classes)


@reads("torchvision.models.MobileNetV2", "torchvision.models.mobilenetv2.MobileNetV2", round_nearest=8)
def mobilenet_v2(num_classes: int = 1000, width_mult: float = 1.0) -> Twin:
    """MobileNet V2."""
    return made("torchvision_mobilenet_v2", mobilenet.mobilenet_v2, width_mult, classes=num_classes)


@reads("torchvision.models.convnext.ConvNeXt", "torchvision.models.ConvNeXt", layer_scale=1e-6)
def conv_next(block_setting: Sequence[Call], num_classes: int = 1000) -> Twin:
    """ConvNeXt of ``CNBlockConfig(channels, next channels, blocks)``."""
    stages = [_arguments(one, "input_channels", "out_channels", "num_layers") for one in block_setting]
    for stage, after in zip(stages, [*stages[1:], None], strict=True):
        check("CNBlockConfig", "out_channels", stage["out_channels"], after["input_channels"] if after else None)
    widths = tuple(stage["input_channels"] for stage in stages)
    depths = tuple(stage["num_layers"] for stage in stages)
    return made("torchvision_convnext", convnext.convnext, widths, depths, classes=num_classes)


def _arguments(call: Call, *names: str) -> dict[str, Any]:
    """The arguments of a nested call by name; raises :class:`WeightsError` for more or others than ``names``."""
    if len(call.args) > len(names) or (call.options.keys() - {*names}):
        raise WeightsError(f"{call.name}: expected {', '.join(names)}")
    return dict.fromkeys(names) | dict(zip(names, call.args, strict=False)) | dict(call.options)


@reads("torchvision.models.efficientnet.EfficientNet", "torchvision.models.EfficientNet", norm_layer=None)
def efficient(
    inverted_residual_setting: Sequence[Call], num_classes: int = 1000, last_channel: int | None = None
) -> Twin:
    """EfficientNet of ``MBConvConfig``, or V2 where some are fused."""
    names = ("expand_ratio", "kernel", "stride", "input_channels", "out_channels", "num_layers")
    kinds = [one.name.rpartition(".")[2] == "FusedMBConvConfig" for one in inverted_residual_setting]
    stages = [_arguments(one, *names, "width_mult", "depth_mult") for one in inverted_residual_setting]
    for stage, after in itertools.pairwise(stages):
        check("EfficientNet", "input_channels", after["input_channels"], stage["out_channels"])
    for stage in stages:
        check("EfficientNet", "width_mult", stage["width_mult"], 1)
        check("EfficientNet", "depth_mult", stage["depth_mult"], 1)
    options = {"classes": num_classes, "epsilon": 1e-5}
    if not any(kinds):
        sizes = tuple((s["expand_ratio"], s["kernel"], s["stride"], s["out_channels"], s["num_layers"]) for s in stages)
        return made(
            "torchvision_efficientnet",
            efficientnet.efficientnet,
            stages=sizes,
            first=stages[0]["input_channels"],
            last=last_channel,
            **options,
        )
    for stage in stages:
        check("EfficientNet", "kernel", stage["kernel"], 3)
    fused = tuple(
        (kind, s["expand_ratio"], s["stride"], s["out_channels"], s["num_layers"])
        for kind, s in zip(kinds, stages, strict=True)
    )
    check("EfficientNet", "input_channels", stages[0]["input_channels"], stages[0]["out_channels"])
    last = last_channel or 4 * stages[-1]["out_channels"]
    return made("torchvision_efficientnet", efficientnet.efficientnet_v2, fused, last=last, **options)


@reads("torchvision.models.swin_transformer.SwinTransformer", "torchvision.models.SwinTransformer", mlp_ratio=4.0)
def swin_transformer(
    patch_size: Sequence[int], embed_dim: int, depths: Sequence[int], num_heads: Sequence[int],
    window_size: Sequence[int], num_classes: int = 1000,
) -> Twin:  # fmt: skip
    """Swin, whose picture has as many patches as windows and halvings ask for."""
    for key, value in (("patch_size", patch_size), ("window_size", window_size)):
        check("SwinTransformer", key, value[1], value[0])
    image = patch_size[0] * window_size[0] * 2 ** (len(depths) - 1)
    sizes = {"window": window_size[0], "patch": patch_size[0], "image": image, "classes": num_classes}
    return made("torchvision_swin", swin.swin, embed_dim, tuple(depths), tuple(num_heads), **sizes)


@reads("torchvision.models.VisionTransformer", "torchvision.models.vision_transformer.VisionTransformer")
def vision_transformer(
    image_size: int, patch_size: int, num_layers: int, num_heads: int, hidden_dim: int, mlp_dim: int,
    num_classes: int = 1000,
) -> Twin:  # fmt: skip
    """ViT of torchvision."""
    sizes = {"patch": patch_size, "height": image_size, "mlp_width": mlp_dim, "classes": num_classes}
    return made("torchvision_vit", vit.vit, hidden_dim, num_heads, num_layers, **sizes)


@reads(
    "timm.models.vision_transformer.VisionTransformer", "timm.models.VisionTransformer", qkv_bias=True, in_chans=3,
    global_pool="token", class_token=True,
)  # fmt: skip
def timm_vision_transformer(
    img_size: int = 224, patch_size: int = 16, num_classes: int = 1000, embed_dim: int = 768, depth: int = 12,
    num_heads: int = 12, mlp_ratio: float = 4.0,
) -> Twin:  # fmt: skip
    """ViT of timm."""
    sizes = {"patch": patch_size, "height": img_size, "mlp_width": int(mlp_ratio * embed_dim), "classes": num_classes}
    return made("timm_vit", vit.vit, embed_dim, num_heads, depth, **sizes)


@reads("timm.models.mlp_mixer.MlpMixer", "timm.models.MlpMixer", in_chans=3)
def mlp_mixer(
    num_classes: int = 1000, img_size: int = 224, patch_size: int = 16, num_blocks: int = 8, embed_dim: int = 512,
    mlp_ratio: tuple[float, float] = (0.5, 4.0),
) -> Twin:  # fmt: skip
    """MLP-Mixer of timm."""
    sizes = {"patch": patch_size, "image": img_size, "classes": num_classes, "ratio": tuple(mlp_ratio)}
    return made("mixer", mixer.mixer, embed_dim, num_blocks, **sizes)


@reads("timm.models.convnext.ConvNeXt", in_chans=3)
def timm_convnext(
    num_classes: int = 1000, depths: Sequence[int] = (3, 3, 9, 3), dims: Sequence[int] = (96, 192, 384, 768),
    conv_mlp: bool = False, use_grn: bool = False, ls_init_value: float | None = 1e-6,
) -> Twin:  # fmt: skip
    """ConvNeXt of timm, and V2 where it has a norm of global responses."""
    check("ConvNeXt", "ls_init_value", ls_init_value or None, None if use_grn else 1e-6)
    rules = ("timm_convnextv2" if use_grn else "timm_convnext") + ("_conv" if conv_mlp else "")
    make = convnext.convnext_v2 if use_grn else convnext.convnext
    return made(rules, make, tuple(dims), tuple(depths), classes=num_classes)


def _rows(levels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Classes and boxes of the anchors of one level, a row each."""
    (level,) = levels.values()
    classes, boxes = level["class"], level["box"]
    rows = boxes.shape[1] * boxes.shape[2] * boxes.shape[3] // 4
    return {
        "cls_logits": classes.reshape(classes.shape[0], rows, -1),
        "bbox_regression": boxes.reshape(boxes.shape[0], rows, 4),
    }


@reads("torchvision.models.detection.retinanet_resnet50_fpn.head")
def retina_head(num_classes: int = 91) -> Twin:
    """The head of RetinaNet on one level."""
    return Twin(detection.retina(classes=num_classes), find("torchvision_retina_head"), outputs=_rows)
