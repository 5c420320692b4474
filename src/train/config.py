"""From the files in ``config/`` to resolved cells, and from a resolved cell to typed values.

The workflow calls :func:`load_experiment` once while it is parsed, and writes each cell with :func:`cell_json`; the
trainer reads such a file with :func:`read_cell` and nothing else. Importing this module does not import jax.
"""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import netspec
from netspec.catalogue.vit import is_vit
from train import datasets, schema, targets
from train.cell import (
    Augmentation,
    Cell,
    ColourJitter,
    CutMix,
    Dataset,
    Download,
    Erasing,
    Mixup,
    Optimizer,
    RandAugment,
    RandomResizedCrop,
    Schedule,
)
from train.printable import escaped, shown
from train.schema import ConfigError

#: Keys that describe and do not decide: changing them must not retrain anything.
DESCRIPTIVE = {"description", "book_row", "recipe", "purpose", "title", "source", "url", "checksums", "images"}
KNOBS = {
    "mixup": Mixup,
    "cutmix": CutMix,
    "erasing": Erasing,
    "randaugment": RandAugment,
    "colour_jitter": ColourJitter,
}
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

    ``label`` names the folder of its results, see :func:`train.targets.label`.
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
        _check_together(cell, where, str(recipe_file), str(dataset_file), model_file)
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


def _check_together(cell: dict[str, Any], where: str, recipe_file: str, dataset_file: str, model_file: str) -> None:
    """What no schema of one file can see: keys that contradict each other. ``model_file`` is where the model stands."""
    dataset, augmentation = cell["dataset"], cell["augmentation"]
    if dataset["stored_size"] < dataset["image_size"]:
        raise ConfigError(
            f"{dataset_file}: key 'stored_size' is {dataset['stored_size']}, "
            f"expected at least image_size ({dataset['image_size']})"
        )
    if cell["schedule"]["warmup_epochs"] >= cell["epochs"]:
        raise ConfigError(
            f"{recipe_file}: key 'schedule.warmup_epochs' is {cell['schedule']['warmup_epochs']}, "
            f"expected fewer than epochs ({cell['epochs']})"
        )
    if dataset["train_per_class"] and cell["batch_size"] > dataset["train_per_class"] * dataset["classes"]:
        raise ConfigError(
            f"{recipe_file}: key 'batch_size' is {cell['batch_size']}, expected at most the number of training "
            f"images ({dataset['train_per_class'] * dataset['classes']} in {dataset_file})"
        )
    if cell["batch_size"] % cell["accumulate"]:
        raise ConfigError(
            f"{recipe_file}: key 'accumulate' is {cell['accumulate']}, expected a divisor of batch_size "
            f"({cell['batch_size']})"
        )
    if augmentation["semantics"] == "book" and augmentation["mixup"] and augmentation["cutmix"]:
        raise ConfigError(
            f"{where}.augmentation: both mixup and cutmix, expected one of them: the book's kernels apply only one "
            "per batch; set semantics: paper to choose between them at random, or imagenet to alternate"
        )
    datasets.check_crop(dataset, augmentation, dataset_file, where)
    erasing = augmentation["erasing"] or {}
    for key in ("area", "aspect"):
        low, high = erasing.get(key, (0, 1))
        if low > high:
            raise ConfigError(f"{where}.augmentation: key 'erasing.{key}' is [{low}, {high}], expected smallest first")
    try:
        spec = netspec.find(cell["model"]).with_classes(dataset["classes"])
    except netspec.SpecError as error:
        raise ConfigError(f"{model_file}: key 'model': {escaped(str(error))}") from None
    if cell["initialization"] == "book-faulty" and not is_vit(spec):
        raise ConfigError(
            f"{model_file}: key 'initialization' is \"book-faulty\", which is not defined for {spec.name}, expected "
            "another one or a Vision Transformer as model"
        )
    side = dataset["image_size"]
    if spec.input_shape in ((side, side, 3), (side, side, 1)) and not spec.extra_inputs:
        return
    wrong = f"{model_file}: key 'model': {spec.name} takes {spec.input_shape}"
    if len(spec.input_shape) != 3 or spec.input_shape[2] not in (1, 3) or spec.extra_inputs:
        raise ConfigError(f"{wrong}, expected a network that takes one picture of 1 or 3 channels")
    raise ConfigError(
        f"{wrong}, expected {(side, side, spec.input_shape[2])}; set image_size in {dataset_file} "
        f"to {spec.input_shape[0]} or name another model"
    )


def read_cell(path: Path) -> Cell:
    """The cell in a resolved JSON file. Raises :class:`ConfigError` when it does not follow the schema."""
    where = shown(path, 300)
    value = schema.load(path)
    schema.validate(value, "cell", where)
    _check_together(value, *[where] * 4)
    return parse_cell(value)


