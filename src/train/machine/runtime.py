"""Settings of processes: what must be set before jax starts, and what the workflow hands to its jobs."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

#: Parameters of mallopt(3) by their numbers in malloc.h: nothing is given back (M_TRIM_THRESHOLD), no block is taken
#: from the system by itself (M_MMAP_MAX), and all threads take from one arena (M_ARENA_MAX).
KEEPING, ONE_ARENA = {-1: -1, -4: 0}, {-8: 1}


def start_jax(cache: Path | str | None = None, cpu_devices: int = 1, gpus: int | None = 0) -> None:
    """Point jax at a persistent compilation cache that all cells and seeds share.

    Where it computes on the CPU, it sees ``cpu_devices`` devices, or as many as ``XLA_FLAGS`` asks for, and memory is
    kept between steps.

    ``cache`` defaults to ``JAX_COMPILATION_CACHE_DIR``, or ``.cache/jax`` under the current folder. Every program is
    kept, however small. ``gpus`` is what the caller has claimed, as :func:`train.machine.gpus.claim` takes it. Raises
    :class:`ConfigError` when the platform asked for is not there, or jax sees fewer GPUs than were claimed.
    """
    import jax

    from train.config.schema import ConfigError
    from train.machine.gpus import check_seen, visible

    if not visible():
        keep_memory(cpu_devices)
    folder = cache or os.environ.get("JAX_COMPILATION_CACHE_DIR", ".cache/jax")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    if cpu_devices > 1 and "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        jax.config.update("jax_num_cpu_devices", cpu_devices)
    try:
        seen = jax.local_devices()
    except (RuntimeError, AssertionError):  # the second where no plugin for the platform is installed
        wanted = os.environ.get("JAX_PLATFORMS", "")
        install = " (`pip install -e '.[cuda]'` for CUDA)" if "cuda" in wanted else ""
        raise ConfigError(
            f"config/config.yaml: key 'device' (or JAX_PLATFORMS) asks for {wanted}, expected a device that jax finds "
            f"here{install}; auto and cpu always work"
        ) from None
    check_seen(gpus, sum(device.platform != "cpu" for device in seen))


def keep_memory(devices: int = 1) -> None:
    """Have the C library keep freed memory for the next use; where it is not glibc, nothing happens.

    XLA on CPU allocates what a step needs in between anew for every step. Blocks of that size glibc returns to the
    system at once, which then has to clear every page of them again: a tenth of a step of a large network, and two
    fifths of one of TinyGPT. With several ``devices``, each a thread, all take from one arena, in which they wait for
    each other, so compiling takes up to a third longer.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        for parameter, value in (KEEPING | (ONE_ARENA if devices > 1 else {})).items():
            mallopt(parameter, value)


def share_interpreter() -> None:
    """Make ``python`` in child processes this interpreter, able to import the packages beside this one.

    So the workflow's rules run whether or not the environment was activated, and inside a conda environment that holds
    the dependencies but not these packages. Where bytecode is not to be written beside the sources, it is kept in
    ``.cache``: compiling jax and what comes with it anew takes each job two to three seconds.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(".cache/bytecode").absolute()))
    _prepend("PATH", Path(sys.executable).parent)
    _prepend("PYTHONPATH", Path(__file__).resolve().parents[2])


def _prepend(variable: str, folder: Path) -> None:
    os.environ[variable] = os.pathsep.join(filter(None, [str(folder), os.environ.get(variable)]))
