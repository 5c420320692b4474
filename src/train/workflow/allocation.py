"""What a training job asks of the machine, or of the scheduler that sends it to another: GPUs and memory.

The workflow asks per job and not while it is read, since Snakemake knows only afterwards where its jobs go. Importing
this module does not import jax.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from train.config.cell import sides
from train.config.read import parse_cell
from train.config.schema import ConfigError
from train.tasks import task_of

#: Resident memory in MB of a small run: interpreter, libraries and compiler. Recorded runs of the ablation peak at
#: 640 to 680 MiB.
SMALL_RUN = 1000
#: The same with CUDA, whose libraries and pinned buffers are the host's.
SMALL_GPU_RUN = 3500
#: Bytes of a parameter in training: value, gradient and two moments in float32, and a checkpoint's copy.
PER_PARAMETER = 5 * 4
#: Bytes that a step keeps of a picture for the backward pass, per pixel and per multiply-add: generous for narrow
#: networks on many pixels (MobileNet V2) and for wide ones (VGG).
PER_PIXEL, PER_MAC = 2000, 0.016
#: Batches of training images that are held at a time: read ahead, placed, and scored together in validation.
BATCHES = 12
#: Memory is asked for in steps of this many MB, and never less than two.
GRANULE = 1000


@dataclass(frozen=True)
class Place:
    """Where the jobs of a workflow compute.

    Args:
        found: GPUs that this machine shows.
        limit: GPUs of all jobs together by ``--resources gpu=N`` or a profile; on a node, what its job was given;
            ``None`` where nothing says.
        elsewhere: an executor sends the jobs to machines that nothing is known of here.
        sent: this process is such a job, on its node.
    """

    found: int
    limit: int | None = None
    elsewhere: bool = False
    sent: bool = False


def shared(place: Place) -> int | None:
    """How many GPUs the jobs of a workflow have together, or ``None`` where that is the scheduler's business."""
    if place.limit is not None:
        return place.limit
    return None if place.elsewhere or place.sent or not place.found else place.found


def gpus(count: int | str, device: str, place: Place) -> int:
    """GPUs that a job asks for which would compute on ``count`` of them, or on ``"all"``.

    ``device`` is the configuration's: ``cpu`` asks for none, and so does ``auto`` on a machine without; a job that is
    sent elsewhere asks for as many as are configured. On its node it takes no more than it was given.

    Raises :class:`ConfigError` for more than there are, and for all of an unknown number.
    """
    if device == "cpu" or (device == "auto" and not (place.found or place.elsewhere or place.sent)):
        return 0
    limit = shared(place)
    if place.sent:
        there = place.found if limit is None else limit
        return there if count == "all" else min(count, there) if limit is not None else count
    if count == "all" and limit is None:
        known = "how many a node has is not known here" if place.elsewhere else "no GPU is found here"
        raise ConfigError(f"config/config.yaml: key 'gpus_per_run' is all, expected a number: {known}")
    if limit is not None and count != "all" and count > limit:
        raise ConfigError(
            f"config/config.yaml: key 'gpus_per_run' is {count}, expected at most {limit}, the GPUs that there are"
        )
    return limit if count == "all" else count


def memory_mb(cell: dict[str, Any], gpus: int) -> int:
    """Memory of the host in MB that a run of a resolved cell asks for, rounded up generously.

    On a CPU that is dominated by what a step keeps for the backward pass, of one part of the batch; on ``gpus`` GPUs
    by the libraries and the images that are read ahead.
    """
    data, batch, parsed = cell["dataset"], cell["batch_size"], parse_cell(cell)
    stored, shown = (math.prod(sides(data.get(key, 0))) for key in ("stored_size", "image_size"))
    images = BATCHES * batch * 3 * max(stored, shown)
    if gpus:
        return _rounded(SMALL_GPU_RUN, images)
    spec = task_of(parsed).spec(parsed)
    kept = PER_PIXEL * shown + PER_MAC * spec.macs
    return _rounded(SMALL_RUN, images + kept * (batch // cell["accumulate"]) + PER_PARAMETER * spec.params)


def _rounded(megabytes: int, more_bytes: float) -> int:
    return max(2, math.ceil((megabytes + more_bytes / 10**6) / GRANULE)) * GRANULE
