"""What must hold of the activation functions."""

from __future__ import annotations

import jax.numpy as jnp

from netspec.vocabulary import activations
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _parts(relu: Implementation, case: Case) -> float:
    """x = relu(x) − relu(−x), since of x and −x one is kept."""
    x = case.normal(case.batch, case.channels)
    return apart(relu(x) - relu(-x), x)


TERMS = (
    Term(
        "relu",
        activations.relu,
        (
            Property(
                "Of an input and its negative it keeps one: relu(x) − relu(−x) = x.",
                _parts,
                0.0,
                (
                    Mistake("the absolute value", jnp.abs),
                    Mistake("a leak of a hundredth", lambda x: jnp.where(x > 0, x, 0.01 * x)),
                ),
            ),
        ),
    ),
)
