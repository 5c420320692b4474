"""The document that the vocabulary is about, and how it is cited."""

from __future__ import annotations

ABOUT = (
    "The document is The Complete Neural Network Vocabulary (6,113 lines of Markdown); lines are counted from 1. What "
    "stands here are facts about it in our words, and its formulas and figures with their line."
)
