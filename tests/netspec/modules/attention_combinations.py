"""Every attention whose parts can be together, on small sizes, and what no combination may change."""

from itertools import product

from netspec import layers as L
from netspec.errors import LayerError

WIDTH, HEADS, TOKENS = 8, 2, 11
PATTERNS = (L.Full(), L.Window(2), L.Dilated(3), L.Strided(2), L.Global(1, 2), L.BigBird(1, 1, 2))
_OF_T5 = {"buckets": 8, "max_distance": 12}


def combinations():
    """``(causal, attention)`` of all kernels, positions, shared keys, latents and patterns that are not refused."""
    axes = (
        (True, False),
        ("softmax", "linear", "retention", "wkv"),
        ("none", "learned", "sinusoidal", "rope", "alibi", "t5"),
        ({}, {"kv_heads": 1}, {"latent": 3}),
        PATTERNS,
    )
    for causal, kernel, positions, keys, pattern in product(*axes):
        further = {"max_tokens": TOKENS} if positions == "learned" else _OF_T5 if positions == "t5" else {}
        attention = L.Attention(kernel=kernel, positions=positions, pattern=pattern, **keys, **further)
        try:
            attention.check(WIDTH, HEADS, causal)
        except LayerError:
            continue
        yield causal, attention


ALL = tuple(combinations())


def encoder(causal, attention, **parts):
    """One block of it."""
    return L.TransformerEncoder(WIDTH, HEADS, 4, 1, causal=causal, attention=attention, **parts)


def name(case):
    """For a test's name."""
    causal, attention = case
    return f"{'causal ' if causal else ''}{attention}"
