"""What forms of positions reach beyond their training: planted losses that hold, break and are not there."""

from dataclasses import dataclass

import pytest

from report.positions.lengths import BREAKS, CANNOT, HOLDS, UNDECIDED, reached

SEEDS = (0, 1, 2)


@dataclass
class Planted:
    """A setting whose variants grow by as much as is said at each factor."""

    grows: dict

    def values(self, variant, figure=""):
        base = {seed: 1.5 + 0.3 * seed for seed in SEEDS}
        if not figure:
            return base
        growth = self.grows[variant]
        if growth is None:
            return {}
        return {seed: value + growth + 0.001 * seed for seed, value in base.items()}


@pytest.mark.parametrize(("growth", "verdict"), [(0.01, HOLDS), (2.0, BREAKS), (0.049, UNDECIDED), (None, CANNOT)])
def test_the_verdict_is_by_the_interval_of_what_was_planted(growth, verdict):
    found = reached(Planted({"some": growth}), "some")
    assert [one.factor for one in found] == [1, 2, 4, 8]
    assert found[-1].verdict == verdict and found[0].verdict == HOLDS
    if growth is not None:
        assert found[-1].grown.mean == pytest.approx(growth + 0.001)
