"""Modern Hopfield network: a classifier that looks its answer up among learned patterns."""

from __future__ import annotations

from netspec.catalogue.entry import term
from netspec.layers import Dense, Flatten, Hopfield
from netspec.spec import NetSpec

HOPFIELD = term("Hopfield network (modern)", 4903, "Ramsauer et al. 2020, arXiv:2008.02217", 2020)


def lookup(name: str, tokens: int, width: int, association_width: int, n_patterns: int, n_steps: int) -> NetSpec:
    """Tokens, what each retrieves, and a head over all."""
    return HOPFIELD.spec(
        name,
        (tokens, width),
        Hopfield(width, association_width, n_patterns, n_steps),
        Flatten(),
        Dense(tokens * width, 10),
        remark="a layer of the paper between an input and a head of our own; the paper prints no count",
    )


SPECS = (
    lookup("Hopfield lookup", 49, 64, 64, 256, 3),
    lookup("tiny-Hopfield", 4, 8, 6, 5, 2),
)
