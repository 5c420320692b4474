"""Language models trained in PyTorch beside ours: the same batches, and the same judgement."""

import math
from dataclasses import replace

import numpy as np
import pytest

from train import config
from train.config.schema import ConfigError
from train.data.windows import any_window, every_token

torch = pytest.importorskip("torch")


@pytest.fixture
def cell():
    cells = config.load_experiment({"main": "attention"}).parts[0].cells
    return config.parse_cell(next(one for name, one in cells.items() if name.startswith("full")))


class Text:
    """A text that repeats itself, as a store has it."""

    def __init__(self, classes):
        tokens = np.resize(np.arange(classes, dtype=np.uint16), 4000)
        self.train, self.val = any_window(tokens, 64), every_token(tokens[:400], 64)


def test_what_repeats_itself_is_learned_and_what_is_not_trained_knows_nothing(cell):
    from train.measure.torch_text import fit

    store = Text(cell.dataset.classes)
    first, after = (fit(replace(cell, steps=steps, batch_size=4), 0, store, 1) for steps in (1, 60))
    assert first["loss"] == pytest.approx(math.log(cell.dataset.classes), abs=0.3)
    assert after["loss"] < first["loss"] - 1
    assert first["params"] == after["params"]


def test_what_has_no_counterpart_is_refused(cell):
    from train.measure.torch_text import fit

    with pytest.raises(ConfigError, match="has no counterpart, expected one of TinyGPT"):
        fit(replace(cell, model="TinyGPT (no positions)"), 0, None, 1)
    with pytest.raises(ConfigError, match="expected adamw"):
        fit(replace(cell, optimizer=replace(cell.optimizer, name="lion")), 0, None, 1)
