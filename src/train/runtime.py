"""Settings of processes: what must be set before jax starts, and what the workflow hands to its jobs."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def start_jax(cache: Path | str | None = None) -> None:
    """Point jax at a persistent compilation cache that all cells and seeds share.

    ``cache`` defaults to ``JAX_COMPILATION_CACHE_DIR``, or ``.cache/jax`` under the current folder. Every program is
    kept, however small: a run of the embedded data set compiles for 9 s without the cache and for 2 s with it.
    """
    import jax

    folder = cache or os.environ.get("JAX_COMPILATION_CACHE_DIR", ".cache/jax")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def share_interpreter() -> None:
    """Make ``python`` in child processes this interpreter, able to import the packages beside this one.

    So the workflow's rules run whether or not the environment was activated, and inside a conda environment that holds
    the dependencies but not these packages.
    """
    _prepend("PATH", Path(sys.executable).parent)
    _prepend("PYTHONPATH", Path(__file__).resolve().parents[1])


def _prepend(variable: str, folder: Path) -> None:
    os.environ[variable] = os.pathsep.join(filter(None, [str(folder), os.environ.get(variable)]))
