# Resolve the configuration once, for all rules. Mistakes in it stop here, with one message.
from pathlib import Path

from snakemake.exceptions import WorkflowError

from train import config as settings, provenance
from train.runtime import share_interpreter
from train.schema import ConfigError

share_interpreter()

try:
    EXPERIMENT = settings.load_experiment(dict(config))
except ConfigError as error:
    raise WorkflowError(str(error)) from None

CELLS = EXPERIMENT.cells
DATASET = EXPERIMENT.dataset["name"]
LABEL = EXPERIMENT.label
RESULTS = f"results/{LABEL}"
STORE = f"data/prepared/{DATASET}"
PLATFORM = {"auto": "", "cpu": "JAX_PLATFORMS=cpu", "gpu": "JAX_PLATFORMS=cuda"}[EXPERIMENT.device]
USES_GPU = EXPERIMENT.device == "gpu" or (EXPERIMENT.device == "auto" and provenance.has_gpu())


wildcard_constraints:
    cell="|".join(CELLS),
    seed=r"\d+",


def runs(*cells):
    """Summaries of all seeds of the given cells."""
    return [f"{RESULTS}/{cell}/seed{seed}/summary.json" for cell in cells for seed in EXPERIMENT.seeds]


def dataset_settings(wildcards):
    """What decides the prepared images. Data that cannot be read is reported before any job starts."""
    try:
        if not Path(STORE).exists():
            settings.check_path(EXPERIMENT.dataset)
    except ConfigError as error:
        raise WorkflowError(str(error)) from None
    return settings.prepared_as(EXPERIMENT.dataset)


def resolved(wildcards):
    """The text of a cell's file."""
    cell = CELLS[wildcards.cell]
    return settings.cell_json(cell if wildcards.file == "cell" else settings.deciding(cell))


def training_code(wildcards):
    """Source files that decide the result of a cell; editing any other file retrains nothing."""
    return provenance.code_of(CELLS[wildcards.cell]["model"])


def report_code(*names):
    """Source files of the report package that a rule uses."""
    names = ("__main__", "errors", "formats", "load", "book", "statistics", "table", *names)
    return [f"{provenance.SRC}/report/{name}.py" for name in names]


def report_helpers(*names):
    """Source files of the report package that the parameter tables use."""
    return [
        f"{provenance.SRC}/{name}.py"
        for name in ("train/files", *(f"report/{name}" for name in ("errors", *names)))
    ]


def params_code(*names):
    """Source files of the parameter tables that a rule uses."""
    return [
        f"{provenance.SRC}/report/params/{name}.py" for name in ("__init__", "__main__", "records", *names)
    ]


def counting_code():
    """Source files of the language and the catalogue; not the modules, which count nothing."""
    return [
        str(path)
        for folder in ("", "layers", "catalogue")
        for path in sorted((provenance.SRC / "netspec" / folder).glob("*.py"))
        if path.stem not in ("__main__",) and not path.stem.startswith(("cli", "draw"))
    ]


def gradcheck_code(*folders):
    """Source files of the gradient check, or of the folders of netspec that it builds from."""
    folders = folders or ("gradcheck", "gradcheck/statements")
    return [
        str(path) for folder in folders for path in sorted((provenance.SRC / "netspec" / folder).glob("*.py"))
    ]


def gradcheck_report_code(*names):
    """Source files of the gradient check's report that a rule uses."""
    return [f"{provenance.SRC}/report/gradcheck/{name}.py" for name in ("__init__", "__main__", *names)]
