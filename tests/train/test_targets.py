"""Names of results, reports and targets: one for each thing, and the nearest ones for those that are none."""

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from train import config
from train.config import schema
from train.config.schema import ConfigError
from train.workflow import targets

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def written():
    return schema.load(CONFIG / "config.yaml")


@pytest.fixture(scope="module")
def experiments(written):
    return config.load_experiments(written, CONFIG)


def stem(written, name, changes):
    """Of the report under the configuration as written, with changes as ``--config`` makes them."""
    return config.load_experiment({**written, name: changes}, CONFIG, name).stem


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", config.names(CONFIG))
def test_the_configuration_as_shipped_has_the_experiments_own_report(written, name):
    assert stem(written, name, {}) == name
    assert stem(written, name, {"seeds": [0, 1, 2, 3, 4, 5, 6]}) == name


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("ablation", {"recipe": "smoke"}, "digits-smoke"),
        ("ablation", {"semantics": "paper"}, "digits-paper"),
        ("ablation", {"recipe": "smoke", "semantics": "paper"}, "digits-smoke-paper"),
        ("ablation", {"dataset": "tiny-imagenette"}, "tiny-imagenette"),
        ("ablation", {"cells": "ablation-faulty"}, "digits+ablation-faulty"),
        ("ablation", {"only": ["bare", "cutmix"]}, "digits@bare+cutmix"),
        ("ablation", {"only": ["cutmix", "bare"]}, "digits@cutmix+bare"),
        ("ablation", {"cells": "ablation-faulty", "only": ["bare"]}, "digits+ablation-faulty@bare"),
        ("ablation", {"sweep": {"epochs": [20, 40]}}, "digits~epochs=20,40"),
        ("ablation", {"sweep": {"epochs": [20]}, "only": ["full"]}, "digits~epochs=20@full"),
        ("ablation", {"sweep": {"weight_decay": [0.1], "epochs": [20]}}, "digits~weight-decay=1e-1~epochs=20"),
        ("ablation", {"recipe": "smoke", "sweep": {"model": ["ViT-Digits"]}}, "digits-smoke~model=vit-digits"),
        ("zoo", {"recipe": "smoke"}, "digits-32-smoke"),
        ("zoo", {"semantics": "paper"}, "digits-32-paper"),
        ("imagenette", {"only": ["resnet-50"]}, "imagenette-baselines@resnet-50"),
        ("imagenette", {"only": None}, "imagenette-baselines@all"),
        ("imagenette", {"recipe": "imagenette"}, "imagenette"),
        ("imagenet", {"only": ["vit-tiny-bf16", "resnet-34-90ep"]}, "imagenet@vit-tiny-bf16+resnet-34-90ep"),
    ],
)
def test_another_configuration_has_a_report_of_its_own(written, name, changes, expected):
    assert stem(written, name, changes) == f"{name}/{expected}"


def test_the_miniatures_are_reports_of_their_own(written):
    smoke = schema.load(CONFIG / "smoke.yaml")
    for name in ("imagenette", "imagenet"):
        found = config.load_experiment({**written, **smoke}, CONFIG, name).stem
        assert found == f"{name}/digits-32-smoke-32+{name}-smoke"


@pytest.mark.exhaustive
def test_files_of_different_reports_never_meet(experiments):
    """Every choice of label, cells file and cells, with names made to be taken for each other."""
    names = ("a", "b", "a-b", "a_runs", "a_curves")
    found = {}
    cells = {name: {} for name in (*names, "c")}
    own = experiments["ablation"]
    shown = [some for count in (1, 2, 3) for some in itertools.permutations(names, count)]
    for label, file, some in itertools.product(("digits", "digits_runs", *names), ("ablation", *names), shown):
        made = replace(experiments["ablation"], label=label, cells_file=file, cells=cells, shown=some)
        stem = targets.report(made, own)
        for path in (*(stem + end for end in targets.FILES), *(f"{stem}/{cell}.png" for cell in some)):
            assert found.setdefault(path, (label, file, some)) == (label, file, some)
    many = tuple(f"a-cell-with-a-long-name-{i}" for i in range(40))
    made = replace(experiments["ablation"], cells={name: {} for name in (*many, "bare")}, shown=many)
    other = replace(made, shown=(*many[1:], many[0]))
    assert targets.report(made, own) != targets.report(other, own)
    assert all(len(Path(targets.report(e, own) + "_curves.svg").name.encode()) < 255 for e in (made, other))


