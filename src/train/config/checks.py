"""What no schema of one file can see: keys that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec import SpecError
from train.config.cell import DEFAULT_TASK, annotation_of
from train.config.models import model_of
from train.config.places import Places
from train.config.printable import escaped
from train.config.schema import ConfigError


def check_together(cell: Mapping[str, Any], places: Places) -> None:
    """What holds for every resolved cell, and what its task asks of it. Raises :class:`ConfigError` naming a place."""
    from train.tasks import TASKS  # which reads cells, and so imports this package

    dataset, task = cell["dataset"], TASKS[cell.get("task", DEFAULT_TASK)]
    if (found := annotation_of(dataset)) not in task.reads:
        raise ConfigError(
            f"{places.dataset}: its examples have as annotation: {found}; task {task.name} ({places.recipe}) expects "
            f"{' or '.join(task.reads)}"
        )
    _check_schedule(cell["schedule"], places.recipe)
    unit = "steps" if "steps" in cell else "epochs"
    if (warmup := cell["schedule"][f"warmup_{unit}"]) >= cell[unit]:
        raise ConfigError(
            f"{places.recipe}: key 'schedule.warmup_{unit}' is {warmup}, expected fewer than {unit} ({cell[unit]})"
        )
    if unit == "steps" and cell["checkpoint_every_steps"] % cell["evaluate_every_steps"]:
        raise ConfigError(
            f"{places.recipe}: key 'checkpoint_every_steps' is {cell['checkpoint_every_steps']}, expected a multiple "
            f"of evaluate_every_steps ({cell['evaluate_every_steps']})"
        )
    few = 0 if dataset.get("scenes") else (dataset.get("train_per_class") or 0) * dataset["classes"]
    if few and cell["batch_size"] > few:
        raise ConfigError(
            f"{places.recipe}: key 'batch_size' is {cell['batch_size']}, expected at most the number of training "
            f"images ({few} in {places.dataset})"
        )
    if cell["batch_size"] % cell["accumulate"]:
        raise ConfigError(
            f"{places.recipe}: key 'accumulate' is {cell['accumulate']}, expected a divisor of batch_size "
            f"({cell['batch_size']})"
        )
    _check_start(cell["start"], places.recipe)
    _check_optimizer(cell, places.recipe)
    task.check(cell, places)


def _check_start(start: Any, where: str) -> None:
    """Raise :class:`ConfigError` for a network that weights are of and that there is not."""
    if isinstance(start, Mapping) and start.get("network"):
        try:
            model_of(start["network"])
        except SpecError as error:
            raise ConfigError(f"{where}: key 'start.network': {escaped(str(error))}") from None


def _check_schedule(schedule: Mapping[str, Any], where: str) -> None:
    """Raise :class:`ConfigError` for a floor or warm-up that the shape of a schedule cannot have."""
    name = schedule.get("name", "cosine")
    if name == "exponential" and not schedule.get("floor"):
        raise ConfigError(f"{where}: key 'schedule.floor' is 0, which an exponential fall never reaches, expected more")
    if name == "one-cycle":
        for key in ("warmup_epochs", "warmup_steps"):
            if schedule.get(key):
                raise ConfigError(
                    f"{where}: key 'schedule.{key}' is {schedule[key]}, expected 0: one-cycle has a warm-up of its own"
                )


def _check_optimizer(cell: Mapping[str, Any], where: str) -> None:
    """Raise :class:`ConfigError` for what cannot be around a schedule-free optimizer, which averages weights itself."""
    options = cell["optimizer"]
    if cell.get("own_optimizer") or not options["name"].startswith("schedule-free"):
        return
    if options["beta1"] == 0:
        raise ConfigError(f"{where}: key 'optimizer.beta1' is 0, expected more of {options['name']}")
    if options.get("lookahead"):
        raise ConfigError(
            f"{where}: key 'optimizer.lookahead' does not go with {options['name']}, which averages itself"
        )
    if cell["schedule"].get("name") == "plateau":
        raise ConfigError(f"{where}: key 'schedule.name' is plateau, expected another one with {options['name']}")


def check_path(dataset: dict[str, Any]) -> None:
    """Raise :class:`ConfigError` when the raw files of a data set cannot be read."""
    path = dataset["path"]
    if path is not None and not Path(path).exists():
        otherwise = ", or null to download it" if dataset.get("download") else ""
        raise ConfigError(
            f"config/datasets/{dataset['name']}.yaml: key 'path' is {path}, "
            f"expected a readable folder or archive that holds train/ and val/{otherwise}"
        )
