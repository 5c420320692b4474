"""Points, rays, volumes and other structured inputs: sets, paths, frames, rules, splats and sounds."""

from netspec.vocabulary.space.audio import wav2vec_loss
from netspec.vocabulary.space.fabric import pathnet
from netspec.vocabulary.space.logic import RealLogic
from netspec.vocabulary.space.points import pointnet
from netspec.vocabulary.space.splatting import composite, project_gaussian, splat
from netspec.vocabulary.space.video import divided_attention

__all__ = [
    "RealLogic",
    "composite",
    "divided_attention",
    "pathnet",
    "pointnet",
    "project_gaussian",
    "splat",
    "wav2vec_loss",
]
