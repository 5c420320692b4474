"""The layers of the language, one file per idiom."""

from netspec.layers.activation import ACTIVATIONS, Activate, Activation, PReLU
from netspec.layers.aspp import ASPP
from netspec.layers.attention import Attention
from netspec.layers.base import Combinator, Layer, Primitive, Several, Shape, Value
from netspec.layers.bilinear_upsample import BilinearUpsample
from netspec.layers.bottleneck_block import BottleneckBlock
from netspec.layers.capsules import CapsuleLengths, DynamicRouting, LongestCapsule, Squash
from netspec.layers.combinators import Branches, ForEach, Heads, OnRegions, Repeat, Residual, Under
from netspec.layers.condition import Condition, TimeEncoding
from netspec.layers.conv2d import Conv2d
from netspec.layers.conv_bn import ConvBN
from netspec.layers.convnext import ConvNeXtDownsample, ConvNeXtStage, ConvNeXtStem
from netspec.layers.csp_block import CSPBlock
from netspec.layers.darknet_block import DarknetBlock
from netspec.layers.dense import Dense
from netspec.layers.dense_block import DenseBlock, TransitionLayer
from netspec.layers.detr_heads import DETRHeads
from netspec.layers.evoformer_block import EvoformerBlock
from netspec.layers.feature_pyramid import FeaturePyramid
from netspec.layers.fire_module import FireModule
from netspec.layers.flatten import Flatten
from netspec.layers.fused_mb_conv import FusedMBConv
from netspec.layers.gates import ConvBlockAttention, EfficientChannelAttention, SqueezeExcite
from netspec.layers.global_avg_pool import GlobalAvgPool
from netspec.layers.grid_attention import GridAttention
from netspec.layers.group_norm import GroupNorm
from netspec.layers.highway import Highway
from netspec.layers.hopfield import Hopfield
from netspec.layers.image_attention import ImageAttention
from netspec.layers.inception_module import InceptionModule
from netspec.layers.inverted_residual import InvertedResidual
from netspec.layers.mamba_block import MambaBlock
from netspec.layers.max_pool import MaxPool
from netspec.layers.mb_conv import MBConv
from netspec.layers.mb_conv_v3 import MBConvV3
from netspec.layers.mobile_vit_block import MobileViTBlock
from netspec.layers.multi_head import DotProducts, MultiHeadAttention
from netspec.layers.nerf import NeRFMLP, PositionalEncoding
from netspec.layers.neural_ode import NeuralODE
from netspec.layers.norms import (
    BatchNorm,
    GlobalResponseNorm,
    InstanceNorm,
    LayerNorm,
    LocalResponseNorm,
    RMSNorm,
    ScaleChannels,
    ShiftChannels,
    UnitLength,
)
from netspec.layers.patch_embed import PatchEmbed
from netspec.layers.patterns import BigBird, Dilated, Full, Global, Pattern, Strided, Window
from netspec.layers.places import FourierFeatures, GridPositions, PixelCentres, PointShares
from netspec.layers.pooling import AdaptiveAvgPool, AvgPool, GlobalMaxPool, LpPool
from netspec.layers.read_token import ReadMarked, ReadToken
from netspec.layers.rearrange import (
    Channels,
    Crop,
    DepthToSpace,
    ExpectedBin,
    JoinCropped,
    PadChannels,
    PadImage,
    ShuffleChannels,
    SpaceToDepth,
)
from netspec.layers.recurrent import Recurrent
from netspec.layers.residual_block import ResidualBlock
from netspec.layers.resize import NearestUpsample, Resize, ResizeLike
from netspec.layers.separable_attention import SeparableAttention
from netspec.layers.separable_conv import SeparableConv
from netspec.layers.shuffle_block import ShuffleBlock, ShuffleV2Block
from netspec.layers.structure_module import InvariantPointAttention, StructureModule
from netspec.layers.swin import PatchMerging, SwinStage
from netspec.layers.taps import Load, Pick, Reshape, Save
from netspec.layers.time_condition import TimeCondition
from netspec.layers.token_embedding import LMHead, OneHotDense, SharedEmbed, TokenPositionEmbed
from netspec.layers.tokens import (
    AddPositions,
    CumulativeSum,
    DropTokens,
    JoinTokens,
    NewTokens,
    PrependTokens,
    ReplaceMarked,
    SwapAxes,
    Unread,
)
from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.layers.unet import UNetDown, UNetUp
from netspec.layers.universal_inverted_bottleneck import UniversalInvertedBottleneck
from netspec.layers.wavenet_block import WaveNetBlock

