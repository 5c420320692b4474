"""Computations about the document's reasoning examples."""

from __future__ import annotations

from fractions import Fraction

from netspec.vocabulary.evidence import Evidence


def dividing_first() -> Evidence:
    """3x + 7 = 22, with the 3 divided first: each term by 3, then 7/3 subtracted."""
    a, b, c = (Fraction(number) for number in (3, 7, 22))
    subtracted_first = (c - b) / a
    divided_first = c / a - b / a
    return Evidence(
        "dividing both sides by 3 first is the wrong order, and the branch is pruned",
        f"x + 7/3 = 22/3 gives x = {divided_first}, as subtracting first does: x = {subtracted_first}",
        divided_first == subtracted_first == 5,
    )


def two_scores() -> Evidence:
    """The two formulas of the anomaly for a path of three steps with norms 1, 1 and 3, expected 1, all consistent."""
    norms, expected, consistency = (1.0, 1.0, 3.0), 1.0, 1.0
    summed = sum(abs(norm - expected) for norm in norms)
    combined = (abs(norms[-1] - expected) / expected + 1 - consistency) / 2
    return Evidence(
        f"the sum over steps of |g − E[g]|, here {summed:g}",
        f"the listing's (|g − E[g]| / E[g] + 1 − consistency) / 2, here {combined:g}, with the same threshold",
        summed != combined,
    )


def illogical_step() -> Evidence:
    """A step that does not follow at all from those before it, of exactly the expected size."""
    deviation, consistency, threshold = 0.0, 0.0, 0.5
    score = (deviation + (1 - consistency)) / 2
    return Evidence(
        "a step is stopped where gradient deviation or logical inconsistency is detected",
        f"with consistency 0 and no deviation the score is {score:g}, which is not above {threshold:g}: it goes on",
        not score > threshold,
    )


def sizes_of_branches() -> Evidence:
    """How long an axis of 20 is after convolutions of side 3 with dilations 1, 2, 4 and 8 and no padding."""
    sizes = [20 - dilation * (3 - 1) for dilation in (1, 2, 4, 8)]
    return Evidence(
        "the mean of four branches without padding",
        f"an axis of 20 becomes {', '.join(map(str, sizes))}: arrays that cannot be added",
        len(set(sizes)) > 1,
    )
