"""Runs that diverge: what counts as that, where it happened first, and how values that are no numbers are written.

A value that is not finite stands as ``None`` among a run's rows, hence as null in JSON and as an empty field in CSV,
neither of which has another notation that every reader takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

#: What stands in ``summary.json`` where the numbers of an epoch were finite and the weights it left were not.
WEIGHTS = "weights"


def finite_or_none(value: float) -> float | None:
    """The value, or ``None`` where it is infinite or not a number."""
    return value if math.isfinite(value) else None


def scored(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Figures of an evaluation, none of them unless all are finite: logits that are not name no class either."""
    return dict(metrics) if all(map(math.isfinite, metrics.values())) else dict.fromkeys(metrics)


def first(rows: Sequence[Sequence[Any]]) -> dict[str, Any] | None:
    """Epoch, step and metric of the first of the rows ``(epoch, step, split, metric, value)`` without a value."""
    for epoch, step, split, metric, value in rows:
        if value is None:
            return {"epoch": epoch, "step": step, "metric": f"{split} {metric}"}
    return None


def all_finite(*trees: Any) -> bool:
    """Whether every number of every array in the trees is finite, moving averages and statistics included."""
    import jax  # what a run printed is read without it
    import numpy as np

    return all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(jax.device_get(trees)))


def described(found: Mapping[str, Any], epochs: int) -> str:
    """Where a run of ``epochs`` epochs diverged: ``train loss not finite after epoch 3 of 80, step 885``."""
    return f"{found['metric']} not finite after epoch {found['epoch']} of {epochs}, step {found['step']}"
