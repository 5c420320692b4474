"""`snakemake imagenette` and `imagenet`: what they would run, that absent data stop nobody else, and one small run."""

import shutil

import pandas as pd
import pytest
import yaml
from commands import ROOT, planned, snakemake

REPORTS = {
    name: {f"{name}_table": 1, f"{name}_figures": 1, f"{name}_document": 1, name: 1}
    for name in ("imagenette", "imagenet")
}


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


def with_data(folder, name):
    """The folder that the data set names, so that it counts as there."""
    settings = yaml.safe_load((folder / f"config/datasets/{name}.yaml").read_text())
    (folder / settings["path"]).mkdir(parents=True, exist_ok=True)


def test_the_five_networks_of_the_chapter_with_every_seed(folder):
    with_data(folder, "imagenette")
    runs = {"prepare_data": 1, "resolve_cell": 10, "train": 15, "lower_train_step": 5}
    assert planned(folder, "imagenette") == runs | REPORTS["imagenette"]
    # The further networks of the cells file are targets, and join the report when asked to.
    assert planned(folder, "resnet-50")["train"] == 3
    every = planned(folder, "imagenette", "--config", "imagenette={only: null, seeds: [0]}")
    assert (every["train"], every["lower_train_step"]) == (9, 9)


def test_only_jobs_that_need_absent_data_say_so(folder):
    text = snakemake(folder, "imagenette", "--dry-run", code=1)
    assert "config/datasets/imagenette.yaml: key 'path' is data/" in text
    assert "Traceback" not in text
    assert planned(folder)["train"] == 27


@pytest.mark.parametrize(
    ("cells", "trained", "label"), [("ablation-faulty", 6, "imagenette"), ("ablation-convnext", 15, "imagenette-base")]
)
def test_the_other_ablations(folder, cells, trained, label):
    with_data(folder, "imagenette")
    arguments = ("--config", "dataset=imagenette", f"cells={cells}", "recipe=null")
    assert planned(folder, "reports/ablation.pdf", *arguments)["train"] == trained
    text = snakemake(folder, "reports/ablation.pdf", "--dry-run", *arguments)
    assert f"results/{label}" in text


def test_both_in_miniature_from_data_to_page(folder):
    """What `--configfile config/smoke.yaml` asks for, with one network each."""
    smoke = yaml.safe_load((folder / "config/smoke.yaml").read_text())
    smoke["imagenette"] |= {"only": ["vit-tiny"], "seeds": [0]}
    smoke["imagenet"] |= {"only": ["vit-tiny-bf16"]}
    (folder / "config/smoke.yaml").write_text(yaml.safe_dump(smoke))
    path = folder / "config/recipes/smoke-32.yaml"
    recipe = yaml.safe_load(path.read_text()) | {"epochs": 1, "batch_size": 500}
    path.write_text(yaml.safe_dump(recipe | {"schedule": {"granularity": "step", "warmup_epochs": 0}}))
    arguments = ("--configfile", folder / "config/smoke.yaml")
    snakemake(folder, "imagenette", "imagenet", *arguments)
    for name, cell in (("imagenette", "vit-tiny"), ("imagenet", "vit-tiny-bf16")):
        assert (folder / f"reports/{name}.pdf").read_bytes().startswith(b"%PDF-")
        assert "This is not the book’s experiment." in (folder / f"reports/{name}.md").read_text()
        row = pd.read_csv(folder / f"reports/{name}.csv").iloc[0]
        assert (row["cell"], row["epochs"], row["val_images"]) == (cell, 1, 797)
    program = folder / "results/lowered/vit-digits-32.mlir"
    assert pd.read_csv(folder / "reports/imagenette.csv")["mlir_characters"].iloc[0] == len(program.read_text())
    assert planned(folder, "imagenette", *arguments) == {}
    assert planned(folder, "imagenet", *arguments) == {}
