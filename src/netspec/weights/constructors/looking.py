"""Networks that look, of transformers, diffusers and open_clip: MobileViT, CLIP's ResNets, DETR, DiT, SAM, LLaVA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from netspec import exact
from netspec.exact import detr, dit, llama, llava, mobilevit, sam
from netspec.exact.backbones import ENCODERS
from netspec.exact.published import network
from netspec.layers.base import Layers
from netspec.spec import NetSpec
from netspec.weights.constructors.base import made, named
from netspec.weights.constructors.calls import Call
from netspec.weights.constructors.readers import check, reads, settings
from netspec.weights.families import find
from netspec.weights.parity import Twin
from netspec.weights.plan import WeightsError


@reads("open_clip.create_model", force_quick_gelu=False, precision="fp32", device="cpu")
def open_clip(model_name: str) -> Twin:
    """CLIP by its name in open_clip."""
    name = f"open_clip.{model_name.replace('/', '-')}"
    if exact.known(name) is None:
        raise WeightsError(f"open_clip.create_model: no network is known as {model_name}")
    return named(name)


@reads(
    "transformers.MobileViTForImageClassification", num_channels=3, patch_size=2, hidden_act="silu",
    conv_kernel_size=3, output_stride=32, layer_norm_eps=1e-5, qkv_bias=True,
    aspp_out_channels=256, atrous_rates=[6, 12, 18], image_size=256,
)  # fmt: skip
def mobile_vit(
    hidden_sizes: Sequence[int] = (144, 192, 240),
    neck_hidden_sizes: Sequence[int] = (16, 32, 64, 96, 128, 160, 640),
    num_attention_heads: int = 4, mlp_ratio: float = 2.0, expand_ratio: float = 4.0, num_labels: int = 2,
) -> Twin:  # fmt: skip
    """MobileViT."""
    stem, *channels, last = neck_hidden_sizes
    return made(
        "transformers_mobilevit",
        mobilevit.mobilevit,
        channels,
        hidden_sizes,
        last,
        expand=expand_ratio,
        stem=stem,
        heads=num_attention_heads,
        mlp_ratio=mlp_ratio,
        classes=num_labels,
    )


def _body(given: Any, name: str | None, dilated: bool) -> tuple[Layers, int, str]:
    """The ResNet under a DETR, the channels that leave it, and the rules for both."""
    own = settings(given)
    if (isinstance(given, Call) and given.name.endswith("ResNetConfig")) or own.get("model_type") == "resnet":
        for key, value in (("hidden_act", "relu"), ("downsample_in_first_stage", False), ("num_channels", 3)):
            check("ResNetConfig", key, own.get(key), value)
        check("ResNetConfig", "downsample_in_bottleneck", own.get("downsample_in_bottleneck"), False)
        check("DetrConfig", "dilation", dilated, False)
        widths = own.get("hidden_sizes", (256, 512, 1024, 2048))
        bottleneck = own.get("layer_type", "bottleneck") == "bottleneck"
        body = detr.backbone(
            own.get("embedding_size", 64), widths, own.get("depths", (3, 4, 6, 3)), bottleneck=bottleneck
        )
        return body, widths[-1], "detr_own_body"
    name = own.get("backbone", name or "resnet50")
    check("DetrConfig", "backbone", name, *ENCODERS)
    check("DetrConfig", "output_stride", own.get("output_stride"), 16, 32)
    bottleneck, depths = ENCODERS[str(name)]
    widths = [64 * 2**stage * (4 if bottleneck else 1) for stage in range(4)]
    dilated = dilated or own.get("output_stride") == 16
    return detr.backbone(64, widths, depths, bottleneck=bottleneck, dilated=dilated), widths[-1], "detr"


@reads(
    "transformers.DetrForObjectDetection", num_channels=3, activation_function="relu", scale_embedding=False,
    position_embedding_type="sine", use_timm_backbone=(True, False), use_pretrained_backbone=(False, True),
    backbone_kwargs=None, num_hidden_layers=None, max_position_embeddings=1024, eos_coefficient=0.1,
)  # fmt: skip
def detecting(
    backbone_config: Any = None, backbone: str | None = None, num_queries: int = 100, encoder_layers: int = 6,
    encoder_ffn_dim: int = 2048, encoder_attention_heads: int = 8, decoder_layers: int = 6,
    decoder_ffn_dim: int = 2048, decoder_attention_heads: int = 8, d_model: int = 256, dilation: bool = False,
    num_labels: int = 2,
) -> Twin:  # fmt: skip
    """DETR."""
    body, arrived, rules = _body(backbone_config, backbone, bool(dilation))
    return made(
        rules,
        detr.detr,
        body,
        arrived,
        width=d_model,
        heads=encoder_attention_heads,
        decoder_heads=decoder_attention_heads,
        blocks=encoder_layers,
        decoder_blocks=decoder_layers,
        mlp_width=encoder_ffn_dim,
        decoder_mlp=decoder_ffn_dim,
        queries=num_queries,
        classes=num_labels,
    )


@reads(
    "diffusers.DiTTransformer2DModel", norm_type="ada_norm_zero", norm_elementwise_affine=False, norm_eps=1e-5,
    activation_fn="gelu-approximate", attention_bias=True, upcast_attention=(False, True), norm_num_groups=32,
)  # fmt: skip
def denoising(
    num_attention_heads: int = 16, attention_head_dim: int = 72, in_channels: int = 4,
    out_channels: int | None = None, num_layers: int = 28, sample_size: int = 32, patch_size: int = 2,
    num_embeds_ada_norm: int = 1000,
) -> Twin:  # fmt: skip
    """DiT."""
    spec = dit.dit(
        num_attention_heads * attention_head_dim,
        num_attention_heads,
        num_layers,
        patch=patch_size,
        channels=in_channels,
        out_channels=out_channels or in_channels,
        height=sample_size,
        classes=num_embeds_ada_norm,
    )
    return Twin(spec, find("diffusers_dit"), {"": "sample", "time": "timestep"})


def _checked(given: Any, name: str, **fixed: Any) -> Mapping[str, Any]:
    found = settings(given)
    for key, value in fixed.items():
        check(name, key, found.get(key), value)
    return found


def _encoder(vision_config: Any) -> tuple[Layers, int, int]:
    """The layers of SAM's encoder, and the sides of its image and of a patch."""
    given = _checked(
        vision_config, "SamVisionConfig", layer_norm_eps=1e-6, hidden_act="gelu", use_rel_pos=True, use_abs_pos=True,
        qkv_bias=True, num_channels=3,
    )  # fmt: skip
    width, image, patch = given.get("hidden_size", 768), given.get("image_size", 1024), given.get("patch_size", 16)
    layers = sam.encoder_layers(
        width,
        given.get("num_attention_heads", 12),
        given.get("num_hidden_layers", 12),
        tuple(given.get("global_attn_indexes", (2, 5, 8, 11))),
        image=image,
        patch=patch,
        window=given.get("window_size", 14),
        mlp_width=given.get("mlp_dim") or int(given.get("mlp_ratio", 4) * width),
        channels=given.get("output_channels", 256),
    )
    return layers, image, patch


