"""Networks read off constructors are those that the library makes, or refused."""

import csv
import json
from pathlib import Path

import pytest
from flax import nnx

from netspec import build, cli
from netspec.weights import constructors, files, transfer
from netspec.weights.constructors.calls import Call, Name, defaults, read
from netspec.weights.plan import WeightsError

#: Constructors and how many parameters torchvision 0.28.0, timm 1.0.31 and transformers 5.24.0 gave their networks.
TABLE = Path(__file__).with_name("constructed.tsv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(TABLE.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.thinned(5)
@pytest.mark.parametrize("row", ROWS, ids=[row["constructor"][:60] for row in ROWS])
def test_networks_have_the_count_of_the_library_and_rules_for_every_tensor(row):
    twin = constructors.constructed(row["constructor"])
    assert twin.spec.params == int(row["params"])
    transfer.planned(twin.spec, transfer.abstract(twin.spec), twin.table)


def test_a_call_is_read_and_not_run():
    text = "lib.Net(lib.Block, [1, 2], kinds=('a',) * 2, inner=dict(width=-3), of=lib.Other(x=None)).encoder"
    found = read(text)
    assert (found.name, found.part) == ("lib.Net", "encoder")
    assert found.args == (Name("lib.Block"), [1, 2])
    assert found.options == {"kinds": ("a", "a"), "inner": {"width": -3}, "of": Call("lib.Other", (), {"x": None})}
    for text in ("lib.Net(", "3", "[open('x')][0]", "lib.Net(*sizes)", "lib.Net(a + b)", "lib.Net(x for x in y)"):
        with pytest.raises(WeightsError, match=r"expected"):
            read(text)


def test_defaults_are_those_of_the_definition():
    code = "class Net(Module):\n    def __init__(self, width, depth=3, kind='a', base=WIDE):\n        pass\n"
    assert defaults(code, "Net") == {"depth": 3, "kind": "a"}
    assert defaults(code, "Other") == {}
    head = "class PatchGAN(Module):\n    def __init__(self, input_nc=3, ndf=64, n_layers=3, norm='instance')"
    other = f"{head}:\n        pass\n"
    plain = constructors.constructed("definition.PatchGAN()")
    assert plain.spec.input_shape[2] == 6
    assert constructors.constructed("definition.PatchGAN()", other).spec.input_shape[2] == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embed=48))", "n_embed"),
        ("transformers.GPT2LMHeadModel(transformers.GPT2Config(activation_function='relu'))", "expected 'gelu_new'"),
        ("transformers.LlamaForCausalLM(transformers.LlamaConfig(rope_scaling={'factor': 2.0}))", "rope_scaling"),
        ("transformers.T5ForConditionalGeneration(transformers.T5Config(num_decoder_layers=3))", "num_decoder_layers"),
        (
            "torchvision.models.resnet50(weights=None, replace_stride_with_dilation=[True])",
            "replace_stride_with_dilation",
        ),
        ("diffusers.UNet2DModel(down_block_types=('DownBlock2D', 'Odd'))", "Odd"),
    ],
)
def test_what_is_not_understood_is_refused(text, told):
    with pytest.raises(WeightsError, match=told):
        constructors.constructed(text)


def test_unknown_constructors_are_nobodys():
    assert constructors.constructed("lib.Net(3)") is None


GPT2 = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "n_ctx": 1024,
    "n_embd": 16,
    "n_head": 2,
    "n_layer": 2,
    "n_positions": 12,
    "vocab_size": 30,
    "resid_pdrop": 0.1,
    "initializer_range": 0.02,
    "layer_norm_epsilon": 1e-5,
    "task_specific_params": {"text-generation": {"do_sample": True}},
    "bos_token_id": 50256,
    "eos_token_id": 50256,
}


@pytest.mark.exhaustive
def test_a_configuration_beside_weights_is_a_network(tmp_path, capsys):
    twin = constructors.configured(GPT2)
    width = 16
    block = 12 * width * width + 13 * width
    assert twin.spec.params == (30 + 12) * width + 2 * block + 2 * width
    spec = twin.spec
    theirs = transfer.export(spec, build(spec, nnx.Rngs(0)), twin.table)
    (tmp_path / "model.safetensors").write_bytes(files.safetensors(theirs))
    (tmp_path / "config.json").write_text(json.dumps(GPT2), encoding="utf-8")
    made = tmp_path / "weights.npz"
    assert (
        cli.main(["import", str(tmp_path / "config.json"), str(tmp_path / "model.safetensors"), "-o", str(made)]) == 0
    )
    assert made.exists()
    assert "GPT2LMHeadModel" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "no settings"),
        ("{", "expected the config.json"),
        (json.dumps(GPT2 | {"n_layer": 2, "n_odd": 1}), "n_odd"),
        (json.dumps({"architectures": ["OddModel"]}), "transformers.OddModel, expected one of"),
    ],
)
def test_a_bad_configuration_is_one_error(content, told, tmp_path, capsys):
    path = tmp_path / "config.json"
    path.write_text(content, encoding="utf-8")
    assert cli.main(["import", str(path), str(tmp_path / "model.safetensors"), "-o", str(tmp_path / "w.npz")]) != 0
    error = capsys.readouterr().err
    assert told in error and str(path) in error and "Traceback" not in error
