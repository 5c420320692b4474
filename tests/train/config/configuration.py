"""A copy of ``config/`` that a test edits, and the main experiment as it then stands."""

from train import config
from train.config import schema


def edit(folder, file, old, new):
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def load(folder, **changes):
    return config.load_experiment({**schema.load(folder / "config.yaml"), **changes}, folder)
