"""Experiments: files of ``config/experiments``, with what ``config.yaml`` changes of them, as resolved cells.

The workflow calls :func:`load_experiments` once while it is parsed, and writes each cell with :func:`cell_json`; the
trainer reads such a file with :func:`train.config.read_cell` and nothing else. Importing this does not import jax.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from train.config import comparison, datasets, extra, recipes, schema, sweep
from train.config.cell import DEFAULT_TASK
from train.config.checks import check_together
from train.config.fingerprint import deciding
from train.config.places import Places
from train.config.printable import shown
from train.config.read import KNOBS
from train.config.schema import ConfigError
from train.workflow import targets

#: Names that mean something else as a Snakemake target, or below reports/
RESERVED = {
    "all",
    "bench",
    "claims",
    "data",
    "example",
    "examples",
    "gradcheck",
    "networks",
    "param_tables",
    "params",
    "parity",
    "recorded",
    "train",
    "trial",
    "vocabulary",
}
#: Folders of ``results/`` that hold something else than the results on a data set of that name.
RESERVED_DATASETS = {
    "bench",
    "comparisons",
    "gradcheck",
    "lowered",
    "networks",
    "parity",
    "recorded",
    "trials",
    "trials-smoke",
    "vocabulary",
}
#: The shipped experiments that are complete as they are, in the order of the book.
ORDER = ("ablation", "zoo", "imagenette", "imagenet", "language", "segmentation", "diffusion", "detection")
#: The experiment that keys without the name of one are meant for, where ``config.yaml`` does not say.
MAIN = "ablation"


@dataclass(frozen=True)
class Experiment:
    """The chosen data set, its resolved cells by name, those of them that the report shows, and the seeds.

    ``report`` is the kind of its report, ``label`` the name of the folder of its results, ``stem`` that of the report
    below ``reports/``: see :mod:`train.workflow.targets`.
    """

    name: str
    title: str
    question: str
    report: str
    dataset: dict[str, Any]
    cells: dict[str, dict[str, Any]]
    cells_file: str  # its name in config/cells, or the experiment's where it has its cells itself
    shown: tuple[str, ...]
    seeds: tuple[int, ...]
    device: str
    gpus: int | str  # GPUs that each run computes on, or "all"
    label: str
    stem: str
    sweep: dict[str, list]
    #: How many variants a process trains with all their rates and seeds; 0 where every run has its own.
    together: int = 0
    #: Of a comparison: what tunes it and what it is to decide, by the keys of its file.
    compared: dict[str, Any] = field(default_factory=dict)
    #: Its settings by name, each an experiment with this one's name; empty where it has one alone.
    settings: dict[str, Experiment] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[Experiment, ...]:
        """The experiments that it consists of: its settings, or itself."""
        return tuple(self.settings.values()) or (self,)

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seeds that are judged, and after them those that only decide on a rate."""
        return tuple(dict.fromkeys((*self.seeds, *self.compared.get("tuning", {}).get("seeds", ()))))

    @property
    def arguments(self) -> str:
        """What `python -m report page` is told to read of the results."""
        names, seeds = " ".join(self.shown), " ".join(map(str, self.seeds))
        return f"--results results/{self.label} --cells {names} --seeds {seeds}"

    def bases(self, cells: Iterable[str]) -> tuple[str, ...]:
        """The cells that these are points of a sweep of, or themselves."""
        return tuple(dict.fromkeys((self.cells[cell].get("swept") or {"cell": cell})["cell"] for cell in cells))


def names(folder: Path = Path("config")) -> list[str]:
    """The experiments of a configuration folder; the shipped ones' order is that of the book, others follow by name."""
    found = {p.stem for p in (folder / "experiments").glob("*.yaml") if schema.is_name(p.stem) and p.is_file()}
    first = [name for name in ORDER if name in found]
    return [*first, *sorted(found - {*first})]


