"""What must hold of graph layers."""

from netspec.vocabulary.properties.graphs import convolutions, higher, isomorphism, temporal

TERMS = (
    higher.TIPS,
    convolutions.GCN,
    convolutions.GAT,
    convolutions.SAGE,
    convolutions.MPNN,
    isomorphism.GIN,
    isomorphism.REFINEMENT,
    convolutions.READOUT,
    isomorphism.GIN_0,
    isomorphism.VIRTUAL,
    isomorphism.EDGE,
    higher.TUPLES,
    higher.HYPERGRAPH,
    temporal.MEMORY,
)
