"""Figures from elsewhere, each with its source, as CSV.

``book_figures.csv``: what the chapters print, which form of a spec gives the figure, the totals that the companion
repository pins (its ``tests/bestiary_params.yml``, an earlier revision of it for ConvNeXt, and what its trainers
print for Part 1), the papers' figures as the chapters quote them. ``book_parts.csv``: figures for some layers of a
spec, counted from 0. ``paper_figures.csv``: what the papers print. ``reference_counts.csv``: counts of reference
implementations by family, variant, piece and number of classes, with library, version and constructor.
``reference_map.csv``: which of those a spec is compared with, the kind of the comparison, and the reason for a
difference; signed numbers in a reason add up to the difference. ``book_theorems.csv``: what theorems 46 to 81 state,
in words of ours, with the closed form. ``book_functions.csv``: which specs compute what their reference does
(:mod:`netspec.functions`). ``preprocessing.csv``: how classifiers of libraries see a picture, by the weights that the
library has, its default first. ``imagenet_classes.csv``: the classes of ILSVRC 2012 by synset, and the lemmas that
WordNet 3.0 (Princeton University 2010) has for each.
"""
