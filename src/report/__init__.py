"""The reports: results, counts and checks in, tables, figures and pages out. Nothing here trains.

``engine`` is what every report is made with, ``runs`` what those on trained cells share, ``kept`` what is kept of
finished results, ``compare`` two runs side by side. Every other folder is one report and holds its content alone. The
command line is :mod:`report.__main__`.
"""
