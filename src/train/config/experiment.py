"""From the files in ``config/`` to resolved cells, and from a resolved cell to typed values.

The workflow calls :func:`load_experiment` once while it is parsed, and writes each cell with :func:`cell_json`; the
trainer reads such a file with :func:`read_cell` and nothing else. Importing this module does not import jax.
"""

from __future__ import annotations

import copy
import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.config import datasets, schema
from train.config.checks import check_together
from train.config.fingerprint import deciding
from train.config.printable import shown
from train.config.read import KNOBS
from train.config.schema import ConfigError
from train.workflow import targets

#: What is trained besides the ablation, which the top-level keys of ``config.yaml`` describe: its blocks.
BLOCKS = ("zoo", "imagenette", "imagenet")
EXPERIMENTS = ("ablation", *BLOCKS)
#: Names that mean something else as a Snakemake target.
RESERVED = {*EXPERIMENTS, "all", "bench", "data", "gradcheck", "networks", "param_tables", "recorded", "train"}
#: Folders of ``results/`` that hold something else than the results on a data set of that name.
RESERVED_DATASETS = {"bench", "gradcheck", "networks", "recorded"}


@dataclass(frozen=True)
class Experiment:
    """The chosen data set, its resolved cells by name, those of them that the report shows, and the seeds.

    ``label`` names the folder of its results, see :func:`train.workflow.targets.label`.
    """

    name: str
    dataset: dict[str, Any]
    cells: dict[str, dict[str, Any]]
    cells_file: str  # its name in config/cells
    shown: tuple[str, ...]
    seeds: tuple[int, ...]
    device: str
    gpus: int | str  # GPUs that each run computes on, or "all"
    label: str


def load_experiments(config: dict[str, Any], folder: Path = Path("config")) -> dict[str, Experiment]:
    """All of :data:`EXPERIMENTS` by name, as :func:`load_experiment` resolves them.

    Raises :class:`ConfigError` also where two of them would write different results to the same place.
    """
    experiments = {name: load_experiment(config, folder, name) for name in EXPERIMENTS}
    placed: dict[tuple[str, str], dict[str, Any]] = {}
    for block, experiment in experiments.items():
        for name, cell in experiment.cells.items():
            if deciding(placed.setdefault((experiment.label, name), cell)) != deciding(cell):
                raise ConfigError(
                    f"{folder / 'config.yaml'}: key '{block}': its cell {name!r} would overwrite another one in "
                    f"results/{experiment.label}, expected other names of cells, another data set or another recipe"
                )
    return experiments


def load_experiment(config: dict[str, Any], folder: Path = Path("config"), name: str = "ablation") -> Experiment:
    """Resolve everything ``config`` (the contents of ``config.yaml``, overrides applied) asks for.

    What Snakemake has parsed is checked like a file of our own. The top-level keys describe the ablation; a block takes
    from them the semantics, device and GPUs that it leaves out.
    Data need not be there: nothing but configuration is read.
    Raises :class:`ConfigError` naming the file and key of the first mistake in any file involved.
    """
    where = str(folder / "config.yaml")
    config = _typed(schema.plain(config, where))
    schema.validate(config, "config", where)
    config = {**config, "only": None, **config[name]} if name in BLOCKS else config
    dataset_file = folder / "datasets" / f"{config['dataset']}.yaml"
    dataset = datasets.load(dataset_file)
    if config["dataset"] in RESERVED_DATASETS:
        raise ConfigError(f"{dataset_file}: results/{config['dataset']} holds something else, expected another name")
    own_recipe = dataset.pop("recipe")
    cells_file = folder / "cells" / f"{config['cells']}.yaml"
    named = _load(cells_file, "cells")
    recipe_name = config["recipe"] or named.get("recipe", own_recipe)
    recipe_file = folder / "recipes" / f"{recipe_name}.yaml"
    recipe = _load(recipe_file, "recipe")
    base = dataset.pop("augmentation")
    cells = {}
    for cell_name, block in named["cells"].items():
        where = f"{cells_file}: cells.{cell_name}"
        if cell_name in RESERVED:
            raise ConfigError(f"{where}: the name is a target of the workflow, expected another one")
        changes = block.get("recipe", {})
        merged = _merge(recipe, changes, where)
        schema.validate(merged, "recipe", f"{where}.recipe" if changes else str(recipe_file))
        merged.pop("description")
        cell = {
            "name": cell_name,
            "description": block["description"],
            "book_row": block.get("book_row"),
            "recipe": recipe_name,
            "dataset": {"name": config["dataset"], **dataset},
            "augmentation": {
                "semantics": block.get("semantics", config["semantics"]),
                **base,
                **dict.fromkeys(KNOBS),
                **block.get("augmentation", {}),
            },
            **merged,
        }
        model_file = f"{where}.recipe" if "model" in changes else str(recipe_file)
        check_together(cell, where, str(recipe_file), str(dataset_file), model_file)
        cells[cell_name] = cell
    prefix = f"{name}." if name in BLOCKS else ""
    unusual = recipe_name if recipe_name != own_recipe else None
    return Experiment(
        name=name,
        dataset={"name": config["dataset"], **dataset},
        cells=cells,
        cells_file=config["cells"],
        shown=_shown(config.get("only"), cells, f"{folder / 'config.yaml'}: key '{prefix}only'", str(cells_file)),
        seeds=tuple(config["seeds"]),
        device=config["device"],
        gpus=config["gpus_per_run"],
        label=targets.label(config["dataset"], unusual, config["semantics"], folder),
    )


def _typed(config: Any) -> Any:
    """The configuration with numbers and null as such: `--config 'seeds=[0,1]' recipe=null` arrives as texts."""
    if not isinstance(config, dict):
        return config
    config = {**config, **{key: None for key in ("recipe", "only") if config.get(key) in ("null", "~")}}
    if isinstance(config.get("seeds"), list):
        config["seeds"] = [_whole(seed) for seed in config["seeds"]]
    if "gpus_per_run" in config:
        config["gpus_per_run"] = _whole(config["gpus_per_run"])
    return {**config, **{key: _typed(config[key]) for key in BLOCKS if isinstance(config.get(key), dict)}}


def _whole(value: Any) -> Any:
    """A text that is a whole number as one; anything else, such as 010 or other alphabets' digits, as it is."""
    return int(value) if isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,17}", value) else value


def _shown(only: list[str] | None, cells: dict[str, Any], where: str, cells_file: str) -> tuple[str, ...]:
    """The names of the cells that are shown, in the order asked for."""
    unknown = [name for name in only or () if name not in cells]
    if unknown:
        near = difflib.get_close_matches(unknown[0], cells, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected some of {', '.join(cells)}"
        raise ConfigError(f"{where} has {unknown[0]!r}, which is no cell of {cells_file}; {hint}")
    return tuple(only or cells)


def _load(path: Path, kind: str) -> dict[str, Any]:
    value = schema.load(path)
    schema.validate(value, kind, shown(path, 300))
    return value


def _merge(base: dict[str, Any], changes: dict[str, Any], where: str) -> dict[str, Any]:
    merged = copy.deepcopy(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        # Another optimizer has other settings: its block replaces the recipe's.
        nested = nested and value.get("name", merged[key].get("name")) == merged[key].get("name")
        merged[key] = _merge(merged[key], value, where) if nested else value
    return merged


def cell_json(cell: dict[str, Any]) -> str:
    """A resolved cell as the text of its file."""
    return json.dumps(cell, indent=2, ensure_ascii=False, allow_nan=False)
