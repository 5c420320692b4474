"""What is wrong with the document's attention."""

from __future__ import annotations

import jax
import numpy as np

from netspec.vocabulary.attention import linear_attention
from netspec.vocabulary.evidence import Evidence


def transposed_batch() -> Evidence:
    """``K.T`` reverses all axes, so that ``Q @ K.T`` is a matrix of scores for one sequence and fails for a batch."""
    query = key = np.ones((2, 5, 4))
    try:
        printed = f"scores of shape {(query @ key.T).shape}"
    except ValueError:
        printed = f"shapes {query.shape} and {key.T.shape} do not multiply"
    right = (query @ key.swapaxes(-1, -2)).shape
    return Evidence(printed, f"scores of shape {right} with the last two axes exchanged", "do not" in printed)


def multi_query_memory() -> Evidence:
    """Numbers that generation keeps a token and layer, of eight heads of 64 and of one."""
    heads, width = 8, 64
    kept = [2 * np.zeros((1, count, width)).size for count in (heads, 1)]  # a key and a value for each head
    printed, right = (heads - 1) * width, kept[0] - kept[1]
    return Evidence(f"{printed} numbers less", f"{right} numbers less: keys and values", printed != right)


def another_kernel() -> Evidence:
    """Linear attention against the softmax on standard normal numbers, next to what a plain mean of the values does."""
    query, key, value = (np.random.default_rng(seed).standard_normal((1, 64, 1, 16)) for seed in range(3))
    logits = np.einsum("bthc,bshc->bhts", query, key) / 4
    weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    softmax = np.einsum("bhts,bshd->bthd", weights, value)
    with jax.enable_x64(True):
        linear = np.asarray(linear_attention(query, key, value))

    def away(found: np.ndarray) -> float:
        return float(np.linalg.norm(found - softmax) / np.linalg.norm(softmax))

    distance, mean = away(linear), away(np.broadcast_to(value.mean(1, keepdims=True), value.shape))
    return Evidence(
        "an approximation of softmax attention",
        f"another kernel: {distance:.2f} of the norm away from it, where the mean of all values is {mean:.2f} away",
        distance > 0.5 * mean,
    )
