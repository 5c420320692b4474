"""How long a training step takes beside the same network in PyTorch's fastest form: steps in turns, medians, ratio."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace

from train import config
from train.config.cell import Augmentation, Cell
from train.config.schema import ConfigError
from train.machine.devices import cpu_devices, threads
from train.provenance import cpu_name, versions
from train.tasks import task_of

#: Who takes the steps.
OURS, THEIRS = "jax", "torch"
#: Networks that :mod:`train.measure.torch_step` has.
COMPARED = (
    "ConvNeXt-T (10 classes)",
    "EfficientNet-B0",
    "MobileNet-v2",
    "ResNet-34",
    "ViT-Tiny",
    "TinyGPT (Shakespeare demo)",
    "UNet (Pets, 224×224 RGB → 3-class trimap)",
    "YOLOv1 (convolutional head, ResNet-34)",
)
#: Forms of a network in PyTorch: the layout of images and kernels, each eager and by ``torch.compile``, which on CPU
#: needs a C++ compiler. Which is fastest depends on network and machine.
FORMS = ("nchw", "channels_last", "nchw_compiled", "channels_last_compiled")
WARM_UP = 2
#: Side of the square matrices whose product gives the rate of this machine, by platform.
SIDE = {"cpu": 2048, "gpu": 8192}


def bench(cell: Cell, rounds: int, starts: int, forms: Sequence[str] = FORMS) -> dict:
    """Time ``rounds`` steps of ``cell`` here and in PyTorch, in turns, in a process each, ``starts`` times anew.

    All steps of a process can be some hundredths faster or slower than those of the next, hence several.

    Before that ``rounds`` steps of each of PyTorch's ``forms`` choose the one that is compared with; the comparison
    times it again, so that what luck chose gains nothing from it. A form that PyTorch cannot compile here has no time.

    Both take a batch of the cell's size through forward, backward and AdamW; the augmentation is left out, so ours
    also scales the pixels and makes the soft labels, and theirs starts from floats. ``ratio`` is the median of ours
    over the median of theirs; ``quartiles`` are of the ratios of single rounds.

    Raises :class:`ConfigError` without PyTorch, for a network that it has no counterpart of or another optimizer, and
    where one of the two computes on a GPU and the other does not.
    """
    if importlib.util.find_spec(THEIRS) is None:
        raise ConfigError("PyTorch is not installed, expected it beside jax: pip install -e '.[bench]'")
    if cell.model not in COMPARED:
        raise ConfigError(f"{cell.name}: key 'model' is {cell.model}, expected one of {', '.join(COMPARED)}")
    if cell.optimizer.name != "adamw":
        raise ConfigError(f"{cell.name}: key 'optimizer.name' is {cell.optimizer.name}, expected adamw")
    pairs, rates = [], []
    tried = {form: _median(cell, rounds, form) for form in forms}
    form = fastest(tried)
    for _ in range(starts):
        with _worker(OURS, cell) as ours, _worker(THEIRS, cell, form) as theirs:
            about, beside = ours.about, theirs.about
            if about["params"] != beside["params"]:
                raise RuntimeError(f"{cell.model}: {about['params']:,} parameters, {beside['params']:,} in PyTorch")
            if about["on_gpu"] != beside["on_gpu"]:
                sees, other = ("PyTorch", "jax") if beside["on_gpu"] else ("jax", "PyTorch")
                raise ConfigError(
                    f"{sees} sees a GPU and {other} does not, expected both or, with an empty "
                    "CUDA_VISIBLE_DEVICES, neither"
                )
            rates.append(about["matmul_gflops"])
            pairs += [(ours.step(), theirs.step()) for _ in range(rounds)]
    medians = [statistics.median(side) for side in zip(*pairs, strict=True)]
    ratios = sorted(a / b for a, b in pairs)
    spec = task_of(cell).spec(cell)
    operations = 6 * spec.macs * cell.batch_size  # two to a multiply-add; forward, and backward twice
    return {
        "model": cell.model,
        "batch_size": cell.batch_size,
        "image_size": cell.dataset.image_size or None,
        "precision": cell.precision,
        "rounds": rounds,
        "starts": starts,
        "ours_ms": 1e3 * medians[0],
        "pytorch_ms": 1e3 * medians[1],
        "pytorch_form": form,
        "pytorch_forms_ms": {name: seconds and 1e3 * seconds for name, seconds in tried.items()},
        "ratio": medians[0] / medians[1],
        "quartiles": [ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]],
        "images_per_second": cell.batch_size / medians[0],
        "matmul_gflops": max(rates),
        "share_of_matmul": operations / medians[0] / 1e9 / max(rates),
        "device": about["device"],
        "device_count": about["device_count"],
        "cpu": cpu_name(),
        "threads": threads(),
        "versions": {**versions(), THEIRS: beside["version"]},
    }


def fastest(tried: dict[str, float | None]) -> str:
    """The form with the least time; raises :class:`ConfigError` where none has one."""
    timed = {form: seconds for form, seconds in tried.items() if seconds is not None}
    if not timed:
        raise ConfigError(f"PyTorch takes no step, expected one in at least one form of {', '.join(tried)}")
    return min(timed, key=timed.get)


def _median(cell: Cell, rounds: int, form: str) -> float | None:
    """Median seconds of a step of PyTorch by itself, or ``None`` where it cannot compile, with the reason on stderr."""
    try:
        with _worker(THEIRS, cell, form) as theirs:
            return statistics.median(theirs.step() for _ in range(rounds))
    except _CannotCompile as error:
        print(f"{cell.model}: PyTorch cannot compile it here: {error}", file=sys.stderr, flush=True)
        return None


def bare(cell: Cell, batch_size: int | None) -> Cell:
    """``cell`` without augmentation, and with another batch size if one is given."""
    names = ("mixup", "cutmix", "erasing", "randaugment", "colour_jitter", "random_resized_crop")
    off = {"random_crop": False, "horizontal_flip": False, **dict.fromkeys(names)}
    plain = Augmentation(cell.augmentation.semantics, **off)
    return replace(cell, augmentation=plain, batch_size=batch_size or cell.batch_size, accumulate=1)


class _CannotCompile(Exception):
    """What ``torch.compile`` lacks here, most often a C++ compiler."""


class _Worker:
    """A process that says what it is, and then takes a step and prints its seconds for every line that it reads."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.about = json.loads(self._line())
        if "cannot" in self.about:
            raise _CannotCompile(self.about["cannot"])

    def step(self) -> float:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[-1]!s} ended with exit status {self.process.wait()}")
        return line


