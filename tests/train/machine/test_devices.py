"""How a batch is laid over processor cores, and what the compiler is told."""

import ctypes
import os
import subprocess
import sys
from dataclasses import replace

import jax
import pytest

from train.config import parse_cell
from train.machine import devices


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


FAULTS_OF_THE_SECOND_BLOCK = """
import ctypes, resource
from train.machine.runtime import start_jax
start_jax(cpu_devices={devices})
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p

def faults(size=2**26):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = ctypes.c_void_p(libc.malloc(ctypes.c_size_t(size)))
    libc.memset(block, 1, ctypes.c_size_t(size))
    libc.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc")
@pytest.mark.parametrize("devices", [1, 2])
def test_memory_is_kept_between_steps(devices):
    """The pages of 64 MiB are cleared again for the second block unless they are kept."""
    code = FAULTS_OF_THE_SECOND_BLOCK.format(devices=devices)
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert int(done.stdout) < 10


def test_an_option_that_the_compiler_lacks_is_left_out_by_itself(monkeypatch):
    monkeypatch.setattr(devices, "CPU_OPTIONS", {**devices.CPU_OPTIONS, "xla_cpu_of_tomorrow": True})
    found = devices.compiler_options.__wrapped__()
    assert found == devices.compiler_options()
    assert found or jax.default_backend() != "cpu"
