"""Networks of qubits, of light and of memristors, simulated: amplitudes, fields and currents as arrays."""

from netspec.vocabulary.quantum.circuits import circuit_state, hybrid_network, parameter_shift, qnn, vqe_energy
from netspec.vocabulary.quantum.memristors import crossbar
from netspec.vocabulary.quantum.optics import diffract, mzi_mesh, propagate, reck_angles

__all__ = [
    "circuit_state",
    "crossbar",
    "diffract",
    "hybrid_network",
    "mzi_mesh",
    "parameter_shift",
    "propagate",
    "qnn",
    "reck_angles",
    "vqe_energy",
]
