"""The process that runs the commands of these tests ends with them."""

import pytest
from commands import end_warm


@pytest.fixture(autouse=True, scope="session")
def _end_warm():
    yield
    end_warm()
