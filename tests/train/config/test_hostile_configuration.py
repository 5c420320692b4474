"""Every file of ``config/`` and every resolved cell, with hostile texts in every place: a valid value or one error."""

import copy
import json
import math
import shutil
from pathlib import Path

import pytest
from hostile import FILES, NAMES, VALUES, mend
from hypothesis import given, settings
from hypothesis import strategies as st

from train import config
from train.config import datasets, parsing, schema
from train.config.experiment import RESERVED
from train.config.schema import ConfigError

ROOT = Path(__file__).parents[3]
KINDS = {
    "config": "config.yaml",
    "experiment": "experiments/ablation.yaml",
    "cells": "cells/ablation.yaml",
    "recipe": "recipes/digits.yaml",
    "dataset": "datasets/digits.yaml",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return shutil.copytree(ROOT / "config", tmp_path_factory.mktemp("hostile") / "config")


def resolve(folder):
    return config.load_experiment(schema.load(folder / "config.yaml"), folder)


def one_error(raised, file):
    message = str(raised.value)
    assert message.startswith(str(file)) and "\n" not in message and message.isprintable(), message
    assert len(message) < 1000
    return message


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_files(folder, kind, name):
    path = folder / KINDS[kind]
    before = path.read_bytes()
    path.write_bytes(FILES[name])
    try:
        with pytest.raises(ConfigError) as raised:
            resolve(folder)
    finally:
        path.write_bytes(before)
    one_error(raised, path)


@pytest.mark.parametrize("name", FILES)
def test_hostile_cell_files(tmp_path, name):
    path = tmp_path / "cell.json"
    path.write_bytes(FILES[name])
    for read in (config.read_cell, config.read_dataset):
        with pytest.raises(ConfigError) as raised:
            read(path)
        one_error(raised, path)


def leaves(value, key=()):
    """The ways to everything in a document, mappings and lists included."""
    if key:
        yield key
    for name, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from leaves(item, (*key, name))


def placed(document, key, value):
    """``document`` with ``value`` in the place of what is at ``key``."""
    if not key:
        return value
    first, *rest = key
    changed = copy.copy(document)
    changed[first] = placed(document[first], rest, value)
    return changed


def assert_finite(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            assert_finite(item)
    elif isinstance(value, float):
        assert math.isfinite(value)


def cases():
    for kind, file in KINDS.items():
        document = parsing.load(ROOT / "config" / file)
        for key in leaves(document):
            yield kind, document, key


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(list(cases())), st.sampled_from(sorted(VALUES)))
def test_a_hostile_value_anywhere_in_a_configuration(folder, case, name):
    kind, document, key = case
    path = folder / KINDS[kind]
    before = path.read_bytes()
    path.write_text(json.dumps(placed(document, key, "HOSTILE")).replace('"HOSTILE"', VALUES[name]))
    try:
        found = resolve(folder)
    except ConfigError as error:
        message = str(error)
        assert "\n" not in message and message.isprintable() and message.startswith(str(folder)), message
        assert str(path) in message or (kind == "config" and key[0] in ("dataset", "cells", "recipe")), message
        assert "key '" in message or ", line " in message or "no such file" in message or ": cells." in message, message
    else:
        for cell in found.cells.values():
            assert_finite(cell)
            config.parse_cell(json.loads(config.cell_json(cell)))
    finally:
        path.write_bytes(before)


def test_a_hostile_value_anywhere_in_a_cell(tmp_path, digits_cells):
    """All places, all values: what is accepted is of the type and within the limits of the schema."""
    path = tmp_path / "cell.json"
    cell = json.loads(config.cell_json({**digits_cells["mixup"], "augmentation": EVERYTHING}))
    accepted = set()
    values = {}
    for name, text in VALUES.items():
        try:
            values[name] = parsing.parse(text, "value")
        except ConfigError:
            continue
    few = ("tiny", "a number as text", "nan as text", "yes", "a superscript", "a way up", "an empty mapping")
    values = {name: value for name, value in values.items() if name not in few}  # alike to others in a schema
    for key in leaves(cell):
        for name, hostile in values.items():
            value = placed(cell, key, hostile)
            try:
                schema.validate(value, "cell", str(path))
            except ConfigError as error:
                message = str(error)
                assert message.startswith(str(path)) and "\n" not in message and message.isprintable(), message
                assert "key '" in message, message
            else:
                accepted.add((".".join(map(str, key)), name))
    # A number is in place nowhere else than where a number is meant.
    numbers = {key for key, name in accepted if name in ("negative", "beyond int32", "a whole float")}
    assert numbers <= {
        "augmentation.erasing.aspect.0",
        "augmentation.erasing.aspect.1",
        "augmentation.randaugment.magnitude",
        "augmentation.mixup.alpha",
        "augmentation.cutmix.alpha",
        "dataset.mean.0",
        "dataset.mean.1",
        "dataset.mean.2",
        "dropout",
        "ema_decay",
        "label_smoothing",
        "optimizer.beta1",
        "optimizer.beta2",
        "optimizer.clip_norm",
        "optimizer.learning_rate",
        "optimizer.weight_decay",
        "stochastic_depth",
        *(f"augmentation.colour_jitter.{kind}" for kind in ("brightness", "contrast", "saturation", "hue")),
        *(f"augmentation.erasing.{kind}" for kind in ("probability", "area.0", "area.1")),
    }
    assert not values.keys() & {"not a number", "infinity", "overflow", "beyond 64 bits", "octal", "a date", "base 60"}
    assert not {key for key, name in accepted if name == "beyond int32"}


EVERYTHING = {
    "semantics": "paper",
    "random_crop": True,
    "horizontal_flip": False,
    "mixup": {"alpha": 0.8},
    "cutmix": {"alpha": 1.0},
    "erasing": {"probability": 0.25, "area": [0.02, 0.33], "aspect": [0.3, 3.3]},
    "randaugment": {"operations": 2, "magnitude": 9},
    "colour_jitter": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "hue": 0.1},
}

