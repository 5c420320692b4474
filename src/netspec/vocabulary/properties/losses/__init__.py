"""What must hold of the losses."""

from __future__ import annotations

from netspec.vocabulary.properties.losses import classification, generative, heads, metric, regression, structured

TERMS = (
    *heads.TERMS,
    *classification.TERMS,
    *regression.TERMS,
    *metric.TERMS,
    *generative.TERMS,
    *structured.TERMS,
)
