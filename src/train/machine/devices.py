"""How programs are laid over the processor cores, and what the compiler is told about them."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from train.config.cell import Cell
from train.data.records import usable_cores

#: Multiply-adds of a device and step below which the exchange between devices costs more than they save.
LEAST_WORK = 7 * 10**8
#: XLA's own kernels (YNNPACK) take 1.3 to 1.7 times as long in the convolutions of a ResNet as those of Eigen.
CPU_OPTIONS = {"xla_cpu_experimental_ynn_fusion_type": ""}


def cpu_devices(cell: Cell) -> int:
    """Virtual CPU devices that a batch of ``cell`` is split over: one per core that may be used, if it pays.

    XLA runs most elementwise operations of one device on one core. With a device per core all of them run at once, and
    matrix products need no threads of their own. The number divides every part of the batch.
    """
    from train.tasks import task_of

    part = cell.batch_size // cell.accumulate
    work = 3 * task_of(cell).spec(cell).macs * part  # forward, and backward twice
    most = max(1, min(threads(), work // LEAST_WORK, part))
    return next(count for count in range(most, 0, -1) if part % count == 0)


def threads() -> int:
    """Threads that XLA computes on, which ``PJRT_NPROC`` limits."""
    asked = os.environ.get("PJRT_NPROC", "")
    return min(usable_cores(), int(asked)) if asked.isdigit() and int(asked) else usable_cores()


@cache
def compiler_options() -> dict[str, Any]:
    """Options of a program that runs many times on this platform; without those that this version of XLA lacks."""
    import jax

    if jax.default_backend() != "cpu":
        return {}
    wanted = {**CPU_OPTIONS, **({"xla_cpu_multi_thread_eigen": False} if jax.device_count() > 1 else {})}
    return {name: value for name, value in wanted.items() if _known(name, value)}


def _known(name: str, value: Any) -> bool:
    import jax

    try:
        jax.jit(lambda: 0).lower().compile(compiler_options={name: value})
    except jax.errors.JaxRuntimeError:
        return False
    return True
