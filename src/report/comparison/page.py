"""The page of a comparison as it is."""

from __future__ import annotations

from report.comparison.report import Comparison

REPORT = Comparison()
