"""Rules with degrees of truth, so that they can be part of a loss."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


@dataclass(frozen=True)
class RealLogic:
    """Let a network learn from rules, such as that all cats are animals, by how far it is from fulfilling them.

    A logic tensor network reads predicates as networks that give degrees of truth from 0 to 1, connectives as smooth
    functions that agree with logic at 0 and 1, and quantifiers as means. How true all rules are is what it maximises.

    Formula: ¬a = 1 − a; a ∧ b = a b; a ∨ b = a + b − a b; a → b = 1 − a + a b;
        ∀ a_i = 1 − (mean (1 − a_i)^p)^{1/p}; ∃ a_i = (mean a_i^p)^{1/p}
    Shapes: degrees of truth of any shape; quantifiers are over the last axis.
    Parameters: none; the predicates have theirs.
    Cost: a few operations a degree of truth.
    Training: p grows, from lenient (the mean, at 1) to strict (the worst case, at infinity); evaluation reports the
        same degrees.
    Caveats: a degree near 1 is not a proof: with p = 2, ten thousand cases of which one is false are 0.99 true. The
        root has no slope at 0, so degrees are kept a little off 0 and 1 in training.
    Raises: VocabularyError for a p below 1 and degrees outside 0 to 1.
    Source: Badreddine et al. 2022 [arXiv:2012.13635], sec. 3; vocabulary line 4770.

    >>> logic = RealLogic(p=2)
    >>> cat, animal = jax.numpy.array([1.0, 0.0, 1.0, 0.0]), jax.numpy.array([1.0, 1.0, 0.0, 0.0])
    >>> rule = logic.implies(cat, animal)
    >>> rule.tolist(), float(logic.forall(rule))  # one of four breaks it: 1 − √(1/4)
    ([1.0, 1.0, 0.0, 1.0], 0.5)
    """

    p: float = 2.0

    def __post_init__(self) -> None:
        expect.within("p", self.p, 1.0)

    def negate(self, a: jax.Array) -> jax.Array:
        """Not a."""
        expect.probability("a", a)
        return 1 - a

    def both(self, a: jax.Array, b: jax.Array) -> jax.Array:
        """A and b: their product."""
        expect.probability("a", a)
        expect.probability("b", b)
        return a * b

    def either(self, a: jax.Array, b: jax.Array) -> jax.Array:
        """A or b: what is left of doubt in one is reduced by the other."""
        return self.negate(self.both(self.negate(a), self.negate(b)))

    def implies(self, a: jax.Array, b: jax.Array) -> jax.Array:
        """If a then b (Reichenbach's form)."""
        return self.negate(self.both(a, self.negate(b)))

    def forall(self, a: jax.Array) -> jax.Array:
        """All of the last axis, ``(..., n)`` to ``(...)``."""
        return self.negate(self.exists(self.negate(a)))

    def exists(self, a: jax.Array) -> jax.Array:
        """Some of the last axis, ``(..., n)`` to ``(...)``: a mean that leans to the largest."""
        expect.axes(a=(a, "... n"))
        expect.probability("a", a)
        return jnp.mean(a**self.p, -1) ** (1 / self.p)
