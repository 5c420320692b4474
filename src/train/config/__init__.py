"""Configuration: from the files in ``config/`` to resolved cells, and from a resolved cell to typed values.

The workflow calls :func:`load_experiments` once while it is parsed and writes each cell with :func:`cell_json`; the
trainer reads such a file with :func:`read_cell` and nothing else. Importing this package does not import jax.
"""

from train.config.checks import check_path
from train.config.experiment import MAIN, Experiment, cell_json, load_experiment, load_experiments, names
from train.config.fingerprint import data_fingerprint, deciding, fingerprint
from train.config.read import parse_cell, prepared_as, read_cell, read_dataset, started

__all__ = [
    "MAIN",
    "Experiment",
    "cell_json",
    "check_path",
    "data_fingerprint",
    "deciding",
    "fingerprint",
    "load_experiment",
    "load_experiments",
    "names",
    "parse_cell",
    "prepared_as",
    "read_cell",
    "read_dataset",
    "started",
]
