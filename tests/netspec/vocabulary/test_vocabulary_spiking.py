import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary.spiking import learning, neurons

FAMILY = "spiking"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_a_current_below_the_threshold_never_fires():
    spikes, voltages = neurons.lif(np.full(200, 0.99))
    assert not spikes.any() and voltages.max() < 1


SPIKES = np.ones((3, 2))

REFUSED = {
    "one number": (lambda: neurons.lif(1.0), "current: arrived one number"),
    "no time": (lambda: neurons.lif(np.ones(3), dt=0.0), "dt: arrived 0.0"),
    "a reset that fires": (lambda: neurons.lif(np.ones(3), reset=1.0), "reset: arrived 1.0, expected less than"),
    "a threshold at rest": (lambda: neurons.alif(np.ones(3), rest=2.0), "rest: arrived 2.0, expected less than"),
    "a negative strength": (lambda: neurons.alif(np.ones(3), strength=-1.0), "strength: arrived -1.0"),
    "a reset above the spike": (lambda: neurons.izhikevich(np.ones(3), c=40.0), "c: arrived 40.0"),
    "trains of other lengths": (lambda: learning.stdp(SPIKES, SPIKES[:2]), "post: arrived with shape"),
    "a negative amplitude": (lambda: learning.stdp(SPIKES, SPIKES, a_minus=-0.1), "a_minus: arrived -0.1"),
    "a negative rate": (lambda: learning.hebbian(np.ones((2, 1)), SPIKES, -1.0), "rate: arrived -1.0"),
    "another surrogate": (lambda: learning.surrogate_spike(SPIKES, kind="step"), "kind: arrived 'step'"),
    "no slope": (lambda: learning.surrogate_spike(SPIKES, slope=0.0), "slope: arrived 0.0"),
    "a modulation above one": (lambda: learning.rank_order(SPIKES, np.ones((2, 1)), 1.5), "modulation: arrived 1.5"),
    "queries that are no spikes": (
        lambda: learning.spiking_attention(SPIKES / 2, SPIKES, SPIKES),
        "q: arrived with other numbers",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(VocabularyError, match=message):
        call()
