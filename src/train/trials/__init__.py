"""Trials: methods that a recipe cannot express, compared on small problems. Each is a module here with a ``TRIAL``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.trials.base import Trial

#: The modules that hold a trial, by the names that files in ``config/trials`` give.
TRIALS = (
    "graphs", "robust", "embeddings", "few_shot", "experts", "compression", "doubt", "drawing", "spikes",
    "recurrence", "tuning", "forgetting", "guardrails", "minds", "shapes", "prompts", "algebras", "sines", "voices",
    "hardware", "recomputing", "continuous", "memory", "graph_pairs", "local", "reservoirs", "spike_patterns",
    "clouds", "graph_pooling", "rules", "wholes", "mutag",
    "examples.dendrites", "examples.scratchpad", "examples.chain_parents", "examples.tree_parents", "examples.maps",
    "examples.tiny_bert", "examples.tree",
)  # fmt: skip


def find(name: str) -> Trial:
    """The trial of a module here; raises ``KeyError`` where there is none."""
    if name not in TRIALS:
        raise KeyError(name)
    return import_module(f"train.trials.{name}").TRIAL
