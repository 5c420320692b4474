"""What the rules look up: experiments, where their results and reports lie, and which cell a file belongs to.

A function of the configuration alone. Importing this module imports neither jax nor Snakemake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from netspec import catalogue
from train import config as settings
from train.config import datasets
from train.config.cell import DEFAULT_TASK
from train.config.comparison import KINDS, measured, timed
from train.config.experiment import Experiment
from train.config.models import model_of
from train.workflow import targets

#: Written last into a prepared store. Its contents say what was prepared: preparing the same again retrains nothing.
STORE = "data/prepared/{dataset}/store.json"


#: Steps that are timed beside PyTorch's: experiment, cell, and examples per step, which two cores finish in seconds.
BENCHED = {
    "resnet-34": ("imagenette", "resnet-34", 16),
    "mobilenet-v2": ("imagenette", "mobilenet-v2", 16),
    "efficientnet-b0": ("imagenette", "efficientnet-b0", 16),
    "convnext-tiny": ("imagenette", "convnext-tiny", 8),
    "vit-tiny": ("imagenette", "vit-tiny", 32),
    "tinygpt-nano": ("language", "nano", 32),
    "unet": ("pets", "unet", 4),
    "yolo": ("voc", "persons", 16),
}


@dataclass(frozen=True)
class Benched:
    """A cell whose step is timed: its resolved file, model, task, device, and examples per step on a CPU."""

    file: str
    model: str
    task: str
    device: str
    examples: int


@dataclass(frozen=True)
class Together:
    """Runs of one process: cells of a label with all their seeds; ``name`` is the first variant among them."""

    label: str
    name: str
    cells: tuple[str, ...]
    seeds: tuple[int, ...]
    dataset: str

    @property
    def settings(self) -> list[str]:
        """The files that decide the runs."""
        return [f"results/{self.label}/{cell}/settings.json" for cell in self.cells]

    def files(self, name: str) -> list[str]:
        """The file of this name of every run."""
        return [f"results/{self.label}/{cell}/seed{seed}/{name}" for cell in self.cells for seed in self.seeds]

    def is_asked(self, targets: Iterable[str]) -> bool:
        """Whether one of its runs, or one of its cells, is asked for by itself: it has a process of its own then."""
        paths = [f"results/{self.label}/{cell}/seed" for cell in self.cells]
        return any(target.startswith(path) for target in targets for path in paths)


@dataclass(frozen=True)
class Plan:
    """All experiments of a configuration, by name, and everything that is found by the wildcards of a rule."""

    main: str
    experiments: dict[str, Experiment]

    @classmethod
    def of(cls, config: dict[str, Any], folder: Path = Path("config")) -> Plan:
        """Raises :class:`train.config.schema.ConfigError` for the first mistake of any file."""
        experiments = settings.load_experiments(config, folder)
        return cls(config.get("main", settings.MAIN), experiments)

    @cached_property
    def cells(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Resolved cells by the label and name that stand in the paths of their results."""
        return {(e.label, name): cell for e in self.parts for name, cell in e.cells.items()}

    @cached_property
    def labelled(self) -> dict[str, Experiment]:
        """An experiment by the label of its results; those that share one train alike."""
        return {e.label: e for e in self.parts}

    @property
    def parts(self) -> list[Experiment]:
        """The experiments with the settings of a comparison as one each."""
        return [part for experiment in self.experiments.values() for part in experiment.parts]

    @cached_property
    def reported(self) -> dict[str, Experiment]:
        """Experiments by the stem of their report."""
        return {e.stem: e for e in self.experiments.values()}

    @cached_property
    def datasets(self) -> list[str]:
        """Every data set, not only those that are trained on."""
        return datasets.names()

    @cached_property
    def meant(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Experiments and cells by the targets that may mean them."""
        return targets.cells(self.experiments)

    @cached_property
    def other_names(self) -> dict[str, str]:
        """Reports of this configuration by the names that those of the experiments as written have."""
        return {name: path for e in self.experiments.values() for name, path in targets.other_names(e).items()}

    def runs(self, experiment: str, *cells: str) -> list[str]:
        """Summaries of all seeds of the given cells, or of those that the report shows."""
        return [
            f"results/{part.label}/{cell}/seed{seed}/summary.json"
            for part in self.experiments[experiment].parts
            for cell in cells or part.shown
            if cell in part.cells
            for seed in part.all_seeds
        ]

    def configurations(self, experiment: str, file: str = "cell") -> list[str]:
        """The resolved files of the cells that the report shows."""
        parts = self.experiments[experiment].parts
        return [f"results/{part.label}/{cell}/{file}.json" for part in parts for cell in part.shown]

    def about(self, experiment: str) -> list[str]:
        """The file that says what a comparison is to decide; none of another experiment."""
        found = self.experiments[experiment]
        return [f"results/comparisons/{found.stem}.json"] if found.report in KINDS else []

    def lengths(self, experiment: str) -> list[str]:
        """The file of what the variants of a comparison cost at growing length; none unless it asks for that."""
        path = measured(self.experiments[experiment])
        return [path] if path else []

    def steps(self, experiment: str) -> list[str]:
        """The file of how long a step of each variant takes; none unless a comparison asks for that."""
        path = timed(self.experiments[experiment])
        return [path] if path else []

    def timed(self, experiment: str) -> list[str]:
        """A resolved cell for each variant of a comparison in each of its settings: the first of its rates."""
        found: dict[tuple[str, str], str] = {}
        for part in self.experiments[experiment].parts:
            for cell in part.shown:
                found.setdefault((part.label, part.bases([cell])[0]), f"results/{part.label}/{cell}/settings.json")
        return list(found.values())

    def variants(self, experiment: str) -> dict[str, str]:
        """A resolved cell for each variant of a comparison by its name, in whichever settings it is."""
        first: dict[str, str] = {}
        for part in self.experiments[experiment].parts:
            for cell in part.shown:
                first.setdefault(part.bases([cell])[0], f"results/{part.label}/{cell}/settings.json")
        return first

    def model_at(self, path: str) -> str:
        """The model of the cell whose file this is."""
        _, label, cell, _ = path.split("/")
        return str(self.cells[label, cell]["model"])

    @cached_property
    def together(self) -> dict[str, Together]:
        """Runs that one process trains, by a name for the rule: the rates and seeds of a variant, or of several.

        Two experiments, or settings of one, that share results have one process for them.
        """
        found: dict[str, Together] = {}
        placed: set[tuple[str, str]] = set()
        for name, experiment in self.experiments.items():
            wanted: dict[tuple[str, tuple[int, ...], str, int], dict[str, list[str]]] = {}
            for part in experiment.parts:
                for cell in part.shown if part.together else ():
                    if (part.label, cell) not in placed:
                        placed.add((part.label, cell))
                        kind = part.label, part.all_seeds, part.dataset["name"], part.together
                        wanted.setdefault(kind, {}).setdefault(part.bases([cell])[0], []).append(cell)
            for (label, seeds, dataset, count), variants in wanted.items():
                names = [*variants]
                for first in range(0, len(names), count):
                    cells = tuple(cell for variant in names[first : first + count] for cell in variants[variant])
                    shown = names[first] if f"{name}/{label}/{names[first]}" not in found else cells[0]
                    found[f"{name}/{label}/{shown}"] = Together(label, shown, cells, seeds, dataset)
        return found

    def report(self, experiment: str) -> list[str]:
        """The files of an experiment's report."""
        return [f"reports/{self.experiments[experiment].stem}{end}" for end in targets.FILES]

    def previews(self, experiment: str) -> list[str]:
        """The pictures of augmented samples that the report shows."""
        found = self.experiments[experiment]
        return [f"reports/{found.stem}/{cell}.png" for cell in found.shown] if found.report == "ablation" else []

    def lowered(self, experiment: str) -> list[str]:
        """The programs of a training step that the report measures, one per network."""
        found = self.experiments[experiment]
        if found.report != "imagenette":
            return []
        models = (found.cells[cell]["model"] for cell in found.shown)
        return list(dict.fromkeys(f"results/lowered/{model_of(model).slug.lower()}.mlir" for model in models))

    def benched(self, name: str) -> Benched:
        """The cell of one of :data:`BENCHED`."""
        experiment, cell, examples = BENCHED[name]
        found = self.experiments[experiment]
        value = found.cells[cell]
        task = value.get("task", DEFAULT_TASK)
        return Benched(f"results/{found.label}/{cell}/cell.json", value["model"], task, found.device, examples)

    def files(self) -> list[str]:
        """The files of all runs and cells that can be asked for."""
        runs = (path for name, e in self.experiments.items() for p in e.parts for path in self.runs(name, *p.cells))
        cells = (f"results/{label}/{cell}/{file}.json" for label, cell in self.cells for file in ("cell", "settings"))
        return [*runs, *cells, *(STORE.format(dataset=name) for name in self.datasets)]


def network_of(slug: str) -> str:
    """The name in the catalogue by which a file is named."""
    return next(spec.name for spec in catalogue.specs() if spec.slug.lower() == slug)
