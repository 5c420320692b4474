"""Which of many cases of one test `pytest` does, and which it leaves to `pytest -m exhaustive`."""

import pytest


def thinned(cases, every):
    """Each ``every``-th of the cases, in their order, and all others marked as exhaustive; tuples are arguments."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=[] if at % every == every // 2 else pytest.mark.exhaustive,
        )
        for at, case in enumerate(cases)
    ]
