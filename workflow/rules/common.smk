# Resolve the configuration once, for all rules. Mistakes in it stop here, with one message.
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

import netspec
from netspec import catalogue
from report.engine.errors import ReportError
from report.kept.about import about, seeds_of
from report.networks.rows import RUN_BELOW
from train import config as settings, provenance
from train.config import datasets
from train.config.closure import closure
from train.config.schema import ConfigError, is_name, load
from train.machine import gpus
from train.machine.runtime import share_interpreter
from train.workflow import allocation, targets

share_interpreter()

try:
    EXPERIMENTS = settings.load_experiments(dict(config))
    WRITTEN = load(Path("config/config.yaml"))
except ConfigError as error:
    raise WorkflowError(str(error)) from None

ABLATION, ZOO = EXPERIMENTS["ablation"], EXPERIMENTS["zoo"]
IMAGENETTE, IMAGENET = EXPERIMENTS["imagenette"], EXPERIMENTS["imagenet"]
#: Stems of the reports by experiment, below reports/ and logs/reports/: what is configured decides the names.
REPORTS = {
    name: targets.report(e, (WRITTEN if name == "ablation" else WRITTEN.get(name, {})).get("only"))
    for name, e in EXPERIMENTS.items()
}
#: Every cell by the folder of its results: rules find by their wildcards what they train on what.
CELLS = {(e.label, name): cell for e in EXPERIMENTS.values() for name, cell in e.cells.items()}
LABELLED = {e.label: e for e in EXPERIMENTS.values()}
DEVICES = {label: e.device for label, e in LABELLED.items()}
#: GPUs of this machine.
FOUND_GPUS = len(gpus.visible()) if set(DEVICES.values()) != {"cpu"} else 0
PLATFORMS = {"auto": "", "cpu": "JAX_PLATFORMS=cpu", "gpu": "JAX_PLATFORMS=cuda"}
#: Written last into a prepared store. Its contents say what was prepared: preparing the same again retrains nothing.
STORE = "data/prepared/{dataset}/store.json"
#: Every data set can be prepared, not only those that are trained on.
DATASETS = datasets.names()
#: Names of the catalogue's variants by the name of their file.
NETWORKS = {spec.slug.lower(): spec.name for spec in catalogue.specs() if spec.provenance.role == "variant"}


def place():
    """Where jobs compute. Not known while this file is read, nor what a dry run stands for but by its use of threads."""
    dry = workflow.dryrun and workflow.execution_settings.use_threads
    limit = workflow.global_resources["gpu"].value if "gpu" in workflow.global_resources else None
    return allocation.Place(FOUND_GPUS, limit, not workflow.local_exec or dry, workflow.remote_exec)


def share_gpus():
    """Have runs queue for the GPUs found here, unless --resources or a profile says how many there are."""
    if "gpu" not in workflow.global_resources and (limit := allocation.shared(place())) is not None:
        workflow.global_resources["gpu"] = limit


def gpus_in(label):
    """GPUs that each run of an experiment claims."""
    experiment = LABELLED[label]
    try:
        return allocation.gpus(experiment.gpus, experiment.device, place())
    except ConfigError as error:
        raise WorkflowError(str(error)) from None


def gpus_of(wildcards):
    """GPUs that a run claims."""
    return gpus_in(wildcards.label)


def memory_of(wildcards, attempt):
    """Memory of a run in MB, and more of it each time that it is tried again."""
    return attempt * allocation.memory_mb(cell_of(wildcards), gpus_of(wildcards))


# Where nothing can send jobs elsewhere a mistake is known now, and said without Snakemake's traceback.
if workflow.resource_settings.nodes is None:
    for label in LABELLED:
        gpus_in(label)


wildcard_constraints:
    label="|".join(map(re.escape, DEVICES)),
    dataset="|".join(map(re.escape, DATASETS)),
    cell="|".join(dict.fromkeys(re.escape(name) for label, name in CELLS)),
    seed=r"\d+",


def results(experiment):
    """Folder of an experiment's results."""
    return f"results/{experiment.label}"


def runs(experiment, *cells):
    """Summaries of all seeds of the given cells, or of those that the report shows."""
    return [
        f"{results(experiment)}/{cell}/seed{seed}/summary.json"
        for cell in cells or experiment.shown
        for seed in experiment.seeds
    ]


def configurations(experiment, file="cell"):
    """The resolved files of the cells that the report shows."""
    return [f"{results(experiment)}/{cell}/{file}.json" for cell in experiment.shown]


def report_of(experiment):
    """Path of an experiment's report without its suffix."""
    return f"reports/{REPORTS[experiment.name]}"


def report_log(experiment):
    """Folder of the logs of an experiment's report."""
    return f"logs/reports/{REPORTS[experiment.name]}"


def cell_of(wildcards):
    """The resolved cell that a rule's label and cell name."""
    return CELLS[wildcards.label, wildcards.cell]


def store_of(wildcards):
    """The prepared data of a cell. Asked before any job starts, so GPUs are shared and counted here."""
    share_gpus()
    gpus_of(wildcards)
    return STORE.format(dataset=cell_of(wildcards)["dataset"]["name"])


def device_variable(wildcards):
    """The variable that makes jax take the device asked for."""
    return PLATFORMS[DEVICES[wildcards.label]]


def dataset_settings(wildcards):
    """What decides the prepared images. Data that cannot be read is reported before any job starts."""
    try:
        return settings.prepared_as(wildcards.dataset, check=not Path(STORE.format(**wildcards)).exists())
    except ConfigError as error:
        raise WorkflowError(str(error)) from None


def behind(*entries):
    """Source files that decide what the command of a rule does; looked for when a job is planned."""
    return lambda wildcards: closure(*entries)


def resolved(wildcards):
    """The text of a cell's file."""
    cell = cell_of(wildcards)
    return settings.cell_json(cell if wildcards.file == "cell" else settings.deciding(cell))


def lowered_networks(experiment):
    """File names of the networks that an experiment's report shows."""
    models = (experiment.cells[cell]["model"] for cell in experiment.shown)
    return list(dict.fromkeys(netspec.find(model).slug.lower() for model in models))


def find_network(name):
    """The name in the catalogue by which a file is named."""
    return next(spec.name for spec in catalogue.specs() if spec.slug.lower() == name)


def how_to_run(network):
    """Forward and backward, or for a network too large for most machines the trace alone."""
    return "--backward" if netspec.find(network).params < RUN_BELOW else "--abstract"


def recorded_runs(record):
    """Names of the cells and seeds of a record, as options take them."""
    cells = sorted(path.parent for path in Path("results/recorded", record).glob("*/cell.json"))
    seeds = " ".join(map(str, seeds_of(cells[0]))) if cells else ""
    return {"cells": " ".join(cell.name for cell in cells), "seeds": seeds}