@contextlib.contextmanager
def _worker(side: str, cell: Cell, *form: str) -> Iterator[_Worker]:
    command = [sys.executable, "-m", "train.measure.step", side, *form]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            process.stdin.write(written(cell) + "\n")
            process.stdin.flush()
            yield _Worker(process)
        finally:
            process.kill()


def written(cell: Cell) -> str:
    """A line that :func:`read` makes the same cell of, in another process."""
    return json.dumps({key: item for key, item in asdict(cell).items() if key != "fingerprint"})


def read(line: str) -> Cell:
    """The cell of a line of :func:`written`."""
    return config.parse_cell(json.loads(line))


def _serve(side: str, form: str = FORMS[0]) -> None:
    cell = read(sys.stdin.readline())
    try:
        step, about = _ours(cell) if side == OURS else _theirs(cell, form)
        for _ in range(WARM_UP):
            step()
    except ConfigError as error:
        sys.exit(f"error: {error}")
    except Exception as error:
        if not form.endswith("compiled"):
            raise
        print(json.dumps({"cannot": f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"}), flush=True)
        return
    print(json.dumps(about), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        step()
        print(time.perf_counter() - began, flush=True)


def _ours(cell: Cell) -> tuple[Callable[[], None], dict]:
    from train.machine.gpus import visible
    from train.machine.runtime import start_jax

    start_jax(cpu_devices=cpu_devices(cell), gpus=len(visible()))
    import jax

    from train.step import Programs
    from train.tasks import learner_of

    learner = learner_of(cell)
    programs = Programs(cell, learner, steps_per_epoch=1000)
    state = programs.init(0)
    batch = programs.place(learner.example_batch(cell.batch_size, training=True))

    def step() -> None:
        nonlocal state
        state = jax.block_until_ready(programs.train(state, batch))

    about = {"device": jax.devices()[0].device_kind, "device_count": jax.device_count()}
    about["on_gpu"] = jax.default_backend() != "cpu"
    params = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    return step, {**about, "params": params, "matmul_gflops": _matmul_rate()}


def _matmul_rate(repeats: int = 8) -> float:
    """Best of some products of square matrices on one device, all cores, in 10⁹ operations per second."""
    import jax
    import jax.numpy as jnp

    platform = jax.default_backend()
    side = SIDE.get(platform, SIDE["gpu"])
    dtype = jnp.float32 if platform == "cpu" else jnp.bfloat16
    product = jax.jit(lambda a, b: a @ b)
    one = jnp.ones((side, side), dtype)
    jax.block_until_ready(product(one, one))
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        jax.block_until_ready(product(one, one))
        seconds.append(time.perf_counter() - began)
    return 2 * side**3 / min(seconds) / 1e9


def _theirs(cell: Cell, form: str) -> tuple[Callable[[], None], dict]:
    import torch

    from train.measure.torch_step import make_step

    step, params = make_step(cell, threads(), form)
    return step, {"params": params, "version": torch.__version__, "on_gpu": torch.cuda.is_available()}


if __name__ == "__main__":
    _serve(*sys.argv[1:])