NOT_NAMES = [
    *NAMES.values(),
    "..",
    ".",
    "",
    " ",
    "-x",
    "x-",
    "A",
    "a_b",
    "a.b",
    "a/b",
    "ä",
    "x" * 64,
    "bare\n",
    "ſ",
    "1_0",
]


@pytest.mark.parametrize("name", NOT_NAMES, ids=[ascii(name)[:20] for name in NOT_NAMES])
def test_names_that_are_refused(folder, shipped, name):
    """In the same words wherever a name stands, and at once."""
    assert not schema.is_name(name)
    text = name if mend(name) == name else f"{mend(name)}!"  # control characters are refused before names are
    for changes, key in [
        ({"dataset": text}, "dataset"),
        ({"cells": text}, "cells"),
        ({"recipe": text}, "recipe"),
        ({"only": [text]}, "only.0"),
        ({"zoo": {"dataset": text}}, "zoo.dataset"),
    ]:
        with pytest.raises(ConfigError) as raised:
            config.load_experiments({**shipped, **changes}, folder)
        message = one_error(raised, folder / "config.yaml")
        assert f"key '{key}'" in message and schema.NAME_IN_WORDS in message, message
    with pytest.raises(ConfigError) as raised:
        schema.validate({"cells": {text: {"description": "x"}}}, "cells", "cells.yaml")
    assert schema.NAME_IN_WORDS in str(raised.value)


TAKEN = ["con", "nul", "seed0", "cell", "settings", "summary", "x" * 63, "0", "null-space", "a-b-c", "src"]


@pytest.mark.parametrize("name", TAKEN)
def test_names_that_work(folder, shipped, name):
    """Odd ones: devices of another system, parts of our own paths."""
    path = folder / "cells" / f"{name}.yaml"
    path.write_text(f"cells: {{'{name}': {{description: odd}}}}\n")
    shutil.copyfile(folder / "datasets/digits.yaml", folder / f"datasets/{name}.yaml")
    try:
        found = config.load_experiment({**shipped, "cells": name, "dataset": name}, folder)
    finally:
        path.unlink()
        (folder / f"datasets/{name}.yaml").unlink()
    assert list(found.cells) == [name] and found.label == name


def test_names_that_rules_of_the_workflow_have_are_refused():
    import re

    rules = [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    names = {name for path in rules for name in re.findall(r"^rule (\S+):", path.read_text(), re.M)}
    assert {name for name in names if schema.is_name(name)} <= RESERVED


def test_files_that_merely_lie_beside_the_data_sets(tmp_path):
    """An editor's copies and a file manager's folders make no targets and break none."""
    folder = tmp_path / "datasets"
    folder.mkdir()
    for name in ("digits", "digits copy", "digits~", "Digits", ".digits", "-x", "#digits#", "a\nb"):
        (folder / f"{name}.yaml").write_text("")
    (folder / "old.yaml").mkdir()
    assert datasets.names(tmp_path) == ["digits"]
    with pytest.raises(ConfigError, match=r"digits copy.yaml: a data set is called like its file, expected at most 63"):
        config.read_dataset(folder / "digits copy.yaml")


def test_overrides_from_the_command_line(folder, shipped):
    """Snakemake parses them by rules of its own; what arrives is checked as if it stood in the file."""
    import datetime

    for changes, key in [
        ({"seeds": ["010"]}, "seeds.0"),
        ({"seeds": ["²"]}, "seeds.0"),
        ({"seeds": ["9" * 5000]}, "seeds.0"),
        ({"seeds": [True]}, "seeds.0"),
        ({"seeds": [1.0]}, "seeds.0"),
        ({"seeds": [math.nan]}, "seeds.0"),
        ({"seeds": datetime.date(2020, 1, 1)}, "seeds"),
        ({"seeds": {0: 1}}, "seeds.0"),
        ({"gpus_per_run": "-1"}, "gpus_per_run"),
        ({"gpus_per_run": 10**30}, "gpus_per_run"),
        ({"zoo": None}, "zoo"),
        ({"zoo": [1]}, "zoo"),
        ({1: 2}, "1"),
        ({"device": True}, "device"),
    ]:
        with pytest.raises(ConfigError) as raised:
            config.load_experiments({**shipped, **changes}, folder)
        assert f"'{key}" in one_error(raised, folder / "config.yaml")
    for value in (None, [], "text", 3):
        with pytest.raises(ConfigError, match=r"config.yaml: the file is .*, expected a mapping of keys"):
            config.load_experiments(value, folder)
