"""Every primitive written out tensor by tensor and product by product, independently of the formulas in the layers."""

import math

import tally_images as images
import tally_sequences as sequences
from tensors import Tally

from netspec import layers as L

#: A function of a tally, a layer, and the shapes that arrive, per primitive.
TALLIES = {
    L.ASPP: images.aspp,
    L.BilinearUpsample: lambda t, x, s: None,
    L.BottleneckBlock: images.bottleneck_block,
    L.CSPBlock: images.csp_block,
    L.CapsuleLengths: lambda t, x, s: None,
    L.Conv2d: images.conv2d,
    L.ConvBN: images.conv_bn,
    L.ConvNeXtDownsample: images.convnext_downsample,
    L.ConvNeXtStage: images.convnext_stage,
    L.ConvNeXtStem: images.convnext_stem,
    L.DETRHeads: sequences.detr_heads,
    L.DarknetBlock: images.darknet_block,
    L.Dense: lambda t, x, s: t.dense(x.in_features, x.out_features, math.prod(s[:-1])),
    L.DenseBlock: images.dense_block,
    L.DynamicRouting: sequences.dynamic_routing,
    L.EvoformerBlock: sequences.evoformer_block,
    L.FeaturePyramid: images.feature_pyramid,
    L.FireModule: images.fire_module,
    L.Flatten: lambda t, x, s: None,
    L.FusedMBConv: images.fused_mb_conv,
    L.GlobalAvgPool: lambda t, x, s: None,
    L.GroupNorm: lambda t, x, s: t.norm(x.channels),
    L.Hopfield: sequences.hopfield,
    L.Highway: sequences.highway,
    L.InceptionModule: images.inception_module,
    L.InvertedResidual: images.inverted_residual,
    L.LMHead: sequences.lm_head,
    L.Load: lambda t, x, s, saved: None,
    L.LongestCapsule: lambda t, x, s: None,
    L.ReadToken: lambda t, x, s: None,
    L.SwapAxes: lambda t, x, s: None,
    L.PrependTokens: lambda t, x, s: [t.table(x.width) for _ in range(x.n_tokens)],
    L.AddPositions: lambda t, x, s: t.table(x.max_tokens, x.width) if x.kind == "learned" else None,
    L.Unread: lambda t, x, s: t.table(*x.sides),
    L.MBConv: images.mb_conv,
    L.MBConvV3: images.mb_conv_v3,
    L.MambaBlock: sequences.mamba_block,
    L.MaxPool: lambda t, x, s: None,
    L.MobileViTBlock: images.mobile_vit_block,
    L.NeRFMLP: sequences.nerf_mlp,
    L.NeuralODE: images.neural_ode,
    L.OneHotDense: lambda t, x, s: (t.table(x.vocabulary, x.width), t.table(x.width)),
    L.PatchEmbed: sequences.patch_embed,
    L.PatchMerging: sequences.patch_merging,
    L.Pick: lambda t, x, s: None,
    L.PositionalEncoding: lambda t, x, s: None,
    L.Reshape: lambda t, x, s: None,
    L.ResidualBlock: images.residual_block,
    L.Save: lambda t, x, s: None,
    L.SeparableConv: images.separable_conv,
    L.ShuffleBlock: images.shuffle_block,
    L.ShuffleV2Block: images.shuffle_v2_block,
    L.Squash: lambda t, x, s: None,
    L.StructureModule: sequences.structure_module,
    L.SwinStage: sequences.swin_stage,
    L.TimeCondition: lambda t, x, s, time: t.dense(2 * x.n_frequencies, x.channels),
    L.SharedEmbed: lambda t, x, s, table: None,
    L.TokenPositionEmbed: sequences.token_position_embed,
    L.TransformerDecoder: sequences.transformer_decoder,
    L.TransformerEncoder: sequences.transformer_encoder,
    L.TransitionLayer: images.transition_layer,
    L.UNetDown: images.unet_down,
    L.UNetUp: images.unet_up,
    L.UniversalInvertedBottleneck: images.uib,
    L.WaveNetBlock: sequences.wavenet_block,
}


def tally(layer, arrived, *read):
    """The :class:`Tally` of ``layer`` for the shapes that arrive."""
    t = Tally()
    TALLIES[type(layer)](t, layer, arrived, *read)
    return t
