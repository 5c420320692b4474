"""Claims of the document that were tried: every trial with its verdicts, on one page."""