def test_the_usual_name_of_a_file_leads_to_the_other_reports(experiments):
    assert targets.other_names(experiments["zoo"]) == {}
    files = targets.other_names(replace(experiments["ablation"], stem="ablation/digits-smoke"))
    assert files["reports/ablation.pdf"] == "reports/ablation/digits-smoke.pdf"
    assert files["reports/ablation_curves.svg"] == "reports/ablation/digits-smoke_curves.svg"
    assert files["reports/ablation/cutmix.png"] == "reports/ablation/digits-smoke/cutmix.png"
    assert not set(files) & set(files.values())


@pytest.mark.parametrize(
    ("names", "arguments", "shared"),
    [
        ((), ("digits", "smoke", "paper"), None),
        (("recipes/smoke-paper",), ("digits", "smoke", "paper"), "recipe 'smoke-paper' and book"),
        (("datasets/digits-smoke",), ("digits", "smoke", "book"), "data set 'digits-smoke' and book"),
        (("recipes/paper",), ("digits", None, "paper"), "recipe 'paper' and book"),
        (("recipes/32",), ("digits-32", None, "book"), "data set 'digits' with recipe '32'"),
        # A data set's own recipe is left out of the label, so that this one is another's alone.
        (("datasets/digits-digits",), ("digits-digits", None, "book"), None),
    ],
)
def test_a_label_stands_for_one_combination(tmp_path, names, arguments, shared):
    for part in ("datasets", "recipes"):
        shutil.copytree(CONFIG / part, tmp_path / part)
    for name in names:
        source = "datasets/digits.yaml" if name.startswith("datasets") else "recipes/smoke.yaml"
        shutil.copy(CONFIG / source, tmp_path / f"{name}.yaml")
    if shared is None:
        assert targets.label(*arguments, tmp_path) == "-".join(p for p in arguments if p not in (None, "book"))
        return
    with pytest.raises(ConfigError, match=f"{shared}.* would share results/") as raised:
        targets.label(*arguments, tmp_path)
    assert "\n" not in str(raised.value)


def test_every_cell_has_a_target_and_the_short_form_says_what_it_may_mean(experiments):
    meant = targets.cells(experiments)
    for name, experiment in experiments.items():
        for cell in experiment.cells:
            assert meant[f"{name}/{cell}"] == ((name, cell),)
            assert (name, cell) in meant[cell]
    assert meant["cutmix"] == (("ablation", "cutmix"),)
    assert meant["mobilenet-v2"] == (("zoo", "mobilenet-v2"), ("imagenette", "mobilenet-v2"))


def test_a_cell_of_ones_own_trains_no_other(experiments):
    own = replace(experiments["ablation"], cells={**experiments["ablation"].cells, "resnet": {}})
    assert len(targets.cells({**experiments, "ablation": own})["resnet"]) == 2
    assert "zoo/resnet" in targets.mistake("resnet", [], targets.cells({**experiments, "ablation": own}))


KNOWN = ("ablation", "zoo", "imagenette", "param_tables", "prepare_digits", "cutmix", "cutmix-wd05", "swin")
KNOWN += ("zoo/swin", "zoo/mobilenet-v2", "imagenette/mobilenet-v2", "ablation/cutmix", "reports/ablation.pdf")
KNOWN += tuple(f"results/digits/{cell}/seed{seed}/summary.json" for cell in ("bare", "cutmix") for seed in range(3))


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("cutmx", "did you mean cutmix?"),
        ("CutMix", "did you mean cutmix or ablation/cutmix?"),
        ("zoo/mobilnet", "did you mean zoo/mobilenet-v2?"),
        ("zoo/cutmix", "did you mean cutmix or ablation/cutmix?"),
        ("mobilnet-v2", "zoo/mobilenet-v2"),
        ("reports/ablaton.pdf", "did you mean reports/ablation.pdf?"),
        ("report/ablation.pdf", "did you mean reports/ablation.pdf?"),
        ("results/digits/cutmx/seed1/summary.json", "did you mean results/digits/cutmix/seed1/summary.json"),
        ("params_table", "did you mean param_tables?"),
        ("xyzzy", "snakemake --list-target-rules"),
        (
            "mobilenet-v2",
            "zoo and imagenette each have a cell of this name, expected zoo/mobilenet-v2 or imagenette/mobilenet-v2",
        ),
    ],
)
def test_a_mistyped_target_is_answered_with_the_nearest(experiments, target, says):
    message = targets.mistake(target, KNOWN, targets.cells(experiments))
    assert message.startswith(f"target {target!r}: ")
    assert says in message, message
    assert "\n" not in message


def test_semantics_are_those_of_the_schema():
    properties = yaml.safe_load((CONFIG.parent / "workflow/schemas/experiment.schema.yaml").read_text())["properties"]
    assert set(targets.SEMANTICS) == set(properties["semantics"]["enum"])
