"""What must hold of models of other minds."""

from __future__ import annotations

from netspec.vocabulary.properties.minds import actions, answers, beliefs

TERMS = (*beliefs.TERMS, *actions.TERMS, *answers.TERMS)
