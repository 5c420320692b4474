"""Checkpoints of a run, through orbax: complete or absent, and never those of another configuration."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import jax
import orbax.checkpoint as ocp

from train import processes

log = logging.getLogger(__name__)


class Checkpoints:
    """Checkpoints under ``folder / fingerprint``; the two newest are kept.

    The fingerprint covers configuration and code, so a run whose configuration changed finds none of its own. orbax
    writes into a temporary folder and renames it, so one that was being written when the process died is not seen.
    Several processes need a folder that all see. How many there are, and devices, may change between two of them.
    """

    def __init__(self, folder: Path, fingerprint: str):
        self.folder = folder
        own = folder / fingerprint
        if processes.is_first():
            own.mkdir(parents=True, exist_ok=True)
            for stale in (entry for entry in folder.iterdir() if entry != own):
                shutil.rmtree(stale, ignore_errors=True)
        processes.wait_for_others("checkpoints")
        options = ocp.CheckpointManagerOptions(
            max_to_keep=2, enable_async_checkpointing=False, cleanup_tmp_directories=True
        )
        self.manager = ocp.CheckpointManager(own.absolute(), options=options)

    def save(self, step: int, state, progress: dict) -> None:
        """Write ``state`` (arrays) and ``progress`` (JSON) as the checkpoint of ``step``, unless it is there."""
        if step in self.manager.all_steps():
            return
        arguments = ocp.args.Composite(state=ocp.args.StandardSave(state), progress=ocp.args.JsonSave(progress))
        self.manager.save(step, args=arguments)

    def restore(self, template):
        """The newest readable ``(state, progress)`` shaped like ``template``, or ``None``."""
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, template)
        arguments = ocp.args.Composite(state=ocp.args.StandardRestore(abstract), progress=ocp.args.JsonRestore())
        for step in sorted(self.manager.all_steps(), reverse=True):
            try:
                restored = self.manager.restore(step, args=arguments)
                return restored["state"], restored["progress"]
            except (ValueError, KeyError, OSError, TypeError) as error:
                log.warning("checkpoint of step %d cannot be read (%s); trying the one before", step, error)
                self.manager.delete(step)
        return None

    def clear(self) -> None:
        """Delete all checkpoints of the run; called when its results are written."""
        self.manager.close()
        processes.wait_for_others("results")
        if processes.is_first():
            shutil.rmtree(self.folder, ignore_errors=True)
