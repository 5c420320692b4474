"""Graphs: layers in which nodes hear from their neighbours, and the test that says what such layers can tell apart.

A graph of n nodes has features (n, channels) and arcs as two lists of node numbers, ``senders`` and ``receivers``: arc
i goes from ``senders[i]`` to ``receivers[i]``, and an edge without direction is two arcs. The lists may be empty.
"""
