"""Where a result comes from: code, versions, machine."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from dataclasses import fields, is_dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from netspec.conventions import BOOK
from netspec.layers import Layer
from netspec.twins import TWINS
from train.config.cell import DEFAULT_TASK
from train.config.closure import SRC, closure
from train.config.models import model_of
from train.machine import gpus, memory
from train.tasks import TASKS

PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "numpy")
#: What a network is made of enters a result as text (:func:`architecture_of`): editing another one retrains nothing.
WITHOUT = ("netspec.catalogue", "netspec.cli.sources", "netspec.exact")
#: What only a run that starts from weights depends on.
STARTING = "train.start"
#: Packages of networks of libraries, and of the rules for their weights, whose modules are chosen while a program runs.
NETWORKS, RULES, READERS = "netspec.exact", "netspec.weights.families", "netspec.weights.constructors"
#: The modules of the tasks by their names, of which a cell names one.
LEARNERS = {task.name: task.module for task in TASKS.values()}


def code_of(
    model: str, command: str = "train.commands.fit:fit", task: str = DEFAULT_TASK, start: Any = None
) -> list[str]:
    """The source files that decide what a command does with the network ``model``; of the trainer's, the task's too.

    A run with a ``start`` depends on what reads weights, and on all rules for them, besides. The workflow lists them
    as inputs, so that editing another architecture, another task or the progress bar retrains nothing.
    """
    trains = command.startswith("train.")
    learner = [LEARNERS[task]] if trains and task in LEARNERS else []
    others = [module.rpartition(".")[0] for name, module in LEARNERS.items() if name != task]
    rules = modules_in(RULES) if start else []
    without = (*WITHOUT, *others) if start else (*WITHOUT, *others, STARTING)
    return closure(command, *learner, *rules, *modules_of(model), without=without)


def modules_of(model: str) -> list[str]:
    """The modules that define the layers of ``model``, and those that build them, which are chosen when it is built."""
    layers = {type(layer) for layer in _layers_in(model_of(model).layers)}
    return [*{layer.__module__ for layer in layers}, *{TWINS[layer] for layer in layers if layer in TWINS}]


def modules_in(*packages: str) -> list[str]:
    """The modules of packages, by dotted name."""
    found = ((package, path) for package in packages for path in SRC.joinpath(*package.split(".")).glob("[a-z]*.py"))
    return sorted(f"{package}.{path.stem}" for package, path in found)


def published_modules() -> list[str]:
    """What the networks of libraries and their weights are read off."""
    return modules_in(NETWORKS, RULES, READERS)


def all_modules() -> list[str]:
    """The modules that build layers, all of them."""
    return sorted(set(TWINS.values()))


def architecture_of(model: str, start: Any = None) -> str:
    """The layers of ``model`` as text: what the catalogue decides about a result.

    Those of the network that weights to ``start`` from are of follow, where that is another one; ``start`` is a
    :class:`train.config.cell.Start`, or what a resolved cell has under that key.
    """
    spec = model_of(model)
    text = f"{spec.input_shape} {spec.layers}"
    text = text if spec.conventions == BOOK else f"{text} {spec.conventions}"
    network = start.get("network") if isinstance(start, dict) else getattr(start, "network", None)
    return f"{text} from {architecture_of(network)}" if network else text


def _layers_in(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _layers_in(item)
    elif isinstance(value, Layer) and is_dataclass(value):
        yield value
        for field in fields(value):
            yield from _layers_in(getattr(value, field.name))


def run_fingerprint(cell_fingerprint: str, model: str, seed: int, task: str = DEFAULT_TASK, start: Any = None) -> str:
    """Hash of configuration, architecture, code and library versions: what a checkpoint may be resumed by."""
    digest = hashlib.sha256(f"{cell_fingerprint} {seed} {architecture_of(model, start)} {versions()}".encode())
    for path in code_of(model, task=task, start=start):
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Python's version and those of the libraries that decide a result."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def git_state() -> dict[str, Any]:
    """Commit of the source tree and whether tracked files differ from it; ``None`` outside a repository."""
    try:
        commit = _git("rev-parse", "HEAD")
        dirty = bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return {"git_commit": None, "git_dirty": None}
    return {"git_commit": commit, "git_dirty": dirty}


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(SRC), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def machine() -> dict[str, Any]:
    """The device JAX computes on and the host's processor; needs jax."""
    import jax

    device = jax.devices()[0]
    return {
        "device": device.platform,
        "device_kind": device.device_kind,
        "device_count": jax.device_count(),
        "gpus": gpus.claimed(),
        "process_count": jax.process_count(),
        "cpu": cpu_name(),
        "cpu_threads": int(os.environ.get("PJRT_NPROC", os.cpu_count() or 1)),
    }


def cpu_name() -> str:
    """The processor in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def peak_memory_mib() -> float:
    """Largest resident memory of this process so far, in MiB."""
    return memory.peak_bytes() / 2**20
