"""``--input-size``, ``--channels``, ``--tokens`` and ``--classes``, and weights that are imported for another size."""

import json

import numpy as np
import pytest

import netspec
from netspec import exact
from netspec.cli import main, sizing
from netspec.weights import positions

pytestmark = pytest.mark.slow


def record(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_command_takes_the_options(capsys, tmp_path):
    wanted = netspec.find("ViT-Digits").with_classes(3).resized(12, 20)
    options = ("--input-size", "12x20", "--classes", "3")
    assert record(capsys, "show", "vit-digits", *options)["params"] == wanted.params
    assert record(capsys, "count", "vit-digits", *options)[0]["built"] == wanted.params
    found = record(capsys, "diff", "vit-digits", "ViT-Digits-32", "--input-size", "16X24")
    assert found["first"]["input_shape"] == found["second"]["input_shape"] == [16, 24, 3]
    found = record(capsys, "run", "vit-digits", "--abstract", *options)
    assert (found["built"], found["output_shape"]) == (wanted.params, [3])
    assert main(["draw", "vit-digits", *options, "-o", str(tmp_path / "a.svg")]) == 0
    assert "12×20×3" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert main(["lower", "vit-digits", *options, "-o", str(tmp_path / "a.mlir")]) == 0
    assert "32x12x20x3" in (tmp_path / "a.mlir").read_text(encoding="utf-8")


def test_channels_and_tokens(capsys):
    assert record(capsys, "show", "resnet-18", "--channels", "1", "--input-size", "65")["input_shape"] == [65, 65, 1]
    assert record(capsys, "show", "tiny-gpt", "--tokens", "9")["input_shape"] == [9]


def test_classes_of_a_published_network_are_those_of_its_library(capsys):
    # Two heads, which with_classes does not know.
    found = record(capsys, "count", "deit_tiny_distilled_patch16_224", "--classes", "7")[0]
    assert found["built"] == exact.networks()["deit_tiny_distilled_patch16_224"].spec(7).params


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("vit-tiny", "--input-size", "225"), "takes no images of 225×225, expected a size such as 224×224 or 240×240"),
        (("tiny-gpt", "--input-size", "32"), "expected a network that takes (height, width, channels)"),
        (("gpt2", "--tokens", "1025"), "more tokens than positions"),
        (("tiny-detr", "--classes", "5"), "expected a vector of classes"),
    ],
)
def test_what_cannot_be_is_one_line(capsys, arguments, says):
    assert main(["count", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("netspec: ")
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("given", ["", "x", "12x", "12x13x3", "0", "-4", "1e3", "99999999999"])
def test_a_size_is_one_number_or_two(capsys, given):
    with pytest.raises(SystemExit):
        main(["count", "vit-tiny", f"--input-size={given}"])
    assert "--input-size" in capsys.readouterr().err
    assert sizing.image_size("225") == (225, 225)
    assert sizing.image_size("160×256") == (160, 256)


@pytest.mark.exhaustive
def test_weights_are_imported_for_another_size(capsys, tmp_path):
    name, rows = "vit_tiny_patch4_32", np.arange(65 * 192, dtype=np.float32).reshape(1, 65, 192) % 7
    spec = netspec.find(name)
    from netspec.weights import families, files, transfer

    plan = transfer.planned(spec, transfer.abstract(spec), families.find(exact.known(name).rules))
    theirs = {key: np.zeros(shape, np.float32) for key, shape in plan.names.items()} | {"pos_embed": rows}
    (tmp_path / "theirs.npz").write_bytes(files.npz(theirs))
    arguments = [name, str(tmp_path / "theirs.npz"), "--input-size", "24x40", "-o", str(tmp_path / "ours.npz")]
    assert main(["import", *arguments]) == 0
    made = files.read(tmp_path / "ours.npz")["layers.0.position_table"]
    assert np.array_equal(made, positions.resample_table(rows[0], (8, 8), (6, 10), 1, "timm"))
    assert not np.allclose(made, positions.resample_table(rows[0], (8, 8), (6, 10), 1, "transformers"))
    arguments[3] = "30"
    assert main(["import", *arguments]) == 2
    assert "takes no images of 30×30" in capsys.readouterr().err
