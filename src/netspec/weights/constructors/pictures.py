"""Networks of transformers, diffusers and segmentation_models_pytorch that read or draw pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.exact import diffusion, segformer, segmentation, unet, vit
from netspec.weights.constructors.base import made
from netspec.weights.constructors.readers import check, reads
from netspec.weights.families import find
from netspec.weights.parity import Twin
from netspec.weights.plan import WeightsError

OF_SEGFORMER: dict[str, Any] = {
    "num_channels": 3,
    "num_encoder_blocks": 4,
    "patch_sizes": [7, 3, 3, 3],
    "strides": [4, 2, 2, 2],
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-6,
    "reshape_last_stage": True,
}
DEPTHS, WIDTHS = (2, 2, 2, 2), (32, 64, 160, 256)


def _ratio(given: Sequence[int]) -> None:
    check("SegformerConfig", "mlp_ratios", list(given), [4, 4, 4, 4])


@reads("transformers.SegformerForSemanticSegmentation", **OF_SEGFORMER)
def segmenting(
    depths: Sequence[int] = DEPTHS, sr_ratios: Sequence[int] = segformer.REDUCTIONS,
    hidden_sizes: Sequence[int] = WIDTHS, num_attention_heads: Sequence[int] = segformer.HEADS,
    mlp_ratios: Sequence[int] = (4, 4, 4, 4), decoder_hidden_size: int = 256, num_labels: int = 2,
) -> Twin:  # fmt: skip
    """SegFormer."""
    _ratio(mlp_ratios)
    sizes = {"heads": tuple(num_attention_heads), "reductions": tuple(sr_ratios), "decoder": decoder_hidden_size}
    return made("segformer", segformer.segformer, tuple(hidden_sizes), tuple(depths), classes=num_labels, **sizes)


@reads("transformers.SegformerForImageClassification", decoder_hidden_size=(256, 768), **OF_SEGFORMER)
def mit(
    depths: Sequence[int] = DEPTHS, sr_ratios: Sequence[int] = segformer.REDUCTIONS,
    hidden_sizes: Sequence[int] = WIDTHS, num_attention_heads: Sequence[int] = segformer.HEADS,
    mlp_ratios: Sequence[int] = (4, 4, 4, 4), num_labels: int = 2,
) -> Twin:  # fmt: skip
    """Its encoder with a head of classes."""
    _ratio(mlp_ratios)
    sizes = {"heads": tuple(num_attention_heads), "reductions": tuple(sr_ratios)}
    return made("mit", segformer.mit, tuple(hidden_sizes), tuple(depths), classes=num_labels, **sizes)


@reads(
    "transformers.Dinov2Model", hidden_act="gelu", layer_norm_eps=1e-6, qkv_bias=True, use_swiglu_ffn=False,
    num_channels=3, layerscale_value=1.0, use_mask_token=True,
)  # fmt: skip
def dinov2(
    hidden_size: int = 768, num_hidden_layers: int = 12, num_attention_heads: int = 12, mlp_ratio: int = 4,
    image_size: int = 224, patch_size: int = 14,
) -> Twin:  # fmt: skip
    """DINOv2, whose states leave."""
    sizes = {"patch": patch_size, "image": image_size, "mlp_width": mlp_ratio * hidden_size}
    return made("dinov2", vit.dinov2, hidden_size, num_attention_heads, num_hidden_layers, **sizes)


@reads(
    "transformers.ViTForImageClassification", hidden_act="gelu", num_channels=3, qkv_bias=True, encoder_stride=16,
    pooler_act=(None, "tanh"), pooler_output_size=(None, 768, 1024),
)  # fmt: skip
def vit_classifier(
    hidden_size: int = 768, num_hidden_layers: int = 12, num_attention_heads: int = 12, intermediate_size: int = 3072,
    layer_norm_eps: float = 1e-12, image_size: int = 224, patch_size: int = 16, num_labels: int = 2,
) -> Twin:  # fmt: skip
    """ViT with a head on its class token."""
    return made(
        "transformers_vit",
        vit.vit,
        hidden_size,
        num_attention_heads,
        num_hidden_layers,
        patch=patch_size,
        height=image_size,
        classes=num_labels,
        mlp_width=intermediate_size,
        epsilon=layer_norm_eps,
    )


#: Our names of what a denoiser of diffusers is told.
TIMED = {"": "sample", "time": "timestep"}


def _attentive(kind: str, down: Sequence[str], up: Sequence[str], plain: str, attending: str) -> tuple[int, ...]:
    """The levels whose blocks attend; raises :class:`WeightsError` unless the way up mirrors the way down."""
    known = {f"{plain}Down": False, f"{attending}Down": True, f"{plain}Up": False, f"{attending}Up": True}
    levels = []
    for blocks, way in ((down, "Down"), (reversed(up), "Up")):
        names = [name.replace("DownBlock2D", "Down").replace("UpBlock2D", "Up") for name in blocks]
        if unknown := [name for name in names if not name.endswith(way) or name not in known]:
            raise WeightsError(
                f"{kind}: blocks are {unknown[0]}…, expected {plain}{way}Block2D or {attending}{way}Block2D"
            )
        levels.append(tuple(level for level, name in enumerate(names) if known[name]))
    if levels[0] != levels[1]:
        raise WeightsError(f"{kind}: levels {levels[0]} attend on the way down and {levels[1]} up, expected the same")
    return levels[0]


@reads(
    "diffusers.UNet2DModel", act_fn="silu", downsample_padding=(0, 1), flip_sin_to_cos=False, freq_shift=1,
    norm_eps=1e-6, time_embedding_type="positional", center_input_sample=False, mid_block_scale_factor=1,
    add_attention=True, class_embed_type=None, num_class_embeds=None, resnet_time_scale_shift="default",
)  # fmt: skip
def denoiser(
    sample_size: int = 32, in_channels: int = 3, out_channels: int = 3,
    down_block_types: Sequence[str] = ("DownBlock2D", *("AttnDownBlock2D",) * 3),
    up_block_types: Sequence[str] = (*("AttnUpBlock2D",) * 3, "UpBlock2D"),
    block_out_channels: Sequence[int] = (224, 448, 672, 896), layers_per_block: int = 2,
    attention_head_dim: int | None = 8, norm_num_groups: int = 32,
) -> Twin:  # fmt: skip
    """The denoiser of DDPM."""
    check("UNet2DModel", "out_channels", out_channels, in_channels)
    levels = _attentive("UNet2DModel", down_block_types, up_block_types, "", "Attn")
    spec = diffusion.ddpm(
        tuple(block_out_channels),
        levels,
        n_blocks=layers_per_block,
        groups=norm_num_groups,
        head_width=attention_head_dim,
        channels=in_channels,
        image=sample_size,
    )
    return Twin(spec, find("ddpm"), TIMED)


@reads(
    "diffusers.UNet2DConditionModel", act_fn="silu", downsample_padding=1, flip_sin_to_cos=True, freq_shift=0,
    norm_eps=1e-5, center_input_sample=False, mid_block_scale_factor=1, only_cross_attention=False,
    mid_block_type="UNetMidBlock2DCrossAttn", dual_cross_attention=False, upcast_attention=(False, True),
)  # fmt: skip
def text_denoiser(
    sample_size: int = 64, in_channels: int = 4, out_channels: int = 4,
    down_block_types: Sequence[str] = (*("CrossAttnDownBlock2D",) * 3, "DownBlock2D"),
    up_block_types: Sequence[str] = ("UpBlock2D", *("CrossAttnUpBlock2D",) * 3),
    block_out_channels: Sequence[int] = (320, 640, 1280, 1280), layers_per_block: int = 2,
    cross_attention_dim: int = 1280, attention_head_dim: int | Sequence[int] = 8, norm_num_groups: int = 32,
    use_linear_projection: bool = False,
) -> Twin:  # fmt: skip
    """The denoiser of Stable Diffusion, whose ``attention_head_dim`` is how many heads there are."""
    check("UNet2DConditionModel", "out_channels", out_channels, in_channels)
    levels = _attentive("UNet2DConditionModel", down_block_types, up_block_types, "", "CrossAttn")
    heads = attention_head_dim if isinstance(attention_head_dim, int) else tuple(attention_head_dim)
    spec = diffusion.sd_unet(
        tuple(block_out_channels),
        levels,
        heads,
        cross_attention_dim,
        n_blocks=layers_per_block,
        groups=norm_num_groups,
        channels=in_channels,
        height=sample_size,
        columns=sample_size,
    )
    return Twin(spec, find("sd2_unet" if use_linear_projection else "sd_unet"), TIMED)


@reads(
    "diffusers.AutoencoderKL", act_fn="silu", scaling_factor=0.18215, force_upcast=(True, False),
    mid_block_add_attention=True, use_quant_conv=True, use_post_quant_conv=True, sample_size=(32, 256, 512, 64),
)  # fmt: skip
def autoencoder(
    in_channels: int = 3, out_channels: int = 3, down_block_types: Sequence[str] = ("DownEncoderBlock2D",),
    up_block_types: Sequence[str] = ("UpDecoderBlock2D",), block_out_channels: Sequence[int] = (64,),
    layers_per_block: int = 1, latent_channels: int = 4, norm_num_groups: int = 32,
) -> Twin:  # fmt: skip
    """The autoencoder of Stable Diffusion."""
    check("AutoencoderKL", "out_channels", out_channels, in_channels)
    for key, blocks, one in (
        ("down_block_types", down_block_types, "DownEncoderBlock2D"),
        ("up_block_types", up_block_types, "UpDecoderBlock2D"),
    ):
        check("AutoencoderKL", key, tuple(blocks), (one,) * len(block_out_channels))
    sizes = {"latent": latent_channels, "channels": in_channels}
    return made(
        "autoencoder_kl", diffusion.autoencoder, tuple(block_out_channels), layers_per_block, norm_num_groups, **sizes
    )


@reads("smp.Unet", in_channels=3, activation=None)
def smp_unet(encoder_name: str = "resnet34", classes: int = 1) -> Twin:
    """U-Net on a ResNet."""
    return made("smp_unet", unet.on_resnet, encoder_name, classes=classes)


@reads("smp.FPN", in_channels=3, activation=None)
def smp_fpn(encoder_name: str = "resnet34", classes: int = 1) -> Twin:
    """FPN on a ResNet."""
    return made("smp_fpn", segmentation.fpn, encoder_name, classes=classes)


@reads("smp.DeepLabV3Plus", in_channels=3, activation=None)
def smp_deeplab(encoder_name: str = "resnet34", classes: int = 1) -> Twin:
    """DeepLab v3+ on a ResNet."""
    return made("smp_deeplabv3plus", segmentation.deeplab_v3_plus, encoder_name, classes=classes)
