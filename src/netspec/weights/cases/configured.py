"""Networks that transformers, diffusers and open_clip make of a configuration, read from what the case says of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax.numpy as jnp

from netspec.exact import backbones, clip, detr, dit, llama, llava, mobilevit, sam
from netspec.exact.published import network
from netspec.weights import families
from netspec.weights.cases.base import Cases, Classes
from netspec.weights.cases.constructor import Call
from netspec.weights.parity import Case, Twin


def _mobilevit(call: Call, case: Case) -> Twin:
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


#: What transformers calls the forms of GELU.
GELU: dict[str, clip.Gelu] = {"gelu": "exact", "quick_gelu": "quick", "gelu_pytorch_tanh": "tanh", "gelu_new": "tanh"}


def _clip(call: Call, case: Case) -> Twin:
    text, vision = call.config.inner("text_config"), call.config.inner("vision_config")
    spec = clip.clip(
        vision.get("hidden_size", 768),
        vision.get("num_attention_heads", 12),
        vision.get("num_hidden_layers", 12),
        patch=vision.get("patch_size", 32),
        image=vision.get("image_size", 224),
        mlp_width=vision.get("intermediate_size", 3072),
        text_width=text.get("hidden_size", 512),
        text_heads=text.get("num_attention_heads", 8),
        text_blocks=text.get("num_hidden_layers", 12),
        text_mlp=text.get("intermediate_size", 2048),
        vocabulary=text.get("vocab_size", 49408),
        tokens=text.get("max_position_embeddings", 77),
        space=call.config.get("projection_dim", 512),
        end=None if text.get("eos_token_id", 49407) == 2 else text.get("eos_token_id", 49407),
        gelu=GELU[text.get("hidden_act", "quick_gelu")],
    )
    return Twin(spec, families.find("clip"))


def _detr(call: Call, case: Case) -> Twin:
    config = call.config
    own = config.get("backbone_config", {"backbone": config.get("backbone", "resnet50")})
    if isinstance(own, Call):
        widths = own.get("hidden_sizes", (256, 512, 1024, 2048))
        bottleneck, depths = own.get("layer_type", "bottleneck") == "bottleneck", own.get("depths", (3, 4, 6, 3))
        stem = own.get("embedding_size", 64)
    else:
        bottleneck, depths = backbones.ENCODERS[own["backbone"]]
        widths = [64 * 2**stage * (4 if bottleneck else 1) for stage in range(4)]
        stem = 64
    dilated = config.get("dilation", False) or (isinstance(own, dict) and own.get("output_stride") == 16)
    spec = detr.detr(
        detr.backbone(stem, widths, depths, bottleneck=bottleneck, dilated=dilated),
        widths[-1],
        width=config.get("d_model", 256),
        heads=config.get("encoder_attention_heads", 8),
        decoder_heads=config.get("decoder_attention_heads", 8),
        blocks=config.get("encoder_layers", 6),
        decoder_blocks=config.get("decoder_layers", 6),
        mlp_width=config.get("encoder_ffn_dim", 2048),
        decoder_mlp=config.get("decoder_ffn_dim", 2048),
        queries=config.get("num_queries", 100),
        classes=config.get("num_labels", 2),
    )
    return Twin(spec, families.find("detr_own_body" if isinstance(own, Call) else "detr"))


def _dit(call: Call, case: Case) -> Twin:
    heads = call.get("num_attention_heads", 16)
    spec = dit.dit(
        heads * call.get("attention_head_dim", 72),
        heads,
        call.get("num_layers", 28),
        patch=call.get("patch_size", 2),
        channels=call.get("in_channels", 4),
        out_channels=call.get("out_channels", 2 * call.get("in_channels", 4)),
        height=call.get("sample_size", 32),
        classes=call.get("num_embeds_ada_norm", 1000),
    )
    return Twin(spec, families.find("diffusers_dit"), {"": "sample", "time": "timestep"})


def _sam(call: Call, case: Case) -> Twin:
    vision, prompts = call.config.inner("vision_config"), call.config.inner("prompt_encoder_config")
    config = call.config.inner("mask_decoder_config")
    image, patch = vision.get("image_size", 1024), vision.get("patch_size", 16)
    width, heads = vision.get("hidden_size", 768), config.get("num_attention_heads", 8)
    blocks = vision.get("num_hidden_layers", 12)
    body = sam.encoder_layers(
        width,
        vision.get("num_attention_heads", 12),
        blocks,
        vision.get("global_attn_indexes", (2, 5, 8, 11)),
        image=image,
        patch=patch,
        window=vision.get("window_size", 14),
        mlp_width=vision.get("mlp_dim", int(width * vision.get("mlp_ratio", 4.0))),
        channels=vision.get("output_channels", 256),
    )
    if call.attribute == "vision_encoder":
        spec = network((image, image, 3), *body, conventions=sam.CONVENTIONS, paper=sam.PAPER)
        return Twin(spec, families.find("sam_encoder"))
    options = {
        "mlp_width": config.get("mlp_dim", 2048),
        "n_blocks": config.get("num_hidden_layers", 2),
        "reduction": config.get("attention_downsample_rate", 2),
        "quality_width": config.get("iou_head_hidden_dim", 256),
        "quality_depth": config.get("iou_head_depth", 3),
        "several": "multimask_output=False" not in case.manifest["call"].replace(" ", ""),
    }
    inside, names = config.get("hidden_size", 256), list(case.inputs)
    outputs = partial(_masks, case)
    if call.attribute == "mask_decoder":
        tokens = case.inputs["sparse_prompt_embeddings"].shape[2]
        spec = sam.decoder(inside, heads, side=image // patch, tokens=tokens, **options)
        return Twin(spec, families.find("sam_decoder"), outputs=outputs)
    spec = sam.sam(
        body,
        inside,
        heads=heads,
        image=image,
        points=case.inputs[names[1]].shape[2],
        mask=prompts.get("mask_input_channels", 16),
        **options,
    )
    return Twin(spec, families.find("sam"), {"": names[0], "points": names[1], "labels": names[2]}, outputs)


def _masks(case: Case, leaves: Mapping[str, Any]) -> dict[str, Any]:
    """The masks as the library has them, in front of their sides, under the names of the case."""
    found = {"iou": leaves["iou"][:, None], "masks": jnp.moveaxis(leaves["masks"], -1, 1)[:, None]}
    return {name: found["iou" if name.startswith("iou") else "masks"] for name in case.outputs}


def _logits(leaves: Mapping[str, Any]) -> dict[str, Any]:
    return {"logits": leaves["logits"]}


def _llava(vision: Call, text: Call, mark: int) -> Twin:
    language = llama.llama(
        text.get("hidden_size", 4096),
        text.get("num_attention_heads", 32),
        text.get("intermediate_size", 11008),
        text.get("num_hidden_layers", 32),
        kv_heads=text.get("num_key_value_heads"),
        vocabulary=text.get("vocab_size", 32000),
        tokens=text.get("max_position_embeddings", 2048),
        epsilon=text.get("rms_norm_eps", 1e-6),
    )
    spec = llava.llava(
        language,
        vision.get("hidden_size", 768),
        vision.get("num_attention_heads", 12),
        vision.get("num_hidden_layers", 12),
        patch=vision.get("patch_size", 32),
        image=vision.get("image_size", 224),
        mlp_width=vision.get("intermediate_size", 3072),
        mark=mark,
    )
    return Twin(spec, families.find("llava"), outputs=_logits)


def _llava_of(call: Call, case: Case) -> Twin:
    config = call.config
    mark = config.get("image_token_id", config.get("image_token_index", 32000))
    return _llava(config.inner("vision_config"), config.inner("text_config"), mark)


def _tiny_llava() -> Twin:
    """As the definition of the case has it."""
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}
    text = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    return _llava(
        Call("vision", (), vision | {"patch_size": 4, "image_size": 16}),
        Call("text", (), text | {"vocab_size": 100, "max_position_embeddings": 64}),
        99,
    )


def _projector(call: Call, case: Case) -> Twin:
    given = dict(zip(("text_hidden", "vision_hidden"), call.arguments, strict=False)) | dict(call.options)
    spec = llava.projector(given.get("vision_hidden", 1024), given.get("text_hidden", 4096))
    return Twin(spec, families.find("llava_projector"))


CASES: Cases = {"tiny_llava": _tiny_llava}

CLASSES: Classes = {
    "definition.projector": _projector,
    "transformers.LlavaForConditionalGeneration": _llava_of,
    "transformers.SamModel": _sam,
    "diffusers.DiTTransformer2DModel": _dit,
    "transformers.DetrForObjectDetection": _detr,
    "transformers.CLIPModel": _clip,
    "transformers.MobileViTForImageClassification": _mobilevit,
}
