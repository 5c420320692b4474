"""What was trained in use: `predict` and `sample`, by the weights of a run alone."""

import json

import numpy as np
import pytest
from PIL import Image

from train import config
from train.__main__ import main
from train.data.prepare import prepare
from train.data.tokens import BytePairs, Characters
from train.loop import evaluate_weights
from train.step import Programs
from train.tasks import learner_of, opened
from train.weights import read_weights, weights_file

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A function that lays out a run of an experiment's cell with untrained weights, and a picture.

    What the weights are ``told`` besides are class names and a tokenizer; without them they are a file from before.
    """

    def make(experiment, name, told=(), **changes):
        root = tmp_path_factory.mktemp(experiment)
        value = config.load_experiment({"main": experiment}).cells[name]
        value = {**value, **changes}
        cell = config.parse_cell(value)
        programs = Programs(cell, learner_of(cell), 10)
        run = root / "results/label/cell/seed0"
        run.mkdir(parents=True)
        (run / "weights.npz").write_bytes(weights_file(programs.network(programs.init(0)), *told))
        (run.parent / "settings.json").write_text(config.cell_json(value))
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)).save(root / "picture.png")
        return root, run / "weights.npz", cell

    return make


@pytest.fixture(scope="module")
def classifier(used):
    root, weights, cell = used("ablation", "bare")
    prepare(cell.dataset, root / "store")
    return root, weights


def test_a_classifier_names_its_likeliest_classes(classifier, capsys):
    root, weights = classifier
    assert main(["predict", "--weights", str(weights), str(root / "picture.png"), "--data", str(root / "store")]) == 0
    lines = capsys.readouterr().out.splitlines()
    shares = [float(line.split("%")[0]) for line in lines]
    assert len(lines) == 5 and shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 100
    assert {line.split("%")[1].strip() for line in lines} <= set("0123456789")


def test_several_pictures_and_classes_without_names(classifier, capsys, tmp_path):
    root, weights = classifier
    picture = str(root / "picture.png")
    assert main(["predict", "--weights", str(weights), picture, picture, "--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.count(picture) == 2 and len(out.splitlines()) == 12


@pytest.mark.exhaustive
def test_names_come_with_the_weights(used, capsys, tmp_path):
    """Nothing is prepared: what the outputs are called is in the file."""
    names = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    root, weights, cell = used("ablation", "bare", told=(names,))
    given = ["predict", "--weights", str(weights), str(root / "picture.png"), "--data", str(tmp_path)]
    assert main(given) == 0
    assert {line.split("%")[1].strip() for line in capsys.readouterr().out.splitlines()} < set(names)
    read = read_weights(weights, "")
    assert (read.names, read.tokenizer) == (names, None)
    assert {*read.arrays} == {*read_weights(used("ablation", "bare")[1], "").arrays}
    prepare(cell.dataset, root / "store")
    scored = evaluate_weights(cell, weights, opened(cell, root / "store"))
    assert scored["images"] == 1697
    arrays = dict(np.load(weights))
    for wrong in (b"{", b"{}", b"[1]"):
        np.savez(weights, **{**arrays, "names.json": np.frombuffer(wrong, np.uint8)})
        assert main(given) == 2
        assert "weights.npz: names.json in it is no list of names; expected weights.npz of" in capsys.readouterr().err


@pytest.mark.exhaustive
def test_a_mask_is_as_large_as_its_picture(used, capsys):
    root, weights, _ = used("segmentation", "unet")
    command = ["predict", "--weights", str(weights), str(root / "picture.png"), "--out", str(root / "out")]
    assert main(command) == 0 and main(command) == 0  # it replaces what it wrote
    out = capsys.readouterr().out
    shares = [float(line.split("%")[0]) for line in out.splitlines() if "%" in line]
    assert sum(shares[:3]) == pytest.approx(100, abs=0.02)
    with Image.open(root / "out/picture-mask.png") as mask, Image.open(root / "out/picture-overlay.png") as overlay:
        assert mask.size == overlay.size == (70, 50) and mask.mode == "P"
        assert set(np.unique(np.asarray(mask))) <= {0, 1, 2}
    (root / "out/picture-mask.png").write_bytes(b"mine")
    assert main(command) == 2
    assert "was not written by this command" in capsys.readouterr().err


@pytest.mark.exhaustive
def test_boxes_are_written_in_pixels_of_the_picture(used, capsys):
    root, weights, _ = used("detection", "focal")
    command = ["predict", "--weights", str(weights), str(root / "picture.png"), "--out", str(root / "out")]
    assert main(command) == 0 and main(command) == 0
    written = {path.name for path in (root / "out").iterdir()}
    assert any(name.endswith(".json") for name in written) and any(name.endswith(".png") for name in written)
    json.loads(next(path for path in (root / "out").iterdir() if path.suffix == ".json").read_text())


@pytest.mark.exhaustive
def test_pictures_are_drawn_from_noise(used, capsys, monkeypatch):
    monkeypatch.setattr("train.tasks.diffusion.sample.DDIM", 3)
    root, weights, _ = used("diffusion", "plane")
    command = ["sample", "--weights", str(weights), "--count", "4", "--out", str(root / "out")]
    assert main(command) == 0
    first = (root / "out/sample.png").read_bytes()
    with Image.open(root / "out/sample.png") as picture:
        assert picture.size == (82, 82)
    assert main(command) == 0 and (root / "out/sample.png").read_bytes() == first
    assert main([*command, "--seed", "1"]) == 0 and (root / "out/sample.png").read_bytes() != first


@pytest.mark.exhaustive
def test_a_text_goes_on_from_its_prompt(used, capsys):
    root, weights, cell = used("language", "nano")
    prepare(cell.dataset, root / "store")
    command = ["sample", "--weights", str(weights), "--data", str(root / "store"), "--length", "30"]
    assert main([*command, "--prompt", "import sys\n", "--count", "2"]) == 0
    texts = capsys.readouterr().out.rstrip("\n").split("\n\nimport sys\n")
    assert texts[0].startswith("import sys\n") and len(texts) == 2
    assert main(command) == 2
    assert "--prompt is empty" in capsys.readouterr().err


@pytest.mark.exhaustive
def test_an_alphabet_comes_with_the_weights(used, capsys, tmp_path):
    """Of characters and of byte pairs; the texts are those that the prepared alphabet gives."""
    text = "\n".join(f"the {n} words of a text that is long enough to be merged, line {n}" for n in range(400))
    for kind, tokens in (("characters", Characters(sorted(set(text)))), ("byte-pair", BytePairs.learned(text, 300))):
        known = config.load_experiment({"main": "language"}).cells["nano"]["dataset"]
        size = len(tokens.names)
        data = {**known, "kind": "text", "path": "none.txt", "classes": size, "text": {"tokens": kind, "held_out": 0.1}}
        _, weights, _ = used("language", "nano", told=(tokens.names, tokens.file), dataset=data)
        command = ["sample", "--weights", str(weights), "--data", str(tmp_path / "none"), "--length", "12"]
        assert main([*command, "--prompt", "the words", "--temperature", "0"]) == 0
        said = capsys.readouterr().out
        assert said.startswith("the words") and len(said) > len("the words") + 6
    np.savez(weights, **{**dict(np.load(weights)), "tokenizer.model": np.zeros(3, np.uint8)})
    assert main([*command, "--prompt", "the"]) == 2
    assert "weights.npz: no tokenizer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["predict", "--weights", "{root}/none.npz", "{root}/picture.png"], "none.npz"),
        (["predict", "--weights", "{weights}", "{root}/none.png"], "none.png: cannot be read"),
        (["predict", "--weights", "{weights}", "{weights}"], "not an image, expected a picture"),
        (["sample", "--weights", "{weights}"], "task classification has nothing to sample"),
        (["predict", "--weights", "{root}/picture.png", "{root}/picture.png"], "neither cell.json nor settings.json"),
    ],
)
def test_what_is_wrong_is_one_sentence(classifier, capsys, arguments, says):
    root, weights = classifier
    assert main([text.format(root=root, weights=weights) for text in arguments]) == 2
    said = capsys.readouterr().err
    assert says in said and "Traceback" not in said and said.count("\n") == 1
