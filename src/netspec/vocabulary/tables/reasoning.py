"""The numbers of the reasoning examples and of the self-organising map."""

from __future__ import annotations

import itertools

from netspec.vocabulary.tables.figures import Ours, compared

Cells = dict[tuple[str, str], Ours]

#: The four paths of the document: validity, efficiency, confidence, and the score it prints (line 587).
PATHS = {
    "Path1": ("A-B-D", 1.0, 0.8, 0.9, 0.85),
    "Path2": ("A-C-D", 1.0, 1.0, 0.8, 0.92),
    "Path3": ("A-B-C-D", 1.0, 0.6, 0.9, 0.75),
    "Path4": ("A-D", 0.7, 0.5, 1.0, 0.60),
}
#: Weights of validity, efficiency and confidence (line 600).
WEIGHTS = (0.8, 0.1, 0.1)


def scratchpad() -> Cells:
    """The product that the example works out, digit by digit."""
    first, second = 47, 23
    tens, ones = first * (second // 10 * 10), first * (second % 10)
    return {
        ("partial products", "value"): compared("940 and 141", f"{tens} and {ones}", "47 × 20 and 47 × 3"),
        ("answer", "value"): compared("1081", first * second, "47 × 23"),
    }


def score(path: str) -> float:
    """The weighted score of a path by the document's own weights."""
    return sum(weight * part for weight, part in zip(WEIGHTS, PATHS[path][1:4], strict=True))


def path_scores() -> Cells:
    """Every score from its own weights, and the order that the scores make."""
    cells: Cells = {}
    order = sorted(PATHS, key=score, reverse=True)
    for path, (_, *_, printed) in PATHS.items():
        ours = f"{score(path):.2f}"
        place = order.index(path) + 1
        cells[path, "score printed"] = Ours(
            ours, "agrees" if ours == f"{printed:.2f}" else "differs", f"0.8 v + 0.1 e + 0.1 c; place {place} of 4"
        )
    return cells


def score_weights() -> Cells:
    """Weights are shares: they add up to one."""
    total = sum(WEIGHTS)
    names = ("validity", "efficiency", "confidence")
    why = f"the three add up to {total:g}"
    return {(name, "weight"): compared(weight, weight, why) for name, weight in zip(names, WEIGHTS, strict=True)}


def stacked_map() -> Cells:
    """The 27 cubes by their places in a 3 × 3 × 3 lattice, numbered from 1 row by row, the centre is 14."""
    places = list(itertools.product(range(3), repeat=3))
    by_distance: dict[int, list[int]] = {1: [], 2: [], 3: []}
    for number, place in enumerate(places, start=1):
        steps = sum(side != 1 for side in place)
        if steps:
            by_distance[steps].append(number)
    cubes, neurons = len(places), 11**3
    cells = {
        ("cubes", "value"): compared("27", cubes, "3³"),
        ("neurons per cube", "value"): compared("1331", neurons, "11³"),
        ("total neurons", "value"): compared("35937", cubes * neurons, "27 · 1331 = 33³"),
    }
    printed = {
        1: ("face neighbours of centre cube", "6: 5 11 13 15 17 23"),
        2: ("edge neighbours of centre cube", "12: 2 4 6 8 10 12 16 18 20 22 24 26"),
        3: ("corner neighbours of centre cube", "8: 1 3 7 9 19 21 25 27"),
    }
    for steps, (row, text) in printed.items():
        found = by_distance[steps]
        why = f"places that differ from the centre in {steps} of 3 coordinates"
        cells[row, "value"] = compared(text, f"{len(found)}: {' '.join(map(str, found))}", why)
    return cells
