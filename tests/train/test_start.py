"""Starting from the weights of another run: what is taken, what is not, and what is refused in one line."""

import numpy as np
import pytest

from train import config
from train.__main__ import main
from train.config.schema import ConfigError
from train.destination import run_fingerprint
from train.loop import fit
from train.start import begun as started_from
from train.step import Programs
from train.tasks import learner_of
from train.weights import weights_file

pytestmark = pytest.mark.slow


@pytest.fixture
def begun(short, tmp_path):
    """Programs, initial state and cell of a run that starts from a file of weights, changed by a function of them."""

    def make(change=lambda arrays: arrays, **changes):
        other = programs_of(short("bare"))
        path = tmp_path / "weights.npz"
        path.write_bytes(weights_file(other.network(other.init(7))))
        with np.load(path) as file:
            arrays = change(dict(file))
        np.savez(path, **arrays)
        cell = config.parse_cell(short("bare", start=str(path), **changes))
        programs = Programs(cell, learner_of(cell), 6)
        return programs, programs.init(0), cell, arrays

    return make


def programs_of(value):
    cell = config.parse_cell(value)
    return Programs(cell, learner_of(cell), 6)


def read(programs, state, tmp_path):
    path = tmp_path / "written.npz"
    path.write_bytes(weights_file(programs.network(state)))
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize("ema_decay", [None, 0.9])
def test_all_weights_are_those_of_the_file(begun, tmp_path, ema_decay):
    programs, state, cell, arrays = begun(ema_decay=ema_decay)
    started, about = started_from(programs, state, cell, 0)
    assert about["new"] == []
    found = read(programs, started, tmp_path)
    assert found.keys() == arrays.keys()
    assert all((found[name] == arrays[name]).all() for name in found)


def test_a_head_of_another_shape_keeps_its_initial_weights(begun, tmp_path):
    def of_three_classes(arrays):
        return {**arrays, "layers.2.kernel": arrays["layers.2.kernel"][:, :3], "layers.2.bias": np.ones(3, np.float32)}

    programs, state, cell, arrays = begun(of_three_classes)
    initial = read(programs, state, tmp_path)
    started, about = started_from(programs, state, cell, 0)
    found = read(programs, started, tmp_path)
    assert about["new"] == ["layers.2.bias", "layers.2.kernel"]
    for name in found:
        expected = initial if name.startswith("layers.2.") else arrays
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: {k: v for k, v in a.items() if k != "layers.1.norm.scale"}, "layers.1.norm.scale is missing"),
        (lambda a: {**a, "layers.9.kernel": a["layers.2.kernel"]}, "'layers.9.kernel' is none of its arrays"),
        (lambda a: {**a, "layers.1.norm.scale": np.ones(3, np.float32)}, "layers.1.norm.scale is float32 (3,)"),
    ],
    ids=["missing", "unknown", "shape"],
)
def test_other_weights_are_refused(begun, change, says):
    programs, state, cell, _ = begun(change)
    with pytest.raises(ConfigError) as raised:
        started_from(programs, state, cell, 0)
    message = str(raised.value)
    assert message.startswith(cell.start.file) and says in message and "\n" not in message


def test_what_is_in_the_file_is_part_of_the_fingerprint(begun, digits_store):
    _, _, cell, _ = begun()
    before = run_fingerprint(cell, 0, digits_store)
    begun(lambda arrays: {name: array + 1 for name, array in arrays.items()})
    assert run_fingerprint(cell, 0, digits_store) != before


def test_a_file_that_is_not_there(short_cell, digits_store, tmp_path):
    cell = short_cell("bare", start=str(tmp_path / "none.npz"))
    with pytest.raises(ConfigError, match=r"none\.npz: cannot be read \(No such file or directory\), expected a file"):
        fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")


@pytest.mark.slow
def test_a_run_goes_on_from_another(short, digits_store, tmp_path, capsys):
    """With next to no learning rate it ends where it began."""
    first = config.parse_cell(short("bare"))
    summary = fit(first, 0, digits_store, tmp_path / "first", tmp_path / "checkpoints")
    start = str(tmp_path / "first/weights.npz")
    second = config.parse_cell(short("bare", start=start, epochs=2, optimizer={"learning_rate": 1e-12}))
    again = fit(second, 1, digits_store, tmp_path / "second", tmp_path / "checkpoints")
    assert again["metrics"] == pytest.approx(summary["metrics"], rel=1e-5)
    assert f"starts from {start}" in capsys.readouterr().out


def test_results_are_not_written_over_what_they_start_from(short, digits_folder, write_json, tmp_path, capsys):
    """Neither as results nor as checkpoints, though the file in the way is one that a run of ours wrote."""
    start = tmp_path / "out/weights.npz"
    start.parent.mkdir()
    start.write_bytes(b"weights")
    cell = write_json(short("bare", start=str(start)))
    for out, checkpoints in (("out", "checkpoints"), ("other", "out")):
        places = ["--out", str(tmp_path / out), "--checkpoints", str(tmp_path / checkpoints)]
        assert main(["fit", "--cell", str(cell), "--seed", "0", "--data", str(digits_folder), *places, "--again"]) == 2
        assert f"contains key 'start' {start}, expected a place of its own" in capsys.readouterr().err
    assert start.read_bytes() == b"weights"
