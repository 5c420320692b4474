"""``netspec import``, ``export``, ``classify``, ``twin`` and ``parity``, on LeNet-5 with drawn weights."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import netspec.weights
from netspec import exact
from netspec.__main__ import main
from netspec.weights import files, naming, transfer

CASES = Path(__file__).parents[1] / "modules/parity"


@pytest.fixture
def theirs(tmp_path):
    """A function that writes a network's tensors as its library would have them; gives the file and the tensors."""

    def make(name="lenet5_rgb", classes=10, file="theirs.safetensors"):
        spec, drawn = exact.find(name).spec(classes), np.random.default_rng(0)
        shapes = transfer.planned(spec, transfer.abstract(spec), naming.table_of(spec)).names
        tensors = {key: drawn.normal(0, 0.1, size=shape).astype(np.float32) for key, shape in shapes.items()}
        (tmp_path / file).write_bytes(files.safetensors(tensors))
        return tmp_path / file, tensors

    return make


def told(capsys, *arguments):
    """What a command that fails says."""
    assert main([*map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"{arguments[0]}: ") or captured.err.startswith("netspec") or captured.err
    assert "Traceback" not in captured.err and captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("classes", [10, 4])
@pytest.mark.parametrize("end", ["npz", "safetensors"])
def test_what_is_imported_is_exported_again(theirs, tmp_path, capsys, classes, end):
    """To the last bit, in either kind of file, and with as many classes as the file has."""
    path, tensors = theirs(classes=classes)
    ours, back = tmp_path / f"weights.{end}", tmp_path / "back.safetensors"
    assert main(["import", "lenet5_rgb", str(path), "-o", str(ours)]) == 0
    assert capsys.readouterr().out == f"{ours}: 10 tensors of lenet5_rgb, made of 10\n"
    network = netspec.weights.load(exact.find("lenet5_rgb").spec(classes), ours)
    assert network.layers[-1].bias[...].shape == (classes,)
    assert main(["export", "lenet5_rgb", str(ours), "-o", str(back)]) == 0
    found = files.read(back)
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("import", "lenet5_rgb", "{none}", "-o", "{out}.npz"), "none.npz: no such file, expected"),
        (("import", "lenet5_rgb", "{theirs}", "-o", "{out}.h5"), "unknown kind of file, expected .npz or .safetensors"),
        (("import", "lenet5_rgb", "{theirs}", "-o", "{theirs}"), "theirs.safetensors"),
        (("import", "ViT-Digits", "{theirs}", "-o", "{out}.npz"), "names no rules for weights, expected --rules with"),
        (("import", "lenet5_rgb", "{theirs}", "--rules", "x", "-o", "{out}.npz"), "no rules are called 'x'; there are"),
        (("import", "lenet5", "{theirs}", "-o", "{out}.npz"), "conv1.weight has shape (6, 3, 5, 5), expected"),
        (("import", "lenet5_rgb", "{ours}", "-o", "{out}.npz"), "its names are those of this project already"),
        (("import", "lenet6", "{theirs}", "-o", "{out}.npz"), "lenet6"),
        (("export", "lenet5_rgb", "{theirs}", "-o", "{out}.npz"), "its names are none of this project (conv1.bias)"),
        (("export", "lenet5", "{ours}", "-o", "{out}.npz"), "layers.0.conv.kernel has shape (5, 5, 3, 6), expected"),
        (("twin", "lenet5_rgb", "--weights", "{page}"), "page.pt: is a web page, expected the file itself"),
        (("classify", "{page}", "--model", "lenet5_rgb", "--weights", "{ours}"), "no picture that can be read"),
        (("classify", "{picture}", "--model", "lenet5", "--weights", "{ours}"), "is no classifier of pictures"),
        (("classify", "{picture}", "--model", "lenet5_rgb", "--weights", "{ours}", "--tag", "V1"), "for weights 'V1'"),
    ],
)  # fmt: skip
def test_mistakes_are_said_in_one_line(theirs, tmp_path, capsys, arguments, says):
    path, tensors = theirs()
    spec = exact.find("lenet5_rgb").spec()
    (tmp_path / "ours.npz").write_bytes(files.npz(naming.ours(spec, tensors)))
    (tmp_path / "page.pt").write_text("<!doctype html>")
    Image.new("RGB", (40, 32)).save(tmp_path / "picture.png")
    places = {"theirs": path, "ours": tmp_path / "ours.npz", "none": tmp_path / "none.npz", "out": tmp_path / "out"}
    places |= {"page": tmp_path / "page.pt", "picture": tmp_path / "picture.png"}
    assert says in told(capsys, *(argument.format(**places) for argument in arguments))
    assert files.read(path).keys() == tensors.keys()


@pytest.mark.parametrize("naming_of", ["theirs", "ours"])
def test_a_picture_is_classified_by_the_network(theirs, tmp_path, capsys, naming_of):
    """By the softmax of the network on the picture as it is prepared, whichever names the weights go by."""
    from netspec.weights.pictures import preprocessing_of

    path, _ = theirs(classes=3)
    if naming_of == "ours":
        main(["import", "lenet5_rgb", str(path), "-o", str(tmp_path / "ours.npz")])
        path = tmp_path / "ours.npz"
        capsys.readouterr()
    noise = np.random.default_rng(2).integers(0, 256, size=(48, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "picture.png")
    (tmp_path / "labels.txt").write_text("one\ntwo\nthree\n")
    options = ["--model", "lenet5_rgb", "--weights", str(path), "--labels", str(tmp_path / "labels.txt"), "--json"]
    assert main(["classify", str(tmp_path / "picture.png"), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    x = preprocessing_of("lenet5_rgb")(Image.open(tmp_path / "picture.png"), 32)[None]
    scores = np.float64(netspec.weights.load(exact.find("lenet5_rgb").spec(3), path)(x))[0]
    shares = np.exp(scores) / np.exp(scores).sum()
    assert [one["class"] for one in found["classes"]] == list(np.argsort(-shares))
    assert [one["probability"] for one in found["classes"]] == pytest.approx(sorted(shares)[::-1], rel=1e-4)
    assert [one["label"] for one in found["classes"]] == [["one", "two", "three"][k] for k in np.argsort(-shares)]


def test_a_twin_has_the_count_of_its_tensors(theirs, capsys):
    path, tensors = theirs()
    assert main(["twin", "lenet5_rgb", "--weights", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"model": "lenet5_rgb", "params": sum(map(np.size, tensors.values())), "tensors": len(tensors)}


def test_a_recorded_case_is_met_and_missed(tmp_path, capsys):
    """Within the case's tolerance by the network it is of; said to differ with tanh in place of one ReLU."""
    assert main(["parity", str(CASES / "lenet5_gray32"), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["passed"] and found["params"] == found["reference_params"] == 61706
    assert 0 < found["float32"] < 1 and 0 < found["float64"] < 1
    (tmp_path / "other.py").write_text(
        "from dataclasses import replace\nfrom netspec import exact\nlenet = exact.find('lenet5').spec()\n"
        "first, *rest = lenet.layers\nSPEC = replace(lenet, layers=(replace(first, activation='tanh'), *rest))\n"
    )
    other = ["--model", str(tmp_path / "other.py"), "--rules", "lenet5", "--single"]
    assert main(["parity", str(CASES / "lenet5_gray32"), *other]) == 2
    captured = capsys.readouterr()
    assert "1 of 1 cases differ from what was recorded" in captured.err and "differs" in captured.out
