"""Sets of small graphs written as TUDataset publishes them."""

import zipfile
from pathlib import Path

import numpy as np


def molecules(count, *, told, seed=0):
    """So many trees of 8 to 12 nodes as (labels of nodes, edges, label), whose label is ``told`` by edges or drawn.

    A label that is told by edges is 1 where the tree is a path and -1 where it is two stars that are joined; labels of
    nodes are drawn, and so are the numbers that nodes go by.
    """
    rng = np.random.default_rng(seed)
    made = []
    for place in range(count):
        nodes, chain = int(rng.integers(8, 13)), place % 2 == 0
        tree = [(one, one + 1) if chain else (one % 2, one + 1) for one in range(nodes - 1)]
        names = rng.permutation(nodes)
        edges = [(int(names[one]), int(names[other])) for one, other in tree]
        label = chain if told == "edges" else rng.random() < 0.5
        made.append((rng.integers(0, 3, nodes).tolist(), edges, 1 if label else -1))
    return made


def texts(made, *, edge_labels=False):
    """The files of graphs by name, nodes numbered from 1 through all graphs."""
    arcs, graph_of, labels, nodes = [], [], [], []
    for number, (kinds, edges, label) in enumerate(made, 1):
        arcs += [(len(nodes) + one + 1, len(nodes) + other + 1) for pair in edges for one, other in (pair, pair[::-1])]
        graph_of += [number] * len(kinds)
        nodes += kinds
        labels.append(label)
    files = {
        "A": [f"{one}, {other}" for one, other in arcs],
        "graph_indicator": graph_of,
        "graph_labels": labels,
        "node_labels": nodes,
    }
    if edge_labels:
        files["edge_labels"] = [sum(arc) % 2 for arc in arcs]
    return {f"MUTAG_{part}.txt": "".join(f"{line}\n" for line in lines) for part, lines in files.items()}


def in_folder(folder: Path, files) -> Path:
    """``folder`` with these files."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def in_zip(path: Path, files, folder="MUTAG/") -> Path:
    """The archive ``path`` of them, in a folder of it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{folder}{name}", text)
    return path