@reads("transformers.SamModel.vision_encoder")
def sam_encoder(vision_config: Any = None, prompt_encoder_config: Any = None, mask_decoder_config: Any = None) -> Twin:
    """The encoder of SAM, which the other configurations say nothing of."""
    layers, image, _ = _encoder(vision_config)
    spec = network((image, image, 3), *layers, conventions=sam.CONVENTIONS, paper=sam.PAPER)
    return Twin(spec, find("sam_encoder"))


def _decoder(mask_decoder_config: Any) -> tuple[int, int, dict[str, int]]:
    """Width and heads of SAM's decoder, and what else it is made with."""
    given = _checked(
        mask_decoder_config, "SamMaskDecoderConfig", hidden_act="relu", layer_norm_eps=1e-6, num_multimask_outputs=3
    )
    options = {
        "mlp_width": given.get("mlp_dim", 2048),
        "n_blocks": given.get("num_hidden_layers", 2),
        "reduction": given.get("attention_downsample_rate", 2),
        "quality_width": given.get("iou_head_hidden_dim", 256),
        "quality_depth": given.get("iou_head_depth", 3),
    }
    return given.get("hidden_size", 256), given.get("num_attention_heads", 8), options


def _masks(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Masks in front of their sides, behind an axis of prompts, under the names of both calls."""
    quality, masks = leaves["iou"][:, None], jnp.moveaxis(leaves["masks"], -1, 1)[:, None]
    return {"masks": masks, "pred_masks": masks, "iou": quality, "iou_scores": quality}


@reads("transformers.SamModel.mask_decoder")
def sam_decoder(vision_config: Any = None, prompt_encoder_config: Any = None, mask_decoder_config: Any = None) -> Twin:
    """The decoder of SAM, which is given the image, its positions and both kinds of prompts."""
    _, image, patch = _encoder(vision_config)
    width, heads, options = _decoder(mask_decoder_config)
    return Twin(sam.decoder(width, heads, side=image // patch, **options), find("sam_decoder"), outputs=_masks)


@reads("transformers.SamModel")
def sam_model(vision_config: Any = None, prompt_encoder_config: Any = None, mask_decoder_config: Any = None) -> Twin:
    """The whole of SAM, asked with points."""
    layers, image, _ = _encoder(vision_config)
    width, heads, options = _decoder(mask_decoder_config)
    given = _checked(
        prompt_encoder_config, "SamPromptEncoderConfig", hidden_size=width, image_size=image, hidden_act="gelu",
        num_point_embeddings=4,
    )  # fmt: skip
    spec = sam.sam(layers, width, heads, image=image, mask=given.get("mask_input_channels", 16), **options)
    return Twin(spec, find("sam"), {"": "input"}, _masks)


def _tower(language: NetSpec, vision: Mapping[str, Any], mark: int) -> Twin:
    for key, value in (("hidden_act", "quick_gelu"), ("layer_norm_eps", 1e-5), ("num_channels", 3)):
        check("CLIPVisionConfig", key, vision.get(key), value)
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
    return Twin(spec, find("llava"), {"": "input"})


@reads(
    "transformers.LlavaForConditionalGeneration", projector_hidden_act="gelu", vision_feature_layer=-2,
    vision_feature_select_strategy="default", multimodal_projector_bias=True, tie_word_embeddings=False,
    image_seq_length=(576, None), ignore_index=-100, vocab_size=None,
)  # fmt: skip
def seeing(
    vision_config: Any = None, text_config: Any = None, image_token_index: int = 32000,
    image_token_id: int | None = None,
) -> Twin:  # fmt: skip
    """LLaVA on a CLIP and a LLaMA."""
    text = settings(text_config)
    for key, value in (("hidden_act", "silu"), ("attention_bias", False), ("mlp_bias", False), ("rope_scaling", None)):
        check("LlamaConfig", key, text.get(key), value)
    heads, groups = text.get("num_attention_heads", 32), text.get("num_key_value_heads")
    language = llama.llama(
        text.get("hidden_size", 4096),
        heads,
        text.get("intermediate_size", 11008),
        text.get("num_hidden_layers", 32),
        kv_heads=None if groups == heads else groups,
        vocabulary=text.get("vocab_size", 32000),
        tokens=text.get("max_position_embeddings", 2048),
        epsilon=text.get("rms_norm_eps", 1e-6),
    )
    return _tower(language, settings(vision_config), image_token_index if image_token_id is None else image_token_id)


@reads("definition.tiny")
def tiny_seeing() -> Twin:
    """The small LLaVA of the case: pictures of 4×4 patches, marked by token 99."""
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}
    language = llama.llama(48, 4, 96, 2, vocabulary=100, tokens=64)
    return _tower(language, sizes | {"patch_size": 4, "image_size": 16}, 99)


@reads("definition.projector")
def projector(text_hidden: int = 4096, vision_hidden: int = 1024) -> Twin:
    """What maps patches to tokens in LLaVA."""
    return made("llava_projector", llava.projector, vision_hidden, text_hidden)
