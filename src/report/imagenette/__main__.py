"""``python -m report.imagenette``: see :mod:`report.steps`."""

from __future__ import annotations

import sys

from report.imagenette import document, figure, table
from report.steps import Report

REPORT = Report(
    module="report.imagenette",
    summary="The networks of ch. 10.3: size, program, time and accuracy, ours beside the book's.",
    columns=table.COLUMNS,
    table=table.per_cell,
    figures=figure.figures,
    page=document.page,
    lowers=True,
)
main = REPORT.main

if __name__ == "__main__":
    sys.exit(main())
