"""The catalogue counted: what :mod:`netspec.counts` knows, as CSV, Markdown, a figure and a typeset report.

``collect`` asks netspec, ``rows`` says what the CSV files hold, and everything after reads only those.
"""
