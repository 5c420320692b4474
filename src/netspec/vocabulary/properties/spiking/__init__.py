"""What must hold of spiking neurons and of how they learn."""

from netspec.vocabulary.properties.spiking import learning, neurons

TERMS = (
    neurons.LEAKY,
    neurons.ADAPTIVE,
    neurons.IZHIKEVICH,
    learning.TIMING,
    learning.RANKS,
    learning.SURROGATE,
    learning.HEBBIAN,
    learning.ATTENTION,
)
