"""Sets of small graphs in the text files of TUDataset (Morris et al. 2020 [2007.08663]), in a folder or in a zip file.

Nodes, graphs and arcs are numbered by their lines, from 1: ``NAME_graph_indicator.txt`` has the graph of each node,
``NAME_A.txt`` the two nodes of each arc, both arcs of an edge; labels stand in ``NAME_graph_labels.txt``,
``NAME_node_labels.txt`` and, where there are any, ``NAME_edge_labels.txt``.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.raw.packed import File
from train.data.raw.tar import damage_named
from train.data.raw.zip import contents, list_zip

NUMBER = re.compile(r"\s*-?[0-9]{1,9}\s*", re.ASCII)
#: Files by the end of their name: how many numbers are on a line, and what they are.
FILES = {
    "A": (2, "the numbers of two nodes"),
    "graph_indicator": (1, "the number of a graph"),
    "graph_labels": (1, "the label of a graph, a whole number"),
    "node_labels": (1, "the label of a node, a whole number"),
    "edge_labels": (1, "the label of an arc, a whole number"),
}
OPTIONAL = "edge_labels"
#: From the name of a file to its bytes, or ``None`` where there is none.
Read = Callable[[str], bytes | None]


@dataclass(frozen=True, eq=False)
class Graphs:
    """Graphs as lists of their nodes and arcs, all numbered from 0; labels are numbered in their order.

    Args:
        graph_of: the graph of each node, ``(nodes,)``.
        arcs: where each arc comes from and leads to, ``(2, arcs)``; both arcs of every edge, each once, no loops.
        labels: of each graph, ``(graphs,)``.
        node_labels: ``(nodes,)``.
        edge_labels: ``(arcs,)``, or ``None`` where none are published.
        digest: SHA-256 of all that, in hexadecimal: the same for a folder and its archive.
    """

    graph_of: np.ndarray
    arcs: np.ndarray
    labels: np.ndarray
    node_labels: np.ndarray
    edge_labels: np.ndarray | None = None
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256()
        for array in (self.graph_of, self.arcs, self.labels, self.node_labels, self.edge_labels):
            digest.update(f"{np.shape(array)}".encode() + (b"" if array is None else array.astype("<i8").tobytes()))
        object.__setattr__(self, "digest", digest.hexdigest())


def open_tudataset(path: Path, name: str) -> Graphs:
    """The set ``name`` from a folder or a zip file, which has the files or a folder ``name`` of them.

    Raises :class:`ConfigError` naming the file, and the line where there is one, for what is missing, cut off, no
    number or in contradiction to another file, and for members that lead out of their archive.
    """
    where, read = _zipped(path, name) if path.is_file() else _folder(path, name)
    found = {}
    for part, (columns, expected) in FILES.items():
        file = f"{name}_{part}.txt"
        if (data := read(file)) is not None:
            found[part] = _numbers(f"{where}{file}", data, columns, expected)
        elif part != OPTIONAL:
            raise ConfigError(f"{where}{file}: is not there, expected {expected} on each line")
    return _checked(f"{where}{name}", found)


def _folder(path: Path, name: str) -> tuple[str, Read]:
    """What names begin with in messages, and how files are read."""
    inner = path / name if (path / name).is_dir() else path

    def read(file: str) -> bytes | None:
        try:
            return (inner / file).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{inner / file}: cannot be read ({error.strerror}), expected a file of text") from None

    return f"{inner}/", read


def _zipped(path: Path, name: str) -> tuple[str, Read]:
    """The same for an archive, whose members are read where they are: nothing is unpacked."""
    with damage_named(path):
        if not zipfile.is_zipfile(path):
            raise ConfigError(f"{path}: is no whole zip file, expected {name}.zip as published")
        top = list_zip(path).top
        inner = top[name] if isinstance(top.get(name), dict) else top
        files = {}
        with zipfile.ZipFile(path) as archive:
            for part in FILES:
                file = f"{name}_{part}.txt"
                if file in inner and not isinstance(inner[file], File):
                    raise ConfigError(f"{path}:{file}: is a link or there twice, expected one file")
                if file in inner:
                    files[file] = contents(archive, inner[file].at)
    return f"{path}:", files.get


def _numbers(where: str, data: bytes, columns: int, expected: str) -> np.ndarray:
    """``(lines, columns)`` whole numbers between commas."""
    try:
        lines = data.decode("ascii").rstrip().splitlines()
    except UnicodeDecodeError:
        raise ConfigError(f"{where}: is no plain text, expected {expected} on each line") from None
    if not lines:
        raise ConfigError(f"{where}: is empty, expected {expected} on each line")
    rows = []
    for number, line in enumerate(lines, 1):
        parts = line.split(",")
        if len(parts) != columns or not all(map(NUMBER.fullmatch, parts)):
            raise ConfigError(f"{where}: line {number} is {shown(line)!r}, expected {expected}")
        rows.append([int(part) for part in parts])
    return np.array(rows)


def _checked(where: str, found: dict[str, np.ndarray]) -> Graphs:
    """The files as one, each held against the others; ``where`` is what their names begin with."""
    graph_of, labels, arcs = found["graph_indicator"][:, 0] - 1, found["graph_labels"][:, 0], found["A"] - 1
    nodes, graphs = len(graph_of), len(labels)
    for part, count, of in (("node_labels", nodes, "nodes"), (OPTIONAL, len(arcs), "arcs")):
        if part in found and len(found[part]) != count:
            raise ConfigError(
                f"{where}_{part}.txt: has {len(found[part]):,} lines, expected one for each of {count:,} {of}"
            )
    for part, numbers, count, of in (
        ("graph_indicator", graph_of[:, None], graphs, "graphs"),
        ("A", arcs, nodes, "nodes"),
    ):
        outside = (numbers < 0) | (numbers >= count)
        if outside.any():
            line, column = np.argwhere(outside)[0]
            raise ConfigError(
                f"{where}_{part}.txt: line {line + 1} has {numbers[line, column] + 1}, "
                f"expected the number of one of {count:,} {of}"
            )
    if empty := sorted({*range(graphs)} - {*graph_of.tolist()}):
        raise ConfigError(
            f"{where}_graph_indicator.txt: graph {empty[0] + 1} has no node, expected one or more of each"
        )
    first, second = arcs.T
    known = set(map(tuple, arcs.tolist()))
    seen = set()
    for line, (one, other) in enumerate(arcs.tolist(), 1):
        told = f"{where}_A.txt: line {line} joins nodes {one + 1} and {other + 1}"
        if graph_of[one] != graph_of[other]:
            raise ConfigError(
                f"{told} of graphs {graph_of[one] + 1} and {graph_of[other] + 1}, expected nodes of one graph"
            )
        if one == other:
            raise ConfigError(f"{told}, expected two nodes")
        if (one, other) in seen:
            raise ConfigError(f"{told} again, expected each arc once")
        if (other, one) not in known:
            raise ConfigError(f"{told} in one direction alone, expected both arcs of each edge")
        seen.add((one, other))

    def numbered(values: np.ndarray) -> np.ndarray:
        return np.unique(values, return_inverse=True)[1].reshape(-1)

    edges = numbered(found[OPTIONAL][:, 0]) if OPTIONAL in found else None
    return Graphs(graph_of, np.stack([first, second]), numbered(labels), numbered(found["node_labels"][:, 0]), edges)
