"""Settings that must be made before jax starts."""

from __future__ import annotations

import os
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
