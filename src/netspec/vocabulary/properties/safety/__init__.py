"""What must hold of guardrails."""

from __future__ import annotations

from netspec.vocabulary.properties.safety import judges, limits, text, uncertainty

TERMS = (
    uncertainty.SELECTIVE,
    judges.FILTER,
    text.INJECTION,
    judges.FACTS,
    judges.REWARD,
    text.CONSTITUTION,
    text.SANITIZED,
    limits.TERM,
    *uncertainty.TERMS,
)
