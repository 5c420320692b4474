"""How numbers are written for people: true minus signs, figure spaces that align decimals, units, plain lists."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

FIGURE_SPACE = "\u2007"  # as wide as a digit
NONE = "–"


def minus(text: str) -> str:
    """ASCII hyphens in front of digits become U+2212."""
    return text.replace("-", "−")


def signed(value: float, decimals: int = 2) -> str:
    """A difference with its sign; zero has none. NaN is a dash."""
    if math.isnan(value):
        return NONE
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else minus(text)


def plain(value: float, decimals: int = 2) -> str:
    """A number without a plus sign; NaN is a dash."""
    return NONE if math.isnan(value) else minus(f"{value:.{decimals}f}")


def aligned(texts: Sequence[str]) -> list[str]:
    """Texts padded on the left to the same length, so that a column of equal decimals aligns anywhere in a line."""
    width = max((len(text) for text in texts), default=0)
    return [text.rjust(width, FIGURE_SPACE) for text in texts]


def count(value: float) -> str:
    """A whole number with thousands separated."""
    return f"{value:,.0f}"


def signed_count(value: int) -> str:
    """A whole difference with its sign and thousands separated; zero has no sign."""
    return minus(f"{value:+,}") if value else "0"


def scaled(value: float) -> tuple[str, str]:
    """A quantity with two decimals and the prefix of its unit: ``("4.09", "G")`` for 4.09 · 10⁹; below 10³ neither."""
    for power, prefix in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if value >= 10**power:
            return f"{value / 10**power:.2f}", prefix
    return f"{value:.0f}", ""


def number(value: float) -> str:
    """A setting as a person would write it: no trailing zeros, powers of ten for the very small and very large."""
    if value and not 1e-4 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.3e}".split("e")
        return minus(f"{float(mantissa):g} × 10^{int(exponent)}")
    return minus(f"{value:,.10g}")


def duration(seconds: float) -> str:
    """A wall time with the two units that matter."""
    if seconds < 60:
        return f"{seconds:.1f}\u00a0s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}\u00a0min {rest:02d}\u00a0s"
    hours, minutes = divmod(minutes, 60)
    return f"{count(hours)}\u00a0h {minutes:02d}\u00a0min"


def brief(seconds: float) -> str:
    """A time with one unit, for a narrow column: 12 s, 34 min, 9.5 h. NaN is a dash."""
    if math.isnan(seconds):
        return NONE
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f}\u00a0{unit}"
    return f"{seconds:.1f}\u00a0s"


def spelled(value: int) -> str:
    """A count in words up to twelve, in figures beyond."""
    return _WORDS[value] if value < len(_WORDS) else count(value)


def listing(items: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    items = list(items)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else "none"


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def words(value: int, noun: str) -> str:
    """A count with its noun, small counts spelled out: one cell, three seeds, 13 cells."""
    return f"{spelled(value)} {noun}" + ("" if value == 1 else "s")
