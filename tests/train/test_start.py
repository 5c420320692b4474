"""Starting from the weights of another run: what is taken, what is not, and what is refused in one line."""

import numpy as np
import pytest

import netspec
import netspec.weights
from netspec import exact
from netspec.weights import files, naming, transfer
from train import config
from train.__main__ import main
from train.checkpoint import Checkpoints
from train.config.schema import ConfigError
from train.destination import digest_of, run_fingerprint
from train.loop import fit
from train.start import begun as started_from
from train.start import told
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


@pytest.mark.exhaustive
@pytest.mark.parametrize("ema_decay", [None, 0.9])
def test_all_weights_are_those_of_the_file(begun, tmp_path, ema_decay):
    programs, state, cell, arrays = begun(ema_decay=ema_decay)
    started, about = started_from(programs, state, cell, 0)
    assert about["new"] == []
    found = read(programs, started, tmp_path)
    assert found.keys() == arrays.keys()
    assert all((found[name] == arrays[name]).all() for name in found)


@pytest.mark.exhaustive
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


@pytest.mark.exhaustive
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


def named(path, programs, seed, names):
    path.write_bytes(weights_file(programs.network(programs.init(seed)), names))
    return path


@pytest.mark.parametrize(
    ("theirs", "head", "new"),
    [("0123456789", "auto", False), ("abcdefghij", "auto", True), ("abcdefghij", "kept", False),
     ("0123456789", "new", True)],
)  # fmt: skip
def test_a_head_of_other_classes_is_drawn_anew(short, tmp_path, theirs, head, new):
    """As many as ours, with other names."""
    programs = programs_of(short("bare"))
    path = named(tmp_path / "weights.npz", programs, 7, theirs)
    cell = config.parse_cell(short("bare", start={"file": str(path), "head": head}))
    state, about = started_from(programs, programs.init(0), cell, 0, tuple("0123456789"))
    assert about["new"] == (["layers.2.bias", "layers.2.kernel"] if new else [])
    assert about["digest"] == digest_of(path)
    kernel, first, other = (
        np.asarray(one.params["layers"][2]["kernel"]) for one in (state, programs.init(0), programs.init(7))
    )
    np.testing.assert_array_equal(kernel, first if new else other)
    assert told(about, cell) == f"starts from {path}" + (
        ", with a new head (layers.2.bias, layers.2.kernel) by 'book'" if new else ""
    )


@pytest.mark.exhaustive
def test_a_new_head_cannot_be_frozen(short, tmp_path):
    start = {"file": str(tmp_path / "weights.npz"), "head": "new", "freeze": ["head"]}
    cell = config.parse_cell(short("bare", start=start))
    programs = Programs(cell, learner_of(cell), 6)
    named(tmp_path / "weights.npz", programs, 7, None)
    with pytest.raises(ConfigError, match=r"'start.freeze' names layers.2.bias, which is new"):
        started_from(programs, programs.init(0), cell, 0)


@pytest.mark.exhaustive
def test_every_seed_has_a_file_of_its_own(short, digits_store, tmp_path):
    programs = programs_of(short("bare"))
    cell = config.parse_cell(short("bare", start={"file": str(tmp_path / "{seed}.npz")}))
    files = [named(tmp_path / f"{seed}.npz", programs, seed, None) for seed in (3, 4)]
    digests = [started_from(programs, programs.init(0), cell, seed)[1]["digest"] for seed in (3, 4)]
    assert digests == [digest_of(path) for path in files] and digests[0] != digests[1]
    assert run_fingerprint(cell, 3, digits_store) != run_fingerprint(cell, 4, digits_store)


class TestLibraries:
    """Weights by the names of a library: LeNet-5 as PyTorch would have it, 32 pixels, three channels."""

    @pytest.fixture
    def lenet(self, short, tmp_path):
        """Programs and initial state of a cell that starts from a file of LeNet-5 of so many classes."""

        def make(classes, start, change=lambda tensors: tensors, model="lenet5_rgb"):
            spec = exact.find("lenet5_rgb").spec(classes)
            drawn = np.random.default_rng(3)
            shapes = transfer.planned(spec, transfer.abstract(spec), naming.table_of(spec)).names
            tensors = {name: np.float32(0.1 * drawn.normal(size=shape)) for name, shape in shapes.items()}
            path = tmp_path / "theirs.safetensors"
            path.write_bytes(files.safetensors(change(tensors)))
            size = {"image_size": 32, "stored_size": 36}
            cell = short("bare", model=model, initialization="he", dataset=size, start={"file": str(path), **start})
            cell = config.parse_cell(cell)
            programs = Programs(cell, learner_of(cell), 6)
            return programs, cell, netspec.weights.load(spec, tensors)

        return make

    @pytest.mark.exhaustive
    def test_a_file_of_the_network(self, lenet):
        programs, cell, network = lenet(10, {})
        state, about = started_from(programs, programs.init(0), cell, 0, tuple("0123456789"))
        assert about["new"] == []
        found, expected = (netspec.canonical_state(one) for one in (programs.network(state), network))
        assert found.keys() == expected.keys()
        for name in found:
            np.testing.assert_array_equal(found[name], expected[name])

    def test_other_classes_and_half_precision(self, lenet):
        def halved(tensors):
            return {name: np.float16(tensor) for name, tensor in tensors.items()}

        programs, cell, network = lenet(7, {"network": "lenet5_rgb", "rules": "lenet5"}, halved)
        state, about = started_from(programs, programs.init(0), cell, 0)
        assert about["new"] == ["layers.7.bias", "layers.7.kernel"]
        found, whole = (netspec.canonical_state(one) for one in (programs.network(state), network))
        for name in found.keys() - set(about["new"]):
            np.testing.assert_array_equal(found[name], np.float16(whole[name]).astype(np.float32))

    @pytest.mark.parametrize(
        ("change", "start", "says"),
        [
            (lambda t: {k: v for k, v in t.items() if "bias" not in k}, {}, "5 tensors are missing from the file"),
            (lambda t: t | {"more": t["fc1.bias"]}, {}, "1 tensors of the file have no place: more"),
            (lambda t: t, {"rules": "lenet6"}, "no rules are called 'lenet6'; there are"),
            (lambda t: t, {"network": "ViT-Digits"}, "ViT-Digits names no rules for weights, expected one of"),
        ],
        ids=["missing", "surplus", "rules", "network"],
    )
    def test_what_does_not_fit_is_told(self, lenet, change, start, says):
        programs, cell, _ = lenet(10, start, change)
        with pytest.raises(ConfigError) as raised:
            started_from(programs, programs.init(0), cell, 0)
        message = str(raised.value)
        assert message.startswith(f"{cell.start.file}: not weights of lenet5_rgb (") and says in message
        assert message.endswith("as key 'start' says") and "\n" not in message


