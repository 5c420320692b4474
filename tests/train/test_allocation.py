"""What training jobs ask for: GPUs by where they compute, memory by network, batch and data."""

import itertools

import pytest

from train.config.schema import ConfigError
from train.workflow import allocation
from train.workflow.allocation import Place, gpus, memory_mb, shared

NOWHERE, HERE = Place(found=0), Place(found=2)
SLURM, NODE = Place(found=0, elsewhere=True), Place(found=4, limit=4, sent=True)


@pytest.mark.parametrize(
    ("count", "device", "place", "expected"),
    [
        # this machine
        (1, "auto", NOWHERE, 0),
        ("all", "auto", NOWHERE, 0),
        (1, "gpu", NOWHERE, 1),  # jax says that there is none, if it is so
        (1, "auto", HERE, 1),
        (2, "auto", HERE, 2),
        ("all", "auto", HERE, 2),
        ("all", "auto", Place(found=8, limit=3), 3),
        # sent elsewhere: GPUs found or not found here say nothing
        (1, "auto", SLURM, 1),
        (4, "auto", SLURM, 4),
        (4, "gpu", SLURM, 4),
        (4, "auto", Place(found=1, elsewhere=True), 4),
        ("all", "auto", Place(found=0, limit=4, elsewhere=True), 4),
        # on the node, by what the job was given
        (4, "auto", NODE, 4),
        ("all", "auto", NODE, 4),
        (1, "auto", NODE, 1),  # one of a group's jobs
        (4, "auto", Place(found=0, limit=0, sent=True), 0),
        (4, "auto", Place(found=0, sent=True), 4),  # an executor that does not pass it on
        ("all", "auto", Place(found=3, sent=True), 3),
    ],
)
def test_gpus_of_a_job(count, device, place, expected):
    assert gpus(count, device, place) == expected


@pytest.mark.parametrize("place", [NOWHERE, HERE, SLURM, NODE])
@pytest.mark.parametrize("count", [1, 9, "all"])
def test_a_processor_needs_none(count, place):
    assert gpus(count, "cpu", place) == 0


@pytest.mark.parametrize(
    ("count", "device", "place", "says"),
    [
        (3, "auto", HERE, "is 3, expected at most 2, the GPUs that there are"),
        (2, "auto", Place(found=2, limit=1), "is 2, expected at most 1"),
        (4, "auto", Place(found=0, limit=2, elsewhere=True), "is 4, expected at most 2"),
        ("all", "gpu", NOWHERE, "is all, expected a number: no GPU is found here"),
        ("all", "auto", SLURM, "is all, expected a number: how many a node has is not known here"),
        ("all", "auto", Place(found=2, elsewhere=True), "is all, expected a number: how many a node has"),
    ],
)
def test_more_than_there_are(count, device, place, says):
    with pytest.raises(ConfigError, match=f"key 'gpus_per_run' {says}"):
        gpus(count, device, place)


def test_no_job_gets_more_than_all_jobs_have():
    places = [Place(*values) for values in itertools.product((0, 1, 4), (None, 0, 1, 4), (False, True), (False, True))]
    for count, device, place in itertools.product((1, 2, "all"), ("auto", "cpu", "gpu"), places):
        try:
            asked = gpus(count, device, place)
        except ConfigError:
            continue
        assert 0 <= asked <= (float("inf") if shared(place) is None else shared(place))


@pytest.mark.parametrize(
    ("place", "together"),
    [(NOWHERE, None), (HERE, 2), (Place(8, 3), 3), (SLURM, None), (Place(1, None, True), None), (NODE, 4)],
)
def test_runs_share_what_is_here(place, together):
    assert shared(place) == together


def made(cell, model="ViT-Tiny", side=224, batch_size=512, accumulate=1):
    data = {**cell["dataset"], "image_size": side, "stored_size": side}
    return {**cell, "model": model, "dataset": data, "batch_size": batch_size, "accumulate": accumulate}


def test_a_small_run_needs_little(digits_cells):
    """Recorded runs of this size peak at 680 MiB."""
    assert memory_mb(digits_cells["bare"], 0) == 2000
    assert memory_mb(digits_cells["bare"], 1) < 6000


def test_more_memory_for_more(digits_cells):
    cell = digits_cells["bare"]
    base = memory_mb(made(cell), 0)
    assert memory_mb(made(cell, batch_size=1024), 0) > 1.5 * base
    assert memory_mb(made(cell, accumulate=8), 0) < base / 2
    assert memory_mb(made(cell, model="VGG-16"), 0) > memory_mb(made(cell, model="ResNet-18"), 0)
    assert memory_mb(made(cell), 1) < base


@pytest.mark.parametrize(
    ("model", "side", "batch_size", "measured"),
    [("ResNet-34", 224, 4, 502), ("SqueezeNet-Digits", 32, 40, 24), ("DenseNet-Digits", 32, 40, 21)],
)
def test_memory_covers_a_measured_step(digits_cells, model, side, batch_size, measured):
    """XLA's own account of a step on CPU in MB, beside a small run."""
    cell = made(digits_cells["bare"], model, side, batch_size)
    assert memory_mb(cell, 0) >= allocation.SMALL_RUN + measured
