"""T5 and T5 v1.1 in transformers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from netspec.catalogue.t5 import t5
from netspec.exact.published import Part, Published, network
from netspec.layers import Load
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"

#: Name, variant, width, heads, their width, width of the MLP, blocks.
SIZES = (
    ("t5-small", "T5-small", 512, 8, 64, 2048, 6),
    ("t5-base", "T5-base", 768, 12, 64, 3072, 12),
    ("t5-large", "T5-large", 1024, 16, 64, 4096, 24),
    ("t5-3b", "T5-3B", 1024, 32, 128, 16384, 24),
    ("t5-11b", "T5-11B", 1024, 128, 128, 65536, 24),
)
GATED = (
    ("google/t5-v1_1-small", "T5-v1.1-small", 512, 6, 64, 1024, 8),
    ("google/t5-v1_1-base", "T5-v1.1-base", 768, 12, 64, 2048, 12),
    ("google/t5-v1_1-large", "T5-v1.1-large", 1024, 16, 64, 2816, 24),
    ("google/t5-v1_1-xl", "T5-v1.1-XL", 2048, 32, 64, 5120, 24),
    ("google/t5-v1_1-xxl", "T5-v1.1-XXL", 4096, 64, 64, 10240, 24),
)
SHARED = (
    Part("shared embedding", (0,)),
    Part("encoder (excl. embedding)", (1,)),
    Part("decoder (excl. embedding)", (5,)),
)
HEADLESS = (Part("total without LM head", (0, 1, 5)),)


def make(*sizes: int, gated: bool = False, **options: Any) -> NetSpec:
    """As the vocabulary has it, with a mask over padding, and inputs by the library's names."""
    spec = t5("T5", *sizes, gated=gated, **options)
    tables, encoder, save, _, shared, decoder, head = spec.layers
    layers = (
        tables,
        replace(encoder, mask="attention_mask"),
        save,
        Load("decoder_input_ids"),
        shared,
        replace(decoder, memory_mask="attention_mask"),
        head,
    )
    inputs = {"attention_mask": spec.input_shape, "decoder_input_ids": spec.input_shape}
    return network(spec.input_shape, *layers, paper=spec.provenance.paper, **inputs)


NETWORKS = (
    *(
        Published(name, "T5", TRANSFORMERS, partial(make, *sizes, gated=False), (variant,), parts=SHARED, rules="t5")
        for name, variant, *sizes in SIZES
    ),
    *(
        Published(
            name, "T5", TRANSFORMERS, partial(make, *sizes, gated=True), (variant,), parts=HEADLESS, rules="t5_gated"
        )
        for name, variant, *sizes in GATED
    ),
)
