# Resolve the configuration once, for all rules. Mistakes in it stop here, with one message.
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

from train import config as settings, provenance
from train.config.cell import DEFAULT_TASK
from train.config.closure import closure
from train.config.schema import ConfigError
from train.machine import gpus
from train.machine.runtime import share_interpreter
from train.config.comparison import about as told_of
from train.workflow import allocation, snake, targets, vocabulary
from train.workflow.plan import STORE, Plan, network_of

share_interpreter()

try:
    PLAN = Plan.of(dict(config))
except ConfigError as error:
    raise WorkflowError(str(error)) from None

DEVICES = {label: experiment.device for label, experiment in PLAN.labelled.items()}
#: GPUs of this machine.
FOUND_GPUS = len(gpus.visible()) if set(DEVICES.values()) != {"cpu"} else 0
PLATFORMS = {"auto": "", "cpu": "JAX_PLATFORMS=cpu", "gpu": "JAX_PLATFORMS=cuda"}


wildcard_constraints:
    label="|".join(map(re.escape, DEVICES)),
    dataset="|".join(map(re.escape, PLAN.datasets)),
    cell="|".join(dict.fromkeys(re.escape(name) for label, name in PLAN.cells)),
    report="|".join(map(re.escape, PLAN.reported)),
    seed=r"\d+",


def place():
    """Where jobs compute. Not known while this file is read, nor what a dry run stands for but by its use of threads."""
    dry = workflow.dryrun and workflow.execution_settings.use_threads
    limit = workflow.global_resources["gpu"].value if "gpu" in workflow.global_resources else None
    return allocation.Place(FOUND_GPUS, limit, not workflow.local_exec or dry, workflow.remote_exec)


def gpus_in(label):
    """GPUs that each run of an experiment claims."""
    experiment = PLAN.labelled[label]
    try:
        return allocation.gpus(experiment.gpus, experiment.device, place())
    except ConfigError as error:
        raise WorkflowError(str(error)) from None


# Where nothing can send jobs elsewhere a mistake is known now, and said without Snakemake's traceback.
if workflow.resource_settings.nodes is None:
    for label in PLAN.labelled:
        gpus_in(label)


def behind(*entries):
    """Source files that decide what the command of a rule does; looked for when a job is planned."""
    return lambda wildcards: closure(*entries)


def cell_of(wildcards):
    """The resolved cell that a rule's label and cell name."""
    return PLAN.cells[wildcards.label, wildcards.cell]


def starts_of(cells, seeds):
    """The files of weights that runs of cells start from."""
    starts = [settings.started(cell.get("start")) for cell in cells]
    return list(dict.fromkeys(str(start.path(seed)) for start in starts if start for seed in seeds))


def resolved(wildcards):
    """The text of a cell's file."""
    cell = cell_of(wildcards)
    return settings.cell_json(cell if wildcards.file == "cell" else settings.deciding(cell))


def gpus_of(wildcards):
    """GPUs that a run claims."""
    return gpus_in(wildcards.label)


def memory_of(wildcards, attempt):
    """Memory of a run in MB, and more of it each time that it is tried again."""
    return attempt * allocation.memory_mb(cell_of(wildcards), gpus_of(wildcards))


def store_of(wildcards):
    """The prepared data of a cell. Asked before any job starts, so GPUs are counted here, and shared: runs queue for
    those found, unless --resources or a profile says how many there are."""
    if "gpu" not in workflow.global_resources and (limit := allocation.shared(place())) is not None:
        workflow.global_resources["gpu"] = limit
    gpus_of(wildcards)
    return STORE.format(dataset=cell_of(wildcards)["dataset"]["name"])


#: Runs that one process trains, but for those of which some are asked for by themselves.
TOGETHER = {
    name: group
    for name, group in PLAN.together.items()
    if not group.is_asked(
        summary
        for target in snake.asked(snake.command_line())[0]
        for summary in [
            target,
            *(PLAN.runs(*PLAN.meant[target][0]) if len(PLAN.meant.get(target, ())) == 1 else []),
        ]
    )
}


def cells_in(group):
    """The cells of a group."""
    return [PLAN.cells[group.label, cell] for cell in group.cells]


def tasks_in(group):
    """The models and tasks of the cells of a group, each once."""
    return {(cell["model"], cell.get("task", DEFAULT_TASK)): cell for cell in cells_in(group)}


def code_behind(group):
    """Source files that decide the runs of a group."""
    paths = (path for cell in cells_in(group) for path in provenance.code_of(**decided_by(cell)))
    return list(dict.fromkeys(paths))


def decided_by(cell):
    """What of a cell decides which source files its runs depend on."""
    return {"model": cell["model"], "task": cell.get("task", DEFAULT_TASK), "start": cell.get("start")}


def reported(files):
    """What a report is made from: a function of the experiment's name, asked by the report's."""
    return lambda wildcards: files(PLAN.reported[wildcards.report].name)


def dataset_settings(wildcards):
    """What decides the prepared images. Data that cannot be read is reported before any job starts."""
    try:
        return settings.prepared_as(wildcards.dataset, check=not Path(STORE.format(**wildcards)).exists())
    except ConfigError as error:
        raise WorkflowError(str(error)) from None
