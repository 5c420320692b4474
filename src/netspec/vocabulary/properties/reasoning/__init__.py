"""What must hold of the reasoning examples."""

from __future__ import annotations

from netspec.vocabulary.properties.reasoning import chains, dendrites, looking_back, scratchpad, search

TERMS = (
    *scratchpad.TERMS,
    search.PRUNED,
    looking_back.ATTENTION,
    *chains.VERIFIED,
    *search.TERMS,
    chains.CHECKED,
    looking_back.LAYER,
    chains.PLAIN,
    dendrites.TERM,
)
