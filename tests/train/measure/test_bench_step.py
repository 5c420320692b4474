"""Our step beside PyTorch's: what is refused, and, where PyTorch is installed, a comparison that runs."""

import contextlib
import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from train.config import load_experiment, parse_cell
from train.config.schema import ConfigError, load
from train.measure import step as bench_step
from train.tasks import task_of
from train.workflow.plan import Plan

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


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


def shipped_cell(model):
    """A bare cell of the experiment that trains a network."""
    settings = load(ROOT / "config" / "config.yaml")
    for name in ("imagenette", "language", "pets", "voc"):
        for cell in load_experiment(settings, ROOT / "config", name).cells.values():
            if cell["model"] == model:
                return bench_step.bare(parse_cell(cell), 1)
    raise AssertionError(model)


def test_a_worker_reads_the_cell_that_it_is_sent():
    cells = Plan.of(load(ROOT / "config" / "config.yaml"), ROOT / "config").cells
    assert len(cells) > 200
    for value in cells.values():
        bare = replace(bench_step.bare(parse_cell(value), 2), fingerprint="")
        assert replace(bench_step.read(bench_step.written(bare)), fingerprint="") == bare


@pytest.mark.parametrize("model", bench_step.COMPARED)
def test_the_counterpart_has_the_same_parameters(model):
    pytest.importorskip("torch")
    from train.measure.torch_step import make_step

    cell = shipped_cell(model)
    step, params = make_step(cell, threads=2)
    assert params == task_of(cell).spec(cell).params
    if cell.task != "classification":
        step()


@pytest.mark.parametrize(
    ("tried", "form"),
    [
        ({"nchw": 1.1, "channels_last": 0.86, "nchw_compiled": None}, "channels_last"),
        ({"nchw": 1.0, "channels_last": 2.0, "nchw_compiled": 0.5}, "nchw_compiled"),
        ({"nchw": 1.0}, "nchw"),
    ],
)
def test_the_fastest_form_is_compared_with(tried, form):
    assert bench_step.fastest(tried) == form


def test_no_form_at_all():
    with pytest.raises(ConfigError, match="PyTorch takes no step, expected one in at least one form of nchw, channels"):
        bench_step.fastest({"nchw": None, "channels_last": None})


class FakeWorker:
    """A side whose steps take the seconds of its form, and that cannot compile."""

    SECONDS: ClassVar = {(): 1.0, ("nchw",): 3.0, ("channels_last",): 2.0}

    def __init__(self, form, on_gpu):
        if form and form[0].endswith("compiled"):
            raise bench_step._CannotCompile("InvalidCxxCompiler: no C++ compiler")
        self.form = form
        self.about = {"params": 7, "on_gpu": on_gpu, "matmul_gflops": 9e9, "device": "cpu", "device_count": 1}
        self.about["version"] = "2"

    def step(self):
        return self.SECONDS[self.form]


@pytest.fixture
def fake(monkeypatch):
    """A function that replaces both sides by processes that are none, each on a GPU or not."""

    def replace(ours=False, theirs=False):
        @contextlib.contextmanager
        def worker(side, cell, *form):
            yield FakeWorker(form, ours if side == bench_step.OURS else theirs)

        monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
        monkeypatch.setattr(bench_step, "_worker", worker)

    return replace


def test_each_form_has_its_time_and_the_best_the_ratio(fake, capsys):
    fake()
    found = bench_step.bench(shipped_cell("ViT-Tiny"), rounds=3, starts=2)
    times = {"nchw": 3000, "channels_last": 2000, "nchw_compiled": None, "channels_last_compiled": None}
    assert (found["pytorch_form"], found["pytorch_forms_ms"]) == ("channels_last", times)
    assert (found["ours_ms"], found["pytorch_ms"], found["ratio"]) == (1000, 2000, 0.5)
    assert "ViT-Tiny: PyTorch cannot compile it here: InvalidCxxCompiler: no C++" in capsys.readouterr().err


@pytest.mark.parametrize(("ours", "theirs"), [(True, False), (False, True)])
def test_a_gpu_is_not_compared_with_a_processor(fake, ours, theirs):
    fake(ours, theirs)
    with pytest.raises(ConfigError, match=r"sees a GPU and .* does not, expected both or"):
        bench_step.bench(shipped_cell("ViT-Tiny"), 1, 1)


@pytest.mark.parametrize("model", ["ResNet-34", "ViT-Tiny"])
def test_a_form_has_its_layout_and_the_same_function(model):
    """The same weights and images give the same logits whatever the layout."""
    torch = pytest.importorskip("torch")
    from train.measure import torch_step

    logits, last = [], []
    for form in ("nchw", "channels_last"):
        torch.manual_seed(0)
        network, images, _ = torch_step.laid_out(shipped_cell(model), form, torch.device("cpu"))
        kernels = [value for value in network.parameters() if value.ndim == 4 and value.shape[1] > 1]
        last.append({value.is_contiguous(memory_format=torch.channels_last) for value in (images, *kernels)})
        with torch.no_grad():
            logits.append(network.eval()(images))
    assert last[1] == {True}
    assert False in last[0]
    torch.testing.assert_close(*logits, rtol=1e-3, atol=1e-3)


def test_both_take_steps():
    pytest.importorskip("torch")
    found = bench_step.bench(shipped_cell("ViT-Tiny"), rounds=2, starts=1, forms=("nchw", "channels_last"))
    assert found["pytorch_forms_ms"][found["pytorch_form"]] == min(found["pytorch_forms_ms"].values())
    assert (found["rounds"], found["starts"]) == (2, 1)
    assert found["ratio"] == pytest.approx(found["ours_ms"] / found["pytorch_ms"])
    assert found["quartiles"][0] <= found["quartiles"][1]
    assert 0 < found["share_of_matmul"] < 1