def load_experiments(config: dict[str, Any], folder: Path = Path("config")) -> dict[str, Experiment]:
    """All experiments of ``folder`` by name, as :func:`load_experiment` resolves them.

    Raises :class:`ConfigError` also where two of them would write different results to the same place.
    """
    checked = _checked(config, folder)
    experiments = {name: _load_experiment(checked, folder, name) for name in names(folder)}
    placed: dict[tuple[str, str], dict[str, Any]] = {}
    for block, experiment in experiments.items():
        for part in experiment.parts:
            for name, cell in part.cells.items():
                if deciding(placed.setdefault((part.label, name), cell)) != deciding(cell):
                    raise ConfigError(
                        f"{folder / 'config.yaml'}: key '{block}': its cell {name!r} would overwrite another one in "
                        f"results/{part.label}, expected other names of cells, another data set or another recipe"
                    )
    return experiments


def load_experiment(config: dict[str, Any], folder: Path = Path("config"), name: str | None = None) -> Experiment:
    """Resolve the experiment ``name``, by default the main one, under ``config``, the contents of ``config.yaml``.

    What Snakemake has parsed, with what its command line changes, is checked like a file of our own. Data need not be
    there: nothing but configuration is read. Raises :class:`ConfigError` naming the file and key of the first mistake
    in any file involved.
    """
    return _load_experiment(_checked(config, folder), folder, name)


