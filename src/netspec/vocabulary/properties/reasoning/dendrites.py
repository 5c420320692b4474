"""What must hold of the convolution with dendrite branches and hyperedges."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.reasoning import dendrites
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: One shape for all cases, since each other one is compiled anew.
_SHAPE = (2, 4, 3, 5)


def _inputs(case: Case) -> tuple[Any, Any, Any]:
    """A volume of two channels, three branches, and two hyperedges: all positions of the first slice, two others."""
    x = case.normal(*_SHAPE, 2)
    kernels = case.normal(3, 3, 3, 3, 2, 2, seed=1)
    incidence = np.zeros((2, 60))
    incidence[0, :15] = 1
    incidence[1, [20, 40]] = 1
    return x, kernels, incidence


def _one_position(conv: Implementation, case: Case) -> float:
    """One position, summed by hand: of each branch the taps that lie inside, then the mean of its hyperedge."""
    x, kernels, incidence = _inputs(case)

    def soma(at: tuple[int, ...]) -> np.ndarray:
        total = np.zeros((len(x), 2))
        for branch, tap in itertools.product(range(3), itertools.product(range(3), repeat=3)):
            place = tuple(a + 2**branch * (t - 1) for a, t in zip(at, tap, strict=True))
            if all(0 <= p < size for p, size in zip(place, _SHAPE[1:], strict=True)):
                total += x[:, place[0], place[1], place[2]] @ kernels[branch, tap[0], tap[1], tap[2]]
        return total / 3

    pair = [tuple(int(i) for i in np.unravel_index(n, _SHAPE[1:])) for n in (20, 40)]
    expected = soma(pair[0]) + 0.5 * (soma(pair[0]) + soma(pair[1])) / 2
    found = np.asarray(compiled(conv)(x, kernels, incidence, rate=0.5))
    depth, height, width = pair[0]
    return apart(found[:, depth, height, width], expected)


def _outsiders(conv: Implementation, case: Case) -> float:
    """Positions in no hyperedge are as they would be without any."""
    x, kernels, incidence = _inputs(case)
    run = compiled(conv)
    outside = incidence.sum(axis=0) == 0
    found, alone = (np.asarray(run(x, kernels, incidence, rate=rate)).reshape(2, 60, 2) for rate in (0.5, 0.0))
    return apart(found[:, outside], alone[:, outside])


def _soma(x: Any, kernels: Any, incidence: Any) -> np.ndarray:
    """The branches without hyperedges, a row a position."""
    soma = compiled(dendrites.dendritic_hypergraph_conv)(x, kernels, incidence, rate=0.0)
    return np.asarray(soma).reshape(len(x), -1, soma.shape[-1])


def _dense(x: Any, kernels: Any, incidence: Any, *, rate: float) -> Any:
    """Attention of all positions to all in place of hyperedges."""
    nodes = _soma(x, kernels, incidence)
    scores = np.exp(np.einsum("bpc,bqc->bpq", nodes, nodes) / 99)
    attended = np.einsum("bpq,bqc->bpc", scores / scores.sum(axis=-1, keepdims=True), nodes)
    return (nodes + rate * attended).reshape(*x.shape[:4], -1)


def _sum_of_branches(x: Any, kernels: Any, incidence: Any, *, rate: float) -> Any:
    return len(kernels) * compiled(dendrites.dendritic_hypergraph_conv)(x, kernels, incidence, rate=rate)


def _sum_of_members(x: Any, kernels: Any, incidence: Any, *, rate: float) -> Any:
    nodes = _soma(x, kernels, incidence)
    return (nodes + rate * np.einsum("ep,eq,bqc->bpc", incidence, incidence, nodes)).reshape(*x.shape[:4], -1)


TERM = Term(
    "dendritic-hypergraph-conv",
    dendrites.dendritic_hypergraph_conv,
    (
        Property(
            "A position is the mean of its branches' sums, and half of what its hyperedge has on average.",
            _one_position,
            1e-12,
            (
                Mistake("the sum of the branches", _sum_of_branches),
                Mistake("the sum of the members", _sum_of_members),
            ),
        ),
        Property(
            "Positions in no hyperedge receive nothing.",
            _outsiders,
            0.0,
            (Mistake("attention of all positions to all", _dense, 1328),),
        ),
    ),
)
