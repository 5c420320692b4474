"""What a degree of truth says, and what it does not."""

from __future__ import annotations

import jax.numpy as jnp

from netspec.vocabulary.evidence import Evidence
from netspec.vocabulary.space.logic import RealLogic


def satisfied_and_false() -> Evidence:
    """How true "all" is of ten thousand cases of which one breaks the rule."""
    cases = jnp.ones(10_000).at[0].set(0.0)
    degree = float(RealLogic(p=2).forall(cases))
    return Evidence(
        "mathematical verification", f"{degree:.2f} true, with a counterexample", bool(degree > 0.9 and not cases.all())
    )
