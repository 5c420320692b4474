"""Transformers that read images."""

from functools import partial

from netspec.exact import sam, segformer, vit
from netspec.weights.cases.base import Cases, case, named

CASES: Cases = {
    "tiny_segformer_a": case(
        "segformer",
        segformer.segformer,
        (16, 24, 32, 48),
        (1, 1, 2, 1),
        heads=(1, 2, 2, 4),
        decoder=32,
        classes=7,
        height=64,
        columns=96,
    ),
    "mit_b0_classifier": partial(named, "mit-b0"),
    "segformer_b0": partial(named, "segformer-b0"),
    "segformer_b1": partial(named, "segformer-b1"),
    "segformer_b3": partial(named, "segformer-b3"),
    "tiny_sam_encoder": case(
        "sam_encoder", sam.encoder, 32, 2, 3, (1,), image=64, patch=8, window=3, mlp_width=64, channels=32
    ),
    "hf_dinov2_vits14": partial(named, "dinov2-small"),
    "timm_vit_tiny_p4_32": partial(named, "vit_tiny_patch4_32"),
    "tiny_vit_timm": case("timm_vit", vit.vit, 64, 4, 2, patch=4, height=32, classes=10),
}
