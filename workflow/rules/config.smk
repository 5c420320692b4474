# Read the configuration's files by our own parser first: its messages name file, key and what was expected.
from pathlib import Path

from snakemake.exceptions import WorkflowError

from train.config.schema import ConfigError, load

for path in map(Path, dict.fromkeys(["config/config.yaml", *workflow.configfiles])):
    try:
        load(path)
    except ConfigError as error:
        raise WorkflowError(str(error)) from None
