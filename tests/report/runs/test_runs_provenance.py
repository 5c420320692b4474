"""What a report says of the weights that its cells started from."""

from types import SimpleNamespace

import pytest

from report.runs.provenance import _starts


@pytest.mark.parametrize(
    ("starts", "says"),
    [
        ([None, None], ""),
        (["a.npz"], " All start from weights: `a.npz`."),
        ([None, {"file": "a.npz"}], " One cell of 2 starts from weights: `a.npz`."),
        ([None, "a.npz", {"file": "a.npz"}, "b.npz"], " Three cells of 4 start from weights: `a.npz` and `b.npz`."),
    ],
)
def test_cells_that_start_from_weights_are_told_apart(starts, says):
    assert _starts([SimpleNamespace(config={"start": start}) for start in starts]) == says
