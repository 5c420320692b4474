"""``netspec run`` and ``netspec lower``: what they print, and one line for what the caller has to change."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import netspec
from netspec.cli import main
from netspec.run import trial

pytestmark = pytest.mark.slow


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(np.full((40, 60, 3), 128, np.uint8)).save(tmp_path / "picture.png")
    return str(tmp_path / "picture.png")


def record(capsys, *arguments):
    assert main(["run", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_run_measures_what_it_built(capsys):
    found = record(capsys, "lenet-5", "--batch", "3", "--backward")
    assert found["built"] == found["params"] == 61_706
    assert found["multiply_adds"] == 3 * found["macs"] == 3 * 416_520
    assert found["output_shape"] == [10]
    assert found["forward"]["finite"]
    # 61,706 weights of four bytes, three pictures, and what lies between.
    assert 61_706 * 4 < found["forward"]["memory_mib"] * 2**20 < 61_706 * 4 + 3 * 200_000
    assert found["backward"]["finite"]
    assert found["backward"]["without_gradient"] == found["backward"]["faint"] == []


def test_a_run_prints_every_figure_with_its_unit(capsys):
    assert main(["run", "lenet-5", "--backward"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("LeNet-5\n")
    for text in ("61,706  as counted", "416,520", "32×32×1", "all finite", " ms ", " MiB ", "GFLOP/s", "gradients"):
        assert text in out


@pytest.mark.exhaustive
def test_abstract_asks_a_network_that_no_machine_here_could_hold(capsys):
    found = record(capsys, "LLaVA 13B LM (LLaMA-13B backbone)", "--abstract")
    assert found["built"] == netspec.find("LLaVA 13B LM (LLaMA-13B backbone)").params
    assert "forward" not in found


@pytest.mark.parametrize("name", ["lenet-5", "vit-digits"])
def test_a_picture_is_fitted_to_the_network(capsys, picture, name):
    assert record(capsys, name, "--input", picture)["forward"]["finite"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet-5", "--input", "missing.jpg"], "missing.jpg: No such file"),
        (
            ["tiny-mamba", "--input", "PICTURE"],
            "tiny-Mamba takes (256, 128), expected a network that takes one picture",
        ),
        (["lenet-5", "--abstract", "--backward"], "--abstract computes nothing, expected it without --backward"),
        (["LLaVA 13B LM (LLaMA-13B backbone)"], "of memory, more than there is; try --abstract"),
    ],
)
def test_mistakes_are_one_line(capsys, picture, arguments, message, monkeypatch, tmp_path):
    monkeypatch.setattr("netspec.run.trial._physical_memory", lambda: 2**30)
    monkeypatch.chdir(tmp_path)
    assert main(["run", *(picture if a == "PICTURE" else a for a in arguments)]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    assert message in err


def test_a_file_that_is_no_picture(capsys, tmp_path):
    (tmp_path / "notes.txt").write_text("not a picture")
    assert main(["run", "lenet-5", "--input", str(tmp_path / "notes.txt")]) == 2
    assert "notes.txt: not a picture that can be read" in capsys.readouterr().err


def test_a_lowered_depthwise_convolution_is_a_convolution(capsys):
    assert main(["lower", "mobilenet-v2", "--batch", "1", "-o", "-"]) == 0
    # The stem and the depthwise ones of 17 blocks; those of 1×1 are products of matrices.
    assert capsys.readouterr().out.count("stablehlo.convolution") == 1 + 17


def test_lower_writes_a_module_and_its_size(capsys, tmp_path):
    out = tmp_path / "lenet.mlir"
    assert main(["lower", "lenet-5", "--batch", "2", "-o", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert text.startswith("module @")
    assert "tensor<2x32x32x1xf32>" in text
    assert text.count("stablehlo.convolution") == 2
    assert f"{len(text.encode()):,} bytes, forward of a batch of 2" in capsys.readouterr().out


def test_a_train_step_holds_gradients_and_the_optimizer(capsys, tmp_path):
    assert main(["lower", "lenet-5", "--step", "train", "-o", str(tmp_path / "step.mlir")]) == 0
    text = (tmp_path / "step.mlir").read_text(encoding="utf-8")
    # Two convolutions forward, two for their kernels, one for the input of the second.
    assert text.count("stablehlo.convolution") == 5
    assert "stablehlo.sqrt" in text


def test_only_classifiers_have_a_train_step(capsys):
    assert main(["lower", "tiny-mamba", "--step", "train", "-o", "-"]) == 2
    assert "tiny-Mamba leaves (256, 1000), expected (classes,)" in capsys.readouterr().err


def test_an_unwritable_output_is_named(capsys, tmp_path):
    assert main(["lower", "lenet-5", "-o", str(tmp_path / "missing/step.mlir")]) == 2
    assert "missing/step.mlir: cannot be written" in capsys.readouterr().err


def test_a_pass_that_takes_minutes_is_not_repeated(monkeypatch):
    clock = iter(range(0, 10**6, 31))
    monkeypatch.setattr("netspec.run.trial.time.perf_counter", lambda: next(clock))
    assert trial.timed(lambda: jnp.ones(()), repeats=5)[1] == 31
    quick = iter(range(100))
    monkeypatch.setattr("netspec.run.trial.time.perf_counter", lambda: next(quick))
    calls = []
    trial.timed(lambda: calls.append(1) or jnp.ones(()), repeats=5)
    assert len(calls) == 6


@pytest.mark.exhaustive
def test_a_gradient_larger_than_the_memory_gets_fewer_tokens(monkeypatch):
    spec = netspec.find("tiny-SAM")
    whole = trial.backward(spec)
    monkeypatch.setattr("netspec.run.trial._bytes", lambda _: next(sizes))
    monkeypatch.setattr("netspec.run.trial._physical_memory", lambda: 2**30)
    sizes = iter([2**31, 2**29])
    small = trial.backward(spec)
    assert small.input_shape == (*(side // 2 for side in whole.input_shape[:2]), 3)
    assert small.finite
    assert small.without_gradient == whole.without_gradient == ()
    sizes = iter([2**31] * 99)
    with pytest.raises(MemoryError, match=r"2\.0 GiB"):
        trial.backward(spec)
