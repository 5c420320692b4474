"""The layers of the language, one file per idiom."""

from netspec.layers.base import Layer, Shape
from netspec.layers.dense import Dense
from netspec.layers.patch_embed import PatchEmbed
from netspec.layers.transformer_encoder import TransformerEncoder

__all__ = ["Dense", "Layer", "PatchEmbed", "Shape", "TransformerEncoder"]
