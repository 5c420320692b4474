"""Attention: how each token gathers from the others what it asks for, and forms of it that cost less.

Queries, keys and values have their heads before the channels, ``(batch, tokens, heads, channels)``, as
:func:`netspec.modules.attention.attend` has them.
"""

from netspec.vocabulary.attention.decaying import retention, wkv
from netspec.vocabulary.attention.exact import flash_attention, grouped_query_attention, multi_query_attention
from netspec.vocabulary.attention.kernels import linear_attention
from netspec.vocabulary.attention.placed import axial_attention, disentangled_attention, perceiver_attention

__all__ = [
    "axial_attention",
    "disentangled_attention",
    "flash_attention",
    "grouped_query_attention",
    "linear_attention",
    "multi_query_attention",
    "perceiver_attention",
    "retention",
    "wkv",
]
