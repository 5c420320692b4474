"""Claims of complexity, by counting what the operations touch at several sizes and taking the slope."""

from __future__ import annotations

import math
from collections.abc import Callable

from netspec.vocabulary.tables.figures import Ours

Cells = dict[tuple[str, str], Ours]

SIZES = (256, 512, 1024, 2048)


def slope(cost: Callable[[int], float]) -> float:
    """The power of n with which a cost grows between the two largest sizes."""
    first, last = SIZES[-2:]
    return math.log(cost(last) / cost(first)) / math.log(last / first)


def strided_pairs(tokens: int) -> int:
    """Pairs that a strided sparse pattern with a window of √n allows (Child et al. 2019, sec. 4.2)."""
    stride = math.isqrt(tokens)
    return sum(1 for i in range(tokens) for j in range(i + 1) if i - j < stride or (i - j) % stride == 0)


def window_pairs(tokens: int, window: int = 64) -> int:
    """Pairs of a causal window."""
    return sum(min(i + 1, window) for i in range(tokens))


def flash_reads(tokens: int, width: int = 64, memory: int = 25_600) -> float:
    """Numbers read from main memory by tiled attention: keys and values once for each block of queries.

    With blocks of M / 4d rows (Dao et al. 2022, algorithm 1 and theorem 2).
    """
    rows = memory / (4 * width)
    return tokens / rows * 2 * tokens * width


def claims() -> Cells:
    """Each printed complexity beside the slope counted between 1,024 and 2,048 tokens, or the number itself."""
    heads, kv_heads, width = 32, 8, 128
    sides = slope(lambda n: _axial(n))
    return {
        ("MoE", "compute per token"): Ours(
            "∝ k", "agrees", "of n experts the chosen k run; the router adds n products of width d"
        ),
        ("FlashAttention", "HBM reads"): Ours(
            f"n^{slope(flash_reads):.2f}", "differs", "keys and values are read once per block of queries: N²d²/M"
        ),
        ("Sparse attention", "pairs"): Ours(
            f"strided n^{slope(strided_pairs):.2f}, window n^{slope(window_pairs):.2f}",
            "partly",
            "n√n is the strided pattern of Child et al.; the window shown is linear",
        ),
        ("Softmax attention", "pairs"): Ours(f"n^{slope(lambda n: n * n):.2f}", "agrees", "all pairs"),
        ("Linear attention", "cost"): Ours(
            f"n^{slope(lambda n: n * 64 * 65):.2f}", "agrees", "a d × d state and its normaliser, updated once a token"
        ),
        ("Axial attention", "pairs"): Ours(
            f"side^{sides:.2f}", "agrees", "on n × n: n² places, each with 2n − 1 of its row and column"
        ),
        ("GQA", "KV memory"): Ours(
            f"{2 * kv_heads * width:,} numbers",
            "differs",
            f"{kv_heads} heads of {width}: keys and values, twice the printed",
        ),
        ("MQA", "saving"): Ours(
            f"{2 * (heads - 1) * width:,} numbers",
            "differs",
            f"of {heads} heads of {width}: keys and values, twice the printed",
        ),
        ("Adafactor", "second moment"): Ours("d + k", "agrees", "a row and a column for a d × k matrix"),
    }


def _axial(side: int) -> int:
    return side * side * (2 * side - 1)
