"""How a batch is laid over processor cores, and what the compiler is told."""

from dataclasses import replace

import pytest

from train import devices
from train.config import parse_cell


@pytest.fixture
def cell(digits_cells):
    return parse_cell(digits_cells["bare"])


def large(cell, batch_size=32, accumulate=1):
    """ViT-Tiny at 224 pixels, with work for many devices."""
    dataset = replace(cell.dataset, image_size=224)
    return replace(cell, model="ViT-Tiny", dataset=dataset, batch_size=batch_size, accumulate=accumulate)


@pytest.mark.parametrize(
    ("cores", "batch_size", "accumulate", "expected"),
    [
        (1, 32, 1, 1),
        (2, 32, 1, 2),
        (4, 32, 1, 4),
        (3, 32, 1, 2),
        (4, 30, 1, 3),
        (4, 32, 16, 2),
        (4, 7, 1, 1),
        (8, 1, 1, 1),
    ],
)
def test_devices_divide_each_part_of_the_batch(cell, monkeypatch, cores, batch_size, accumulate, expected):
    monkeypatch.setenv("PJRT_NPROC", str(cores))
    monkeypatch.setattr(devices, "usable_cores", lambda: 16)
    assert devices.cpu_devices(large(cell, batch_size, accumulate)) == expected


def test_little_work_stays_on_one_device(cell, monkeypatch):
    monkeypatch.delenv("PJRT_NPROC", raising=False)
    monkeypatch.setattr(devices, "usable_cores", lambda: 16)
    assert devices.cpu_devices(cell) == 1
    assert devices.threads() == 16


def test_options_are_those_that_this_compiler_knows(monkeypatch):
    devices.compiler_options.cache_clear()
    assert devices.compiler_options() == devices.CPU_OPTIONS
    devices.compiler_options.cache_clear()
    monkeypatch.setattr(devices, "CPU_OPTIONS", {"xla_cpu_of_another_version": True})
    assert devices.compiler_options() == {}
    devices.compiler_options.cache_clear()
