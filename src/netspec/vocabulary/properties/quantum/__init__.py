"""What must hold of networks of qubits, of light and of memristors."""

from netspec.vocabulary.properties.quantum import circuits, hardware

TERMS = (*circuits.TERMS, *hardware.TERMS, circuits.HYBRID)
