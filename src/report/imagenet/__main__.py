"""``python -m report.imagenet``: see :mod:`report.steps`."""

from __future__ import annotations

import sys

from report.imagenet import document, figure, table
from report.steps import Report

REPORT = Report(
    module="report.imagenet",
    summary="The ImageNet runs of ch. 10.5: speed by precision, accuracy and curves, ours beside the book's.",
    columns=table.COLUMNS,
    table=table.per_cell,
    figures=figure.figures,
    page=document.page,
)
main = REPORT.main

if __name__ == "__main__":
    sys.exit(main())
