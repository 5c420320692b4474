"""Memories that complete what they are shown, maps that arrange themselves, and layers over other numbers."""

from netspec.vocabulary.associative.algebras import complex_layer, quaternion_dense, quaternion_product
from netspec.vocabulary.associative.maps import NeuralGas, som_update, stacked_som_update
from netspec.vocabulary.associative.memories import (
    hopfield_energy,
    hopfield_retrieve,
    memory_access,
    rag_log_prob,
    rbm_free_energy,
)
from netspec.vocabulary.associative.splines import b_splines, kan_layer

__all__ = [
    "NeuralGas",
    "b_splines",
    "complex_layer",
    "hopfield_energy",
    "hopfield_retrieve",
    "kan_layer",
    "memory_access",
    "quaternion_dense",
    "quaternion_product",
    "rag_log_prob",
    "rbm_free_energy",
    "som_update",
    "stacked_som_update",
]
