"""LLaMA, LLaMA 2 and a small one of their form in transformers."""

from __future__ import annotations

from functools import partial
from typing import Any

from netspec.catalogue.llama import LLAMA, llama
from netspec.exact.published import Part, Published

TRANSFORMERS = "transformers 5.23.0"

#: Name, variant, width, heads, width of the MLP, blocks; and what differs from the first LLaMA.
SIZES: tuple[tuple[str, str, tuple[int, int, int, int], dict[str, Any]], ...] = (
    ("huggyllama/llama-7b", "LLaMA-7B", (4096, 32, 11008, 32), {}),
    ("huggyllama/llama-13b", "LLaMA-13B", (5120, 40, 13824, 40), {}),
    ("huggyllama/llama-30b", "LLaMA-30B", (6656, 52, 17920, 60), {}),
    ("huggyllama/llama-65b", "LLaMA-65B", (8192, 64, 22016, 80), {}),
    (
        "meta-llama/Llama-2-70b-hf",
        "LLaMA-2-70B",
        (8192, 64, 28672, 80),
        {"kv_heads": 8, "tokens": 4096, "epsilon": 1e-5},
    ),
    (
        "TinyLlama/TinyLlama-1.1B",
        "TinyLlama-1.1B",
        (2048, 32, 5632, 22),
        {"kv_heads": 4, "epsilon": 1e-5},
    ),
)


PARTS = (Part("token embedding", (0,)), Part("LM head", (2,)), Part("total without LM head", (0, 1)))

NETWORKS = tuple(
    Published(
        name,
        "LLaMA",
        TRANSFORMERS,
        partial(llama, LLAMA, variant, *sizes, **options),
        (variant,),
        parts=PARTS,
        rules="llama",
    )
    for name, variant, sizes, options in SIZES
)
