"""Our step beside PyTorch's: what is refused, and, where PyTorch is installed, a comparison that runs."""

import importlib.util
from pathlib import Path

import pytest

import netspec
from train import bench_step
from train.config import load_experiment, parse_cell
from train.schema import ConfigError, load

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cell(digits_cells):
    return parse_cell(digits_cells["cutmix"])


def test_nothing_is_drawn_in_a_bare_cell(cell):
    bare = bench_step.bare(cell, 4)
    knobs = vars(bare.augmentation)
    assert not any(knobs[name] for name in knobs if name != "semantics")
    assert (bare.batch_size, bare.accumulate) == (4, 1)
    assert bench_step.bare(cell, None).batch_size == cell.batch_size


def test_a_network_without_counterpart(cell, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(ConfigError, match=r"key 'model' is .*, expected one of ConvNeXt-T .*, ViT-Tiny"):
        bench_step.bench(cell, 1, 1)


def test_without_pytorch(cell, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"PyTorch is not installed, expected .* pip install -e '\.\[bench\]'"):
        bench_step.bench(cell, 1, 1)


def imagenette_cell(model):
    settings = load(ROOT / "config" / "config.yaml")
    cells = load_experiment(settings, ROOT / "config", "imagenette").cells.values()
    return bench_step.bare(parse_cell(next(cell for cell in cells if cell["model"] == model)), 1)


@pytest.mark.parametrize("model", bench_step.COMPARED)
def test_the_counterpart_has_the_same_parameters(model):
    pytest.importorskip("torch")
    from train.torch_step import make_step

    _, params = make_step(imagenette_cell(model), threads=2)
    assert params == netspec.find(model).with_classes(10).params


def test_both_take_steps():
    pytest.importorskip("torch")
    found = bench_step.bench(imagenette_cell("ViT-Tiny"), rounds=2, starts=2)
    assert (found["rounds"], found["starts"]) == (2, 2)
    assert found["ratio"] == pytest.approx(found["ours_ms"] / found["pytorch_ms"])
    assert found["quartiles"][0] <= found["quartiles"][1]
    assert 0 < found["share_of_matmul"] < 1
