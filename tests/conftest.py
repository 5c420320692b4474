"""What most tests need: the configuration as shipped, a cell that trains in seconds, the embedded data set prepared."""

import collections
import copy
import gc
import itertools
import json
import os
from pathlib import Path

import pytest

from train import config
from train.config.cell import Cell

ROOT = Path(__file__).parents[1]
#: Mappings of memory at which a process lets go of what it has compiled. A program of XLA takes several, Linux allows
#: 65,530 of them, and whoever compiles beyond those dies of a segmentation fault.
MAPPINGS = 16_000


def pytest_configure():
    """Have XLA leave out its optimisations in this process, where compiling takes far longer than computing.

    Its emitters of fused loops take half of the time that is left. Only here: what tests start in processes of their
    own compiles as it does for everybody.
    """
    import jax

    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # as the workflow does for its jobs, in one place for all tests
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".cache/bytecode"))
    before = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{before} --xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
    jax.devices()  # from now on the flags are read
    os.environ["XLA_FLAGS"] = before


#: How many cases of a thinned test have been met.
CASES = collections.Counter()


def at_its_turn(item, every):
    """Whether this is each ``every``-th case of its test; cases next to each other are often of different kinds."""
    CASES[item.path, item.originalname] += 1
    return CASES[item.path, item.originalname] % every == every // 2


def pytest_collection_modifyitems(config, items):
    """Mark what a folder or the name of a file says of its tests; leave out the exhaustive ones unless asked for."""
    for item in items:
        if "workflow" in item.path.parts:
            item.add_marker("workflow")
        if "parity" in item.path.stem:
            item.add_marker("parity")
        if "gradcheck" in item.path.parts or {"workflow", "parity"} & set(item.keywords):
            item.add_marker("slow")
        if (thinned := item.get_closest_marker("thinned")) and not at_its_turn(item, thinned.args[0]):
            item.add_marker("exhaustive")
    if "exhaustive" in config.getoption("markexpr") or any("::" in name for name in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("exhaustive")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]


TESTS_DONE = itertools.count(1)


def pytest_runtest_teardown():
    """Keep far from the limit of the kernel, and in a few gigabytes, however many programs the tests compile."""
    mappings = Path("/proc/self/maps")
    if next(TESTS_DONE) % 20 or not mappings.exists():
        return
    if mappings.read_bytes().count(b"\n") > MAPPINGS:
        import jax

        from train.machine.memory import give_back

        jax.clear_caches()
        gc.collect()
        give_back()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal out whole files, but the cases of parity and of tracing, which are long and share nothing, one by one."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return nodeid if file.endswith(("_parity.py", "test_traced.py")) else file

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish():
    """Keep the garbage collector from going through tests and libraries again and again, a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def shipped():
    """``config/config.yaml`` as it is in the repository."""
    from train.config.schema import load

    return load(ROOT / "config/config.yaml")


@pytest.fixture(scope="session")
def digits_cells(shipped):
    """The nine resolved cells of the default experiment, by name."""
    return config.load_experiment(shipped, ROOT / "config").cells


@pytest.fixture(scope="session")
def short(digits_cells):
    """A function giving a resolved cell with few epochs and the given changes, as a dict."""

    def make(name="cutmix", **changes):
        cell = copy.deepcopy(digits_cells[name])
        cell.update(epochs=4, evaluate_every_epochs=2, checkpoint_every_epochs=1)
        cell["schedule"]["warmup_epochs"] = 1
        for key, value in changes.items():
            nested = isinstance(value, dict) and isinstance(cell[key], dict)
            cell[key] = {**cell[key], **value} if nested else value
        return cell

    return make


@pytest.fixture
def short_cell(short):
    """The same as a :class:`train.config.cell.Cell`."""

    def make(*args, **changes) -> Cell:
        return config.parse_cell(short(*args, **changes))

    return make


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory, digits_cells):
    """The prepared store of the embedded data set."""
    from train.data.prepare import prepare

    folder = tmp_path_factory.mktemp("data") / "digits"
    prepare(config.parse_cell(digits_cells["bare"]).dataset, folder)
    return folder


@pytest.fixture(scope="session")
def digits_store(digits_folder, digits_cells):
    from train.data.store import open_store

    return open_store(digits_folder, config.parse_cell(digits_cells["bare"]).dataset)


@pytest.fixture
def write_json(tmp_path):
    def write(value, name="cell.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(value))
        return path

    return write


@pytest.fixture(autouse=True, scope="session")
def _shared_compilation_cache():
    """Compile each program once per machine, not once per test run."""
    from train.machine.runtime import start_jax

    start_jax(ROOT / ".cache/jax")
