"""Classifiers of the catalogue trained by one recipe: what each reached, how large it is and what it cost.

``table`` reads the results and writes CSV; ``figure`` and ``document`` read those and what :mod:`report.load` reads.
"""