def parse_cell(value: dict[str, Any]) -> Cell:
    """Typed form of a resolved cell that has been validated."""
    kinds = {**KNOBS, "random_resized_crop": RandomResizedCrop}
    knobs = {k: None if v is None else kinds[k](**_tuples(v)) for k, v in value["augmentation"].items() if k in kinds}
    parts = {
        "dataset": _dataset(value["dataset"]),
        "augmentation": Augmentation(**{**value["augmentation"], **knobs}),
        "optimizer": Optimizer(**value["optimizer"]),
        "schedule": Schedule(**value["schedule"]),
    }
    return replace(Cell(**{**value, **parts}), fingerprint=fingerprint(value))


def read_dataset(path: Path) -> tuple[Dataset, RandomResizedCrop | None]:
    """The data set of a file in ``config/datasets``, or of a resolved cell, and the crop that its training images get.

    Raises :class:`ConfigError`.
    """
    value = schema.load(path)
    if isinstance(value, dict) and isinstance(value.get("dataset"), dict):
        cell = read_cell(path)
        return cell.dataset, cell.augmentation.random_resized_crop
    if not schema.is_name(path.stem):
        raise ConfigError(f"{shown(path, 300)}: a data set is called like its file, expected {schema.NAME_IN_WORDS}")
    value = datasets.load(path)
    crop = value["augmentation"].get("random_resized_crop")
    kept = {key: item for key, item in value.items() if key not in ("augmentation", "recipe")}
    return _dataset({"name": path.stem, **kept}), crop and RandomResizedCrop(**_tuples(crop))


def _dataset(value: dict[str, Any]) -> Dataset:
    values = _tuples(value)
    if values.get("download"):
        values["download"] = Download(**values["download"])
    return Dataset(**values)


def _tuples(value: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}


def cell_json(cell: dict[str, Any]) -> str:
    """A resolved cell as the text of its file."""
    return json.dumps(cell, indent=2, ensure_ascii=False, allow_nan=False)


def deciding(value: Any) -> Any:
    """A resolved cell, or part of one, without the keys that only describe: what a run depends on.

    Where raw files lie decides nothing: ``path`` is null here. What is in them is guarded by the prepared store.
    """
    if isinstance(value, dict):
        kept = {key: deciding(item) for key, item in value.items() if key not in DESCRIPTIVE}
        return {**kept, "path": None} if "path" in kept else kept
    return value


def fingerprint(value: dict[str, Any]) -> str:
    """Twelve hex digits that change when, and only when, a key that decides the result changes.

    Of a cell it covers the data set, recipe and augmentation; names and descriptions are left out.
    """

    kept = {key: item for key, item in deciding(value).items() if key != "name"}
    if isinstance(kept.get("dataset"), dict):
        kept["dataset"] = {key: item for key, item in kept["dataset"].items() if key != "name"}
    canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def check_path(dataset: dict[str, Any]) -> None:
    """Raise :class:`ConfigError` when the raw files of a data set cannot be read."""
    path = dataset["path"]
    if path is not None and not Path(path).exists():
        otherwise = ", or null to download it" if dataset.get("download") else ""
        raise ConfigError(
            f"config/datasets/{dataset['name']}.yaml: key 'path' is {path}, "
            f"expected a readable folder or archive that holds train/ and val/{otherwise}"
        )


def prepared_as(name: str, *, check: bool, folder: Path = Path("config")) -> str:
    """:func:`data_fingerprint` of a file in ``config/datasets``; its raw files must be there if ``check``."""
    path = folder / "datasets" / f"{name}.yaml"
    if check:
        check_path({"name": name, **datasets.load(path)})
    return data_fingerprint(read_dataset(path)[0])


def data_fingerprint(dataset: Dataset) -> str:
    """Hash of what decides the prepared images; mean and std are applied later and do not.

    Where the raw files lie does not decide them either: the checksum of a download stands for what is in them.
    Records are kept as they are, whatever the sizes.
    """
    keys = ("kind", "classes", "train_per_class", "subset_seed")
    kept = {"path": None, **{key: getattr(dataset, key) for key in keys}}
    if dataset.store == "array":
        kept |= {"image_size": dataset.image_size, "stored_size": dataset.stored_size}
    else:
        kept["store"] = dataset.store
    if dataset.unreadable != "error":
        kept["unreadable"] = dataset.unreadable
    if dataset.download:
        kept["download"] = {"md5": dataset.download.md5, "sha256": dataset.download.sha256}
    return fingerprint(kept)
