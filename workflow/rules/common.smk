# Resolve the configuration once, for all rules. Mistakes in it stop here, with one message.
import json
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The rules' `python` is the one that runs Snakemake, whether or not its environment is activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

from train import config as train_config, provenance
from train.schema import ConfigError

try:
    EXPERIMENT = train_config.load_experiment(dict(config))
except ConfigError as error:
    raise WorkflowError(str(error)) from None

DATASET = EXPERIMENT.dataset["name"]
RESULTS = f"results/{DATASET}"
STORE = f"data/prepared/{DATASET}"
USES_GPU = EXPERIMENT.device == "gpu" or (EXPERIMENT.device == "auto" and Path("/dev/nvidia0").exists())


wildcard_constraints:
    cell="|".join(EXPERIMENT.cells),
    seed=r"\d+",


def runs(*cells):
    """Summaries of all seeds of the given cells; the first seed of every cell first, so that the others find the
    programs it compiled in the cache."""
    return [f"{RESULTS}/{cell}/seed{seed}/summary.json" for seed in EXPERIMENT.seeds for cell in cells]
