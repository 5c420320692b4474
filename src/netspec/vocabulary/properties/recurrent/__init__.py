"""What must hold of the recurrent networks."""

from netspec.vocabulary.properties.recurrent.cells import GRU, LSTM, PLAIN
from netspec.vocabulary.properties.recurrent.parallel import MAMBA, S4, TCN
from netspec.vocabulary.properties.recurrent.reservoir import ECHO_STATE
from netspec.vocabulary.properties.recurrent.unrolled import BIDIRECTIONAL, THROUGH_TIME

TERMS = (
    THROUGH_TIME,
    PLAIN,
    LSTM,
    GRU,
    BIDIRECTIONAL,
    TCN,
    S4,
    MAMBA,
    ECHO_STATE,
)
