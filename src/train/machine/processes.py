"""Several processes, on one machine or several, that train as one through ``jax.distributed``."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import jax
from jax.experimental import multihost_utils

from train.config.schema import ConfigError

T = TypeVar("T")
#: Seconds without a sign of life after which a process is taken for dead; machines do stand still for minutes.
PATIENCE = 300


def join(coordinator: str | None, count: int | None, index: int | None, gpus: int) -> None:
    """Meet the other processes of a run; to be called before jax looks for devices.

    ``coordinator`` is ``HOST:PORT`` of process 0, which is ``index`` 0 of ``count``; what is ``None`` is asked of
    Slurm or Open MPI. ``gpus`` is the number that this process has claimed. Raises :class:`ConfigError` when the
    others are not found.
    """
    try:
        jax.distributed.initialize(
            coordinator, count, index, local_device_ids=list(range(gpus)) or None, heartbeat_timeout_seconds=PATIENCE
        )
    except (ValueError, RuntimeError) as error:
        raise ConfigError(
            f"--distributed, --coordinator, --processes, --process-id: {error}; expected a job of Slurm or Open MPI, "
            "or all of the latter three"
        ) from None


def is_first() -> bool:
    """Whether this process is the one that writes and shows."""
    return jax.process_index() == 0


def agree(number: int) -> int:
    """The first process's value, in all."""
    return int(multihost_utils.broadcast_one_to_all(jax.numpy.int32(number))) if jax.process_count() > 1 else number


def first_does(act: Callable[[], T]) -> T | None:
    """What ``act`` returns in the first process, where it is called; ``None`` in the others.

    What it raises there is raised there, and a :class:`ConfigError` in the others, so that none waits for the first.
    """
    found, failure = None, None
    if is_first():
        try:
            found = act()
        except Exception as error:
            failure = error
    if agree(failure is not None):
        raise failure or ConfigError("the first process of this run has stopped; its output says why")
    return found


def wait_for_others(where: str) -> None:
    """Return when every process is here."""
    multihost_utils.sync_global_devices(where)


@contextmanager
def stop_requests() -> Iterator[Callable[[int], int | None]]:
    """Yield a function of the step: the signal, SIGINT or SIGTERM, for which to stop there, or ``None``.

    A second signal stops at once. Several processes stop at the same step wherever the signal arrived: jax, which
    then has SIGTERM to itself, agrees on one a second or so ahead. All must ask at every step.
    """
    several = jax.process_count() > 1
    received: list[int] = []

    def handler(signum: Any, frame: Any) -> Any:
        if received:
            raise KeyboardInterrupt
        received.append(signum)
        if several:
            os.kill(os.getpid(), signal.SIGTERM)

    def asked(step: int) -> int | None:
        if several:
            return signal.SIGTERM if multihost_utils.reached_preemption_sync_point(step) else None
        return received[0] if received else None

    caught = (signal.SIGINT,) if several else (signal.SIGINT, signal.SIGTERM)
    previous = {signum: signal.signal(signum, handler) for signum in caught}
    try:
        yield asked
    finally:
        for signum, old in previous.items():
            signal.signal(signum, old)
