"""The tables of the document, each figure beside what comes out when it is computed.

``reference/vocabulary_tables.csv`` has every figure of every table. What can be computed without training is, by one
function a table; tables of facts are listed with what sources say; those that need training say so.
"""

from netspec.vocabulary.tables.figures import KINDS, TABLES, Figure, Ours, figures

__all__ = ["KINDS", "TABLES", "Figure", "Ours", "figures"]