__all__ = [
    "ACTIVATIONS",
    "ASPP",
    "Activate",
    "Activation",
    "AdaptiveAvgPool",
    "AddPositions",
    "Attention",
    "AvgPool",
    "BatchNorm",
    "BigBird",
    "BilinearUpsample",
    "BottleneckBlock",
    "Branches",
    "CSPBlock",
    "CapsuleLengths",
    "Channels",
    "Combinator",
    "Condition",
    "Conv2d",
    "ConvBN",
    "ConvBlockAttention",
    "ConvNeXtDownsample",
    "ConvNeXtStage",
    "ConvNeXtStem",
    "Crop",
    "CumulativeSum",
    "DETRHeads",
    "DarknetBlock",
    "Dense",
    "DenseBlock",
    "DepthToSpace",
    "Dilated",
    "DotProducts",
    "DropTokens",
    "DynamicRouting",
    "EfficientChannelAttention",
    "EvoformerBlock",
    "ExpectedBin",
    "FeaturePyramid",
    "FireModule",
    "Flatten",
    "ForEach",
    "FourierFeatures",
    "Full",
    "FusedMBConv",
    "Global",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GlobalResponseNorm",
    "GridAttention",
    "GridPositions",
    "GroupNorm",
    "Heads",
    "Highway",
    "Hopfield",
    "ImageAttention",
    "InceptionModule",
    "InstanceNorm",
    "InvariantPointAttention",
    "InvertedResidual",
    "JoinCropped",
    "JoinTokens",
    "LMHead",
    "Layer",
    "LayerNorm",
    "Load",
    "LocalResponseNorm",
    "LongestCapsule",
    "LpPool",
    "MBConv",
    "MBConvV3",
    "MambaBlock",
    "MaxPool",
    "MobileViTBlock",
    "MultiHeadAttention",
    "NeRFMLP",
    "NearestUpsample",
    "NeuralODE",
    "NewTokens",
    "OnRegions",
    "OneHotDense",
    "PReLU",
    "PadChannels",
    "PadImage",
    "PatchEmbed",
    "PatchMerging",
    "Pattern",
    "Pick",
    "PixelCentres",
    "PointShares",
    "PositionalEncoding",
    "PrependTokens",
    "Primitive",
    "RMSNorm",
    "ReadMarked",
    "ReadToken",
    "Recurrent",
    "Repeat",
    "ReplaceMarked",
    "Reshape",
    "Residual",
    "ResidualBlock",
    "Resize",
    "ResizeLike",
    "Save",
    "ScaleChannels",
    "SeparableAttention",
    "SeparableConv",
    "Several",
    "Shape",
    "SharedEmbed",
    "ShiftChannels",
    "ShuffleBlock",
    "ShuffleChannels",
    "ShuffleV2Block",
    "SpaceToDepth",
    "Squash",
    "SqueezeExcite",
    "Strided",
    "StructureModule",
    "SwapAxes",
    "SwinStage",
    "TimeCondition",
    "TimeEncoding",
    "TokenPositionEmbed",
    "TransformerDecoder",
    "TransformerEncoder",
    "TransitionLayer",
    "UNetDown",
    "UNetUp",
    "Under",
    "UnitLength",
    "UniversalInvertedBottleneck",
    "Unread",
    "Value",
    "WaveNetBlock",
    "Window",
]
