from collections import Counter

import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary.evidence import graphs as evidence
from netspec.vocabulary.graphs import convolutions, higher, isomorphism, temporal
from netspec.vocabulary.properties.graphs import common

FAMILY = "graphs"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_every_graph_of_up_to_six_nodes_is_there_once():
    counts = Counter(len(matrix) for matrix in common.all_graphs(6))
    assert counts == {1: 1, 2: 2, 3: 4, 4: 11, 5: 34, 6: 156}  # OEIS A000088


def test_sampling_is_not_what_limits_graphsage():
    assert evidence.full_neighbourhoods_confused().differs


def test_layers_take_graphs_without_edges():
    x, none, kernel = np.ones((3, 2)), np.zeros(0, int), np.eye(2)
    assert convolutions.gcn(x, none, none, kernel).tolist() == x.tolist()
    assert convolutions.graphsage(x, none, none, np.eye(4), "max").shape == (3, 4)
    assert isomorphism.gin(x, none, none, [(kernel, np.zeros(2))]).tolist() == x.tolist()


X, EDGE, KERNEL = np.ones((2, 3)), (np.array([0, 1]), np.array([1, 0])), np.eye(3)
LAYERS = [(KERNEL, np.zeros(3))]
CELL = temporal.MemoryCell(np.ones(1), np.ones(1), np.ones((3, 6, 2)), np.ones((3, 2, 2)), np.ones((3, 2)))
EVENT = (np.ones((2, 2)), np.array([0]), np.array([1]))

REFUSED = {
    "no nodes": (lambda: convolutions.gcn(X[:0], *EDGE, KERNEL), "x: arrived empty"),
    "a node that is not there": (
        lambda: convolutions.gcn(X, np.array([2]), np.array([0]), KERNEL),
        "senders: arrived 2, expected a number from 0 to 1",
    ),
    "a sender without receiver": (
        lambda: convolutions.gcn(X, EDGE[0], EDGE[1][:1], KERNEL),
        r"receivers: arrived with shape \(1,\)",
    ),
    "a node and a half": (
        lambda: convolutions.gcn(X, np.array([0.5]), np.array([0]), KERNEL),
        "senders: arrived float",
    ),
    "half an attention": (
        lambda: convolutions.gat(X, *EDGE, KERNEL[None], np.ones((1, 3))),
        r"attention: arrived with shape \(1, 3\)",
    ),
    "another pool": (lambda: convolutions.graphsage(X, *EDGE, np.eye(6), "lstm"), "aggregate: arrived 'lstm'"),
    "an edge too few": (
        lambda: convolutions.mpnn(X, *EDGE, np.ones((1, 1)), lambda a, b, e: b, lambda a, m: m),
        "edges: arrived with shape",
    ),
    "a graph that is not there": (
        lambda: convolutions.graph_readout(X, np.array([0, 1]), 1),
        "graph_of: arrived 1, expected a number from 0 to 0",
    ),
    "an epsilon a node": (lambda: isomorphism.gin(X, *EDGE, LAYERS, np.ones(2)), "epsilon: arrived with shape"),
    "edges of another width": (
        lambda: isomorphism.gin_edge(X, *EDGE, np.ones((1, 3)), LAYERS),
        "edges: arrived with shape",
    ),
    "a directed graph": (
        lambda: isomorphism.color_refinement(np.array([[0, 1], [0, 0]])),
        "adjacency: arrived another matrix",
    ),
    "pairs for triples": (
        lambda: higher.higher_order_gnn(np.ones((2, 2, 3)), KERNEL, np.ones((3, 3, 3)), np.ones(3)),
        "x: arrived with shape",
    ),
    "half a member": (
        lambda: higher.hypergraph_convolution(X, np.full((2, 1), 0.5), KERNEL),
        "incidence: arrived with other numbers",
    ),
    "a node on its own": (
        lambda: higher.hypergraph_convolution(X, np.array([[1], [0]]), KERNEL),
        "incidence: arrived with a node in no hyperedge",
    ),
    "nobody joined": (
        lambda: higher.hypergraph_tips(X, np.zeros((2, 1)), lambda h: h, lambda a: a),
        "incidence: arrived with a hyperedge without members",
    ),
    "times that go back": (
        lambda: temporal.temporal_graph_memory(*EVENT, np.array([-1.0]), np.ones((1, 1)), CELL),
        "time between two events: arrived -1.0",
    ),
    "features that the cell does not read": (
        lambda: temporal.temporal_graph_memory(*EVENT, np.array([1.0]), np.ones((1, 2)), CELL),
        "inner: arrived with shape",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(VocabularyError, match=message):
        call()
