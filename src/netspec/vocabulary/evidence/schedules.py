"""Computations that show errors of the document on schedules."""

from __future__ import annotations

from netspec.vocabulary.evidence import Evidence
from netspec.vocabulary.schedules import lr_scaling


def lamb_rate() -> Evidence:
    """The rate of LAMB at a batch of 32,768 by the example, by the rule of its paper, and as recommended before."""
    linear, root = (lr_scaling(0.002, 32768, 256, rule) for rule in ("linear", "root"))
    return Evidence(
        f"scaled linearly to a batch of 32,768 the rate is {linear:.3f}",
        f"{root:.4f} by the square root, the rule of LAMB's paper; line 3175 has 0.002 for the same batch",
        abs(linear / root - 1) > 1 and abs(linear / 0.002 - 1) > 1,
    )