def _checked(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The contents of ``config.yaml`` with numbers as such. Raises :class:`ConfigError` for its first mistake."""
    where, known = folder / "config.yaml", names(folder)
    config = _typed(schema.plain(config, str(where)), known)
    schema.validate_config(config, known, str(where))
    return config


def _load_experiment(config: dict[str, Any], folder: Path, name: str | None) -> Experiment:
    """:func:`load_experiment` under a configuration that has been checked by itself."""
    where, known = folder / "config.yaml", names(folder)
    main = config.get("main", MAIN)
    name = name or main
    for wanted, key in {main: f"{where}: key 'main'", name: "experiment"}.items():
        if wanted not in known:
            raise ConfigError(f"{key} is {wanted!r}, expected one of {', '.join(known)}")
    path = folder / "experiments" / f"{name}.yaml"
    if name in RESERVED:
        raise ConfigError(f"{path}: the name is a target of the workflow, expected another one")
    written = _load(path, "experiment")
    general = {"device": config.get("device", "auto"), "gpus_per_run": config.get("gpus_per_run", 1)}
    changes = {key: value for key, value in config.items() if key not in {*known, *general, "main", "parity_cases"}}
    changes = {**(changes if name == main else {}), **config.get(name, {})}
    comparison.check_claims(written, str(path))
    own = _resolved(name, {**general, **written}, folder, path, "")
    if not changes:
        return own
    prefix = "" if name == main and "only" not in config.get(name, {}) else f"{name}."
    return _resolved(name, {**general, **written, **changes}, folder, where, prefix, own)


def _resolved(
    name: str, settings: dict[str, Any], folder: Path, where: Path, prefix: str, own: Experiment | None = None
) -> Experiment:
    """The experiment of these ``settings``, of which a comparison may have several under the key of that name."""
    comparison.check(settings, str(where), prefix)
    if not (several := settings.get("settings")):
        return _one(name, settings, folder, where, prefix, own)
    rest = {key: value for key, value in settings.items() if key != "settings"}
    owned = own.settings if own else {}
    made = {
        part: _one(name, {**rest, **changes}, folder, where, f"{prefix}settings.{part}.", owned.get(part))
        for part, changes in several.items()
    }
    placed: dict[tuple[str, str], dict[str, Any]] = {}
    for part, one in made.items():  # settings may share results, as of a baseline, where they are the same ones
        for cell in one.shown:
            if deciding(placed.setdefault((one.label, cell), one.cells[cell])) != deciding(one.cells[cell]):
                raise ConfigError(
                    f"{where}: key '{prefix}settings.{part}' has another cell {cell!r} in results/{one.label} than "
                    "another setting, expected another data set or another recipe"
                )
    first = next(iter(made.values()))
    whole = replace(first, settings=made, title=settings["title"])
    changed = [one for one in made.values() if one.stem != name]
    if own is None or (not changed and made.keys() == own.settings.keys()):
        return replace(whole, stem=name)
    stems = "+".join(dict.fromkeys(one.stem.partition("/")[2] or one.label for one in made.values()))
    return replace(whole, stem=f"{name}/{targets.shortened(stems)}")


def _one(
    name: str, settings: dict[str, Any], folder: Path, where: Path, prefix: str, own: Experiment | None = None
) -> Experiment:
    """The experiment of these ``settings``; ``own`` is what it is without changes, the owner of the report's name."""
    dataset_file = folder / "datasets" / f"{settings['dataset']}.yaml"
    dataset = datasets.load(dataset_file)
    if settings["dataset"] in RESERVED_DATASETS:
        raise ConfigError(f"{dataset_file}: results/{settings['dataset']} holds something else, expected another name")
    own_recipe = dataset.pop("recipe")
    inline = isinstance(settings["cells"], dict)
    cells_file = where if inline else folder / "cells" / f"{settings['cells']}.yaml"
    named = {"cells": settings["cells"]} if inline else _load(cells_file, "cells")
    recipe_name = settings.get("recipe") or named.get("recipe", own_recipe)
    recipe = recipes.load(recipe_name, folder / "recipes")
    unusual = recipe_name if recipe_name != own_recipe else None
    common = Common(settings, dataset, recipe_name, recipe, folder, frozenset({*RESERVED, *names(folder)}))
    cells = {cell: _cell(cell, block, common, f"{cells_file}: cells.{cell}") for cell, block in named["cells"].items()}
    only = settings.get("only")
    if settings.get("extra"):
        at = f"{where}: key '{prefix}extra'"
        own_parts = extra.variants(settings["extra"], recipe["model"], at)
        if taken := own_parts.keys() & cells.keys():
            raise ConfigError(f"{at}: a variant is called {min(taken)!r} already, expected another name in your file")
        cells |= {cell: _cell(cell, block, common, at) for cell, block in own_parts.items()}
        only = only and [*only, *own_parts]
    shown_cells = _shown(only, cells, f"{where}: key '{prefix}only'", str(cells_file))
    values = {key: [_scalar(value, key) for value in some] for key, some in (settings.get("sweep") or {}).items()}
    if values:
        points = sweep.swept({cell: cells.pop(cell) for cell in shown_cells}, values, str(where))
        for point in points.values():
            _check_swept(point, f"{where}: key 'sweep'")
        if taken := points.keys() & cells.keys():
            raise ConfigError(f"{where}: key 'sweep' makes a cell called {min(taken)}, which {cells_file} has, too")
        cells, shown_cells = points | cells, tuple(points)
    elif tuning := settings.get("tuning"):
        variants = {cell: cells.pop(cell) for cell in shown_cells}
        points = comparison.tuned(variants, tuning, f"{where}: key '{prefix}tuning'", cells)
        for point in points.values():
            _check_swept(point, f"{where}: key '{prefix}tuning'")
        cells, shown_cells = points | cells, tuple(points)
    found = Experiment(
        name=name,
        title=settings["title"],
        question=settings["question"],
        report="sweep" if values and settings["report"] not in comparison.KINDS else settings["report"],
        dataset={"name": settings["dataset"], **{key: dataset[key] for key in dataset if key != "augmentation"}},
        cells=cells,
        cells_file=name if inline else settings["cells"],
        shown=shown_cells,
        seeds=tuple(settings["seeds"]),
        device=settings["device"],
        gpus=settings["gpus_per_run"],
        label=targets.label(settings["dataset"], unusual, settings.get("semantics", "book"), folder),
        stem=name,
        sweep=values,
        together={"variant": 1}.get(settings.get("together"), settings.get("together") or 0),
        compared=comparison.content(settings),
    )
    if found.report in comparison.KINDS:
        comparison.check_names(found, f"{where}: key '{prefix}")
    return found if own is None else _named(found, own)


def _named(found: Experiment, own: Experiment) -> Experiment:
    """With the name of its report: its own unless something that decides what is shown was changed."""
    return replace(found, stem=targets.report(found, own))


@dataclass(frozen=True)
class Common:
    """What all cells of an experiment are made of."""

    settings: dict[str, Any]
    dataset: dict[str, Any]
    recipe_name: str
    recipe: dict[str, Any]
    folder: Path
    #: Names that no cell can have.
    taken: frozenset[str]

    @property
    def recipe_file(self) -> str:
        """Where the recipe stands."""
        return str(self.folder / "recipes" / f"{self.recipe_name}.yaml")

    @property
    def dataset_file(self) -> str:
        """Where the data set stands."""
        return str(self.folder / "datasets" / f"{self.settings['dataset']}.yaml")


def _cell(name: str, block: dict[str, Any], common: Common, where: str) -> dict[str, Any]:
    """A resolved cell: the recipe with what the cell changes, and all that it draws from the data set."""
    if name in common.taken:
        raise ConfigError(f"{where}: the name is a target of the workflow, expected another one")
    settings, dataset, changes = common.settings, common.dataset, block.get("recipe", {})
    merged = recipes.merge(common.recipe, changes)
    schema.validate(merged, "recipe", f"{where}.recipe" if changes else common.recipe_file)
    merged.pop("description")
    model_file = f"{where}.recipe" if "model" in changes else common.recipe_file
    if "task" in settings:
        merged.setdefault("task", settings["task"])
    given = {key: value for key, value in merged.pop("task_settings", {}).items() if value is not None}
    if of_task := schema.task_settings(given, merged.get("task", DEFAULT_TASK), model_file):
        merged["task_settings"] = of_task
    if merged.get("own_optimizer"):
        merged["own_text"] = extra.text_of(merged["own_optimizer"], model_file)
    cell = {
        "name": name,
        "description": block["description"],
        "book_row": block.get("book_row"),
        "recipe": common.recipe_name,
        "dataset": {"name": settings["dataset"], **{key: dataset[key] for key in dataset if key != "augmentation"}},
        "augmentation": {
            "semantics": block.get("semantics", settings.get("semantics", "book")),
            **dataset["augmentation"],
            **dict.fromkeys(KNOBS),
            **block.get("augmentation", {}),
        },
        **merged,
    }
    check_together(cell, Places(where, common.recipe_file, common.dataset_file, model_file))
    return cell


def _check_swept(cell: dict[str, Any], where: str) -> None:
    """Raise :class:`ConfigError` unless the values of a sweep are ones that the cell could have been written with."""
    at = f"{where}: {', '.join(f'{k} = {v}' for k, v in cell['swept'].items() if k != 'cell')}"
    schema.validate(cell, "cell", at)
    check_together(cell, Places(*[at] * 4))


def _typed(config: Any, experiments: list[str]) -> Any:
    """The configuration with numbers and null as such: `--config 'seeds=[0,1]' recipe=null` arrives as texts."""
    if not isinstance(config, dict):
        return config
    config = {**config, **{key: None for key in ("recipe", "only", "sweep") if config.get(key) in ("null", "~")}}
    if isinstance(config.get("seeds"), list):
        config["seeds"] = [_whole(seed) for seed in config["seeds"]]
    if "gpus_per_run" in config:
        config["gpus_per_run"] = _whole(config["gpus_per_run"])
    config |= {key: _numbers(config[key]) for key in ("tuning", "settings", "claims", "lengths") if key in config}
    return {**config, **{key: _typed(config[key], []) for key in experiments if isinstance(config.get(key), dict)}}


def _numbers(value: Any) -> Any:
    """The same with texts that are numbers as such, however deep; other texts stay as they are."""
    if isinstance(value, dict):
        return {key: _numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    number = isinstance(value, str) and re.fullmatch(r"-?[0-9]+([.][0-9]*)?([eE][-+]?[0-9]+)?", value)
    return (float(value) if re.search("[.eE]", value) else _whole(value)) if number else value


def _whole(value: Any) -> Any:
    """A text that is a whole number as one; anything else, such as 010 or other alphabets' digits, as it is."""
    return int(value) if isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,17}", value) else value


def _scalar(value: Any, key: str) -> Any:
    """A value of a sweep as it would be read from a file: texts of the command line are numbers where they look so."""
    return schema.parse(value, f"key 'sweep.{key}'") if isinstance(value, str) else value


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


def cell_json(cell: dict[str, Any]) -> str:
    """A resolved cell as the text of its file."""
    return json.dumps(cell, indent=2, ensure_ascii=False, allow_nan=False)
