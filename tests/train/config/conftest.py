"""What tests of the configuration start from."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path):
    """A copy of config/ whose files a test may break."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config"
