"""Recurrent networks: a state carried from token to token, and what does the same work without carrying it.

Sequences are ``(batch, tokens, channels)``, states ``(batch, features)``. Kernels multiply from the right.
"""

from netspec.vocabulary.recurrent.cells import Weights, gru, lstm, rnn
from netspec.vocabulary.recurrent.parallel import StateSpace, legs, s4, tcn
from netspec.vocabulary.recurrent.reservoir import Reservoir, esn, reservoir_states
from netspec.vocabulary.recurrent.unrolled import Cell, bidirectional, bptt, unroll

__all__ = [
    "Cell",
    "Reservoir",
    "StateSpace",
    "Weights",
    "bidirectional",
    "bptt",
    "esn",
    "gru",
    "legs",
    "lstm",
    "reservoir_states",
    "rnn",
    "s4",
    "tcn",
    "unroll",
]
