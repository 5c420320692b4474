"""The page of a comparison of forms of positions."""

from __future__ import annotations

from report.comparison.report import Comparison
from report.positions.lengths import blocks, drawn

REPORT = Comparison(
    more=blocks,
    second=drawn,
    caption=(
        "The loss at the length of training and beyond: a line per form, a circle per seed, each at the rate it is "
        "judged at. A line ends where a form has no further positions; what is far above the best is cut off."
    ),
)
