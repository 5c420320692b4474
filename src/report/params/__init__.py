"""The catalogue counted: what :mod:`netspec.counts` knows, as CSV, Markdown, a figure and a typeset report.

``collect`` asks netspec, ``records`` writes and reads the CSV files, and everything after reads only those.
"""
