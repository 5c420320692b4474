"""What must hold of learning to learn."""

from netspec.vocabulary.properties.meta import episodes, search, weights

TERMS = (
    weights.HYPERNETWORK,
    weights.MAML,
    episodes.PROTOTYPES,
    episodes.MATCHING,
    search.SEARCH,
    search.DYNAMIC,
    weights.CONSOLIDATION,
)