@pytest.mark.exhaustive
def test_the_weights_of_a_run_load_by_the_api(short, tmp_path):
    """With the names of classes in the file, and with as many classes as were trained."""
    programs = programs_of(short("bare"))
    path = named(tmp_path / "weights.npz", programs, 7, tuple("abcdefghij"))
    spec = netspec.find("ViT-Digits")
    network = netspec.weights.load(spec, path)
    expected = netspec.canonical_state(programs.network(programs.init(7)))
    for name, tensor in netspec.canonical_state(network).items():
        np.testing.assert_array_equal(tensor, expected[name])
    with pytest.raises(netspec.SpecError, match=r"layers.2.bias is float32 \(10,\), expected"):
        netspec.weights.load(spec.with_classes(3), path)


@pytest.mark.exhaustive
def test_a_run_that_was_killed_goes_on_as_if_it_had_not(short, digits_store, tmp_path, monkeypatch, compiled_once):
    """To the last bit, with frozen parts, rates and a new head, whose names its summary has."""
    source = programs_of(short("bare"))
    path = named(tmp_path / "weights.npz", source, 7, tuple("abcdefghij"))
    start = {"file": str(path), "freeze": ["layers.0"], "rates": {"layers.1": 0.1}}
    cell = config.parse_cell(short("bare", start=start, ema_decay=0.9))
    whole = fit(cell, 0, digits_store, tmp_path / "whole", tmp_path / "one")
    save = Checkpoints.save

    def killed(self, step, *rest):
        save(self, step, *rest)
        if step == 12:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            fit(cell, 0, digits_store, tmp_path / "parts", tmp_path / "other")
    parts = fit(cell, 0, digits_store, tmp_path / "parts", tmp_path / "other")
    assert parts["timing"]["resumes"] == 1
    for name in ("weights.npz", "metrics.csv"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    assert whole["start"] == parts["start"]
    assert parts["start"]["new"] == ["layers.2.bias", "layers.2.kernel"]
    with np.load(path) as before, np.load(tmp_path / "parts/weights.npz") as after:
        frozen = [name for name in before if name.startswith("layers.0.")]
        assert parts["start"]["frozen"] == len(frozen)
        assert all((before[name] == after[name]).all() for name in frozen)
        assert (before["layers.1.norm.scale"] != after["layers.1.norm.scale"]).any()


@pytest.mark.exhaustive
def test_what_is_in_the_file_is_part_of_the_fingerprint(begun, digits_store):
    _, _, cell, _ = begun()
    before = run_fingerprint(cell, 0, digits_store)
    begun(lambda arrays: {name: array + 1 for name, array in arrays.items()})
    assert run_fingerprint(cell, 0, digits_store) != before


def test_a_file_that_is_not_there(short_cell, digits_store, tmp_path):
    cell = short_cell("bare", start=str(tmp_path / "none.npz"))
    with pytest.raises(ConfigError, match=r"none\.npz: cannot be read \(No such file or directory\), expected a file"):
        fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")


@pytest.mark.exhaustive
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


def test_a_name_that_matches_nothing_is_told_with_the_file_of_the_cell(
    short, digits_folder, write_json, tmp_path, capsys
):
    (tmp_path / "weights.npz").write_bytes(b"weights")
    cell = write_json(short("bare", start={"file": str(tmp_path / "weights.npz"), "freeze": ["stem"]}))
    places = ["--out", str(tmp_path / "out"), "--checkpoints", str(tmp_path / "checkpoints")]
    assert main(["fit", "--cell", str(cell), "--seed", "0", "--data", str(digits_folder), *places]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        f"error: {cell}: key 'start.freeze: stem' matches no tensor, expected a name such as layers.0"
    )
    assert said.count("\n") == 1 and not (tmp_path / "out").exists()
