"""A comparison with the tables that optimizers alone are asked for."""

from __future__ import annotations

from report.comparison.report import Compared, Comparison
from report.engine.page import Block
from report.optimizers import batches, content
from report.runs import smoke


def more(compared: Compared) -> list[Block]:
    """For each setting what was spent and survived, and where batches differ how each optimizer takes them.

    A smoke run says of none that it survives.
    """
    concludes = not smoke.banner(compared.cells)
    return [
        batches.table(setting) if batches.differ(setting) else content.costs(setting, compared.table, concludes)
        for setting in compared.settings
    ]


REPORT = Comparison(more)
