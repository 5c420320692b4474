"""Several runs in one process: their results are those of processes of their own, and none that finished is lost."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest

from train import config, several
from train.config.schema import ConfigError
from train.step import Programs
from train.tasks import learner_of

RATES = (1e-3, 3e-3)


def at_rate(cell, rate, name):
    return {**cell, "name": name, "optimizer": {**cell["optimizer"], "learning_rate": rate}}


@pytest.fixture
def two(short):
    """A cell at two rates."""
    return [at_rate(short("bare"), rate, f"rate-{index}") for index, rate in enumerate(RATES)]


def steady(folder):
    """What a run leaves, without times and origin."""
    summary = json.loads((folder / "summary.json").read_text())
    kept = {key: value for key, value in summary.items() if key not in ("timing", "provenance")}
    return kept, (folder / "metrics.csv").read_bytes(), (folder / "weights.npz").read_bytes()


@pytest.fixture
def together(two, tmp_path, digits_folder):
    """The command line of both rates with two seeds."""
    paths = [tmp_path / f"{cell['name']}.json" for cell in two]
    for path, cell in zip(paths, two, strict=True):
        path.write_text(json.dumps(cell))
    places = [
        "--out",
        f"{tmp_path}/out/{{cell}}/seed{{seed}}",
        "--checkpoints",
        f"{tmp_path}/saved/{{cell}}/seed{{seed}}",
    ]
    given = ["--cell", *map(str, paths), "--seed", "0", "1", "--data", str(digits_folder), *places]
    return [sys.executable, "-m", "train", "fit", *given]


@pytest.mark.exhaustive
def test_one_step_is_compiled_for_all_rates_and_takes_each(two):
    """Twice the rate moves weights twice as far in one step of plain gradient descent."""
    plain = {"name": "sgd", "learning_rate": 1e-3, "momentum": 0.0, "weight_decay": 0.0, "decay_mask": "all"}
    plain["clip_norm"] = None
    cells = [config.parse_cell({**two[0], "optimizer": {**plain, "learning_rate": rate}}) for rate in (1e-3, 2e-3)]
    sharing, steps = several.Sharing(), []
    for cell in cells:
        programs = sharing(cell, learner_of(cell), 6)
        batch = programs.learner.example_batch(cell.batch_size, training=True)
        before = programs.init(0)
        start = leaf_of(before.params)
        after = programs.train(before, programs.place(batch))
        steps.append(leaf_of(after.params) - start)
        assert programs.rate(5, after) == pytest.approx(cell.optimizer.learning_rate, rel=1e-6)
    assert abs(steps[0]).max() > 0
    assert steps[1] == pytest.approx(2 * steps[0], rel=1e-3, abs=1e-7)
    assert sharing.last[2]._updated._cache_size() == 1


def leaf_of(params):
    import jax
    import numpy as np

    return np.array(jax.tree.leaves(params)[-1], np.float64)


def test_only_the_rate_may_differ(two):
    cells = [config.parse_cell(cell) for cell in two]
    assert Programs.alike(cells[0]) == Programs.alike(cells[1])
    other = config.parse_cell({**two[0], "label_smoothing": 0.3})
    programs = Programs(cells[0], learner_of(cells[0]), 6)
    with pytest.raises(ValueError, match="differ in more"):
        programs.of(other)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_results_are_those_of_a_process_of_its_own(two, together, command, finish, tmp_path):
    said = finish(together).stdout
    assert all(f"rate-{index} seed {seed}: top-1" in said for index in (0, 1) for seed in (0, 1))
    for index, cell in enumerate(two):
        finish(command(cell, f"alone-{index}", seed=1))
        assert steady(tmp_path / f"alone-{index}") == steady(tmp_path / f"out/rate-{index}/seed1")
    assert not any(path.name.isdigit() for path in (tmp_path / "saved").rglob("*"))  # no checkpoint is left


@pytest.mark.exhaustive
@pytest.mark.slow
def test_what_finished_before_a_kill_is_put_in_place_without_training(together, environment, finish, tmp_path):
    done, missing = tmp_path / "out/rate-0/seed0/summary.json", tmp_path / "out/rate-1/seed1/summary.json"
    run = subprocess.Popen(together, env=environment, stdout=subprocess.DEVNULL)
    while not (tmp_path / "out/rate-0/seed1/summary.json").exists():
        assert run.poll() is None
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    first = done.read_bytes()
    assert not missing.exists()
    shutil.rmtree(tmp_path / "out")  # as Snakemake does with the outputs of a job that failed
    said = finish(together).stdout
    assert "rate-0 seed 0: finished before, and put in place again" in said
    assert done.read_bytes() == first  # the times that it took among it: it was not trained again
    assert missing.exists()
    kept = tmp_path / "saved/rate-0/seed0/finished/weights.npz"
    shutil.rmtree(tmp_path / "out/rate-0")
    kept.unlink()
    kept.write_bytes(b"damaged")
    said = finish(together).stdout
    assert "rate-0 seed 0: top-1" in said
    assert said.count("nothing is trained") == 2


def test_every_run_has_folders_of_its_own(two, tmp_path):
    cells = [config.parse_cell(cell) for cell in two]
    good = f"{tmp_path}/{{cell}}/{{seed}}"
    assert len({job.out for job in several.jobs(cells, [0, 1, 2], good, good)}) == 6
    with pytest.raises(ConfigError, match=r"--checkpoints .*: expected a folder with \{cell\} and \{seed\}"):
        several.jobs(cells, [0, 1], good, f"{tmp_path}/{{cell}}")
    with pytest.raises(ConfigError, match="rate-0 seed 0 is named twice"):
        several.jobs([cells[0], cells[0]], [0], good, good)
