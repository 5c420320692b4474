"""Transformers that read images."""

from functools import partial

from netspec.exact import vit
from netspec.weights.cases.base import Cases, case, named

CASES: Cases = {
    "hf_dinov2_vits14": partial(named, "dinov2-small"),
    "timm_vit_tiny_p4_32": partial(named, "vit_tiny_patch4_32"),
    "tiny_vit_timm": case("timm_vit", vit.vit, 64, 4, 2, patch=4, height=32, classes=10),
}
