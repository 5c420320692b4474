"""Blocks that architectures share, as functions that return tuples of layers.

A block of a paper is no layer of the language where layers and combinators say it already; what these functions return
is counted, drawn and built like anything that is written out. Sizes are in channels and pixels.
"""
