"""Which module of :mod:`netspec.modules` builds which layer. Nothing here imports jax, so that who asks need not."""

from __future__ import annotations

from typing import Any

from netspec import layers
from netspec.layers import Layer

_BUILT_BY: dict[str, tuple[Any, ...]] = {
    "activate": (layers.Activate, layers.PReLU),
    "condition": (
        layers.Condition,
        layers.TimeEncoding,
    ),
    "gates": (
        layers.ConvBlockAttention,
        layers.EfficientChannelAttention,
        layers.SqueezeExcite,
    ),
    "image_attention": (layers.ImageAttention,),
    "norms": (
        layers.BatchNorm,
        layers.GlobalResponseNorm,
        layers.InstanceNorm,
        layers.LayerNorm,
        layers.LocalResponseNorm,
        layers.RMSNorm,
        layers.ScaleChannels,
        layers.ShiftChannels,
        layers.UnitLength,
    ),
    "pooling": (
        layers.AdaptiveAvgPool,
        layers.AvgPool,
        layers.GlobalMaxPool,
        layers.LpPool,
    ),
    "rearrange": (
        layers.Channels,
        layers.Crop,
        layers.DepthToSpace,
        layers.ExpectedBin,
        layers.JoinCropped,
        layers.PadChannels,
        layers.PadImage,
        layers.ShuffleChannels,
        layers.SpaceToDepth,
    ),
    "resize": (
        layers.NearestUpsample,
        layers.Resize,
        layers.ResizeLike,
    ),
    "aspp": (layers.ASPP,),
    "bilinear_upsample": (layers.BilinearUpsample,),
    "bottleneck_block": (layers.BottleneckBlock,),
    "capsules": (
        layers.CapsuleLengths,
        layers.DynamicRouting,
        layers.LongestCapsule,
        layers.Squash,
    ),
    "combinators": (
        layers.Branches,
        layers.ForEach,
        layers.Heads,
        layers.OnRegions,
        layers.Repeat,
        layers.Residual,
        layers.Under,
    ),
    "conv2d": (layers.Conv2d,),
    "conv_bn": (layers.ConvBN,),
    "convnext": (
        layers.ConvNeXtDownsample,
        layers.ConvNeXtStage,
        layers.ConvNeXtStem,
    ),
    "csp_block": (layers.CSPBlock,),
    "darknet_block": (layers.DarknetBlock,),
    "dense": (layers.Dense,),
    "dense_block": (
        layers.DenseBlock,
        layers.TransitionLayer,
    ),
    "detr_heads": (layers.DETRHeads,),
    "evoformer_block": (layers.EvoformerBlock,),
    "feature_pyramid": (layers.FeaturePyramid,),
    "fire_module": (layers.FireModule,),
    "flatten": (layers.Flatten,),
    "fused_mb_conv": (layers.FusedMBConv,),
    "global_avg_pool": (layers.GlobalAvgPool,),
    "grid_attention": (layers.GridAttention,),
    "group_norm": (layers.GroupNorm,),
    "highway": (layers.Highway,),
    "hopfield": (layers.Hopfield,),
    "inception_module": (layers.InceptionModule,),
    "inverted_residual": (layers.InvertedResidual,),
    "mamba_block": (layers.MambaBlock,),
    "max_pool": (layers.MaxPool,),
    "mb_conv": (layers.MBConv,),
    "mb_conv_v3": (layers.MBConvV3,),
    "mobile_vit_block": (layers.MobileViTBlock,),
    "nerf": (
        layers.NeRFMLP,
        layers.PositionalEncoding,
    ),
    "multi_head": (layers.DotProducts, layers.MultiHeadAttention),
    "neural_ode": (layers.NeuralODE,),
    "patch_embed": (layers.PatchEmbed,),
    "places": (
        layers.FourierFeatures,
        layers.GridPositions,
        layers.PixelCentres,
        layers.PointShares,
    ),
    "read_token": (layers.ReadMarked, layers.ReadToken),
    "recurrent": (layers.Recurrent,),
    "residual_block": (layers.ResidualBlock,),
    "separable_attention": (layers.SeparableAttention,),
    "separable_conv": (layers.SeparableConv,),
    "shuffle_block": (
        layers.ShuffleBlock,
        layers.ShuffleV2Block,
    ),
    "structure_module": (layers.StructureModule, layers.InvariantPointAttention),
    "swin": (
        layers.PatchMerging,
        layers.SwinStage,
    ),
    "taps": (
        layers.Load,
        layers.Pick,
        layers.Reshape,
        layers.Save,
    ),
    "time_condition": (layers.TimeCondition,),
    "tokens": (
        layers.AddPositions,
        layers.DropTokens,
        layers.CumulativeSum,
        layers.JoinTokens,
        layers.NewTokens,
        layers.PrependTokens,
        layers.ReplaceMarked,
        layers.SwapAxes,
        layers.Unread,
    ),
    "token_embedding": (
        layers.LMHead,
        layers.OneHotDense,
        layers.SharedEmbed,
        layers.TokenPositionEmbed,
    ),
    "transformer_decoder": (layers.TransformerDecoder,),
    "transformer_encoder": (layers.TransformerEncoder,),
    "unet": (
        layers.UNetDown,
        layers.UNetUp,
    ),
    "universal_inverted_bottleneck": (layers.UniversalInvertedBottleneck,),
    "wavenet_block": (layers.WaveNetBlock,),
}
#: The module that builds a layer, by the layer's type.
TWINS: dict[type[Layer], str] = {
    layer: f"netspec.modules.{module}" for module, several in _BUILT_BY.items() for layer in several
}
