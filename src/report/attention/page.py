"""The page of a comparison of attentions."""

from __future__ import annotations

from report.attention.costs import blocks, drawn
from report.comparison.report import Comparison

REPORT = Comparison(
    more=blocks,
    second=drawn,
    caption=(
        "One block of each network at growing length: microseconds of loss and gradient for each token, flat where the "
        "whole is linear, and the memory of a step. Steps were taken in turns; medians."
    ),
)
