"""What a result is said to depend on."""

import dataclasses
from pathlib import Path

import pytest

import netspec
from netspec.layers import TransformerEncoder
from train import provenance


def names(model):
    return {str(Path(path).relative_to(provenance.SRC)) for path in provenance.code_of(model)}


def test_a_run_depends_on_its_layers_and_what_their_modules_import():
    files = names("vit-digits")
    for needed in (
        "train/loop.py",
        "train/data/augment/mix.py",
        "netspec/layers/patch_embed.py",
        "netspec/modules/patch_embed.py",
        "netspec/modules/base.py",
        "netspec/modules/initialize.py",
        "netspec/modules/sequence.py",
    ):
        assert needed in files
    others = ("train/machine/progress.py", "train/__main__.py", "train/commands/fit.py", "train/commands/options.py")
    others += ("netspec/modules/swin.py", "netspec/catalogue/vit.py")
    for other in others:
        assert other not in files


def test_layers_inside_combinators_count():
    assert "netspec/modules/residual_block.py" in names("resnet-18")


@pytest.mark.parametrize("part", ["configuration", "seed", "architecture"])
def test_fingerprint_of_a_run(part, monkeypatch):
    before = provenance.run_fingerprint("abc", "vit-digits", 0)
    assert provenance.run_fingerprint("abc", "vit-digits", 0) == before
    if part == "architecture":
        spec = netspec.find("vit-digits")
        wider = tuple(
            dataclasses.replace(layer, n_blocks=layer.n_blocks + 1) if isinstance(layer, TransformerEncoder) else layer
            for layer in spec.layers
        )
        monkeypatch.setattr(provenance, "model_of", lambda name: dataclasses.replace(spec, layers=wider))
        after = provenance.run_fingerprint("abc", "vit-digits", 0)
    else:
        after = provenance.run_fingerprint(
            *(("abd", "vit-digits", 0) if part == "configuration" else ("abc", "vit-digits", 1))
        )
    assert after != before


def test_editing_code_changes_the_fingerprint(monkeypatch, tmp_path):
    before = provenance.run_fingerprint("abc", "vit-digits", 0)
    edited = tmp_path / "extra.py"
    edited.write_text("x = 1")
    real = provenance.code_of
    monkeypatch.setattr(provenance, "code_of", lambda model, **_: [*real(model), edited])
    assert provenance.run_fingerprint("abc", "vit-digits", 0) != before


def test_a_task_depends_on_no_other():
    """Editing what detection learns retrains no classifier, and no language model."""
    for task, module in provenance.LEARNERS.items():
        found = {str(Path(path).relative_to(provenance.SRC)) for path in provenance.code_of("lenet-5", task=task)}
        packages = {path.split("/")[2] for path in found if path.startswith("train/tasks/") and path.count("/") > 2}
        assert packages == {task} and f"{module.replace('.', '/')}.py" in found
