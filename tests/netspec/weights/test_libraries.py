"""Weights to libraries and back, where they are installed: ours are loaded by them as they are, and theirs by us.

CI has no PyTorch; these run in an environment that has torchvision, timm and transformers beside this project.
"""

import numpy as np
import pytest

import netspec.weights
from netspec.weights import constructors, files, transfer
from netspec.weights.parity import normal

pytestmark = [pytest.mark.slow, pytest.mark.parity]

GPT = "n_embd=48, n_layer=2, n_head=4, vocab_size=96, n_positions=32"
BERT = "hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, vocab_size=96"
LLAMA = f"{BERT}, num_key_value_heads=2".replace("48", "64")
#: Constructors that both sides read, and the sides of pictures that are compared, none where tokens are read.
NETWORKS = {
    "torchvision.models.squeezenet1_1(weights=None)": (64, 64),
    "torchvision.models.mobilenet_v2(weights=None)": (64, 64),
    "torchvision.models.resnet18(weights=None)": (64, 64),
    "timm.create_model('resnet18', pretrained=False)": (64, 64),
    "timm.create_model('deit_tiny_patch16_224', pretrained=False)": (224, 224),
    f"transformers.GPT2LMHeadModel(transformers.GPT2Config({GPT}))": None,
    f"transformers.BertModel(transformers.BertConfig({BERT}))": None,
    f"transformers.LlamaForCausalLM(transformers.LlamaConfig({LLAMA}))": None,
}


@pytest.fixture(scope="module", params=NETWORKS, ids=[text[:50] for text in NETWORKS])
def sides(request):
    """The library's model and torch; our spec and rules; the sides of pictures."""
    torch = pytest.importorskip("torch")
    library = request.param.partition(".")[0]
    module = pytest.importorskip(library)
    made = constructors.constructed(request.param)
    assert made is not None
    model = eval(request.param, {library: module}).eval()
    return torch, model, made.spec, made.table, NETWORKS[request.param]


def arrays(state):
    return {name: tensor.detach().numpy() for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


def test_a_model_is_loaded_and_given_back_to_the_last_bit(sides):
    """Its own initial weights: every tensor of its ``state_dict``, constant tables excepted."""
    _, model, spec, table, _ = sides
    state = model.state_dict()
    network = netspec.weights.load(spec, state, table)
    back = netspec.weights.export(spec, network, table)
    theirs = arrays(state)
    assert back.keys() <= theirs.keys() | table.tied.keys()
    left = {name for name in theirs.keys() - back.keys() if not table.known_buffers.fullmatch(name)}
    assert not left
    for name in back.keys() & theirs.keys():
        np.testing.assert_array_equal(back[name], theirs[name], err_msg=name)


def test_a_file_of_ours_is_loaded_by_the_library(sides, tmp_path):
    """Every key it asks for is in the file, which its own reader takes; and it computes the same of a picture."""
    torch, model, spec, table, size = sides
    from safetensors import safe_open
    from safetensors.torch import load_file

    shapes = transfer.planned(spec, transfer.abstract(spec), table).names
    drawn = {name: 0.05 * normal(name, shape) for name, shape in shapes.items()}
    drawn = {name: np.abs(tensor) + 0.5 if name.endswith("running_var") else tensor for name, tensor in drawn.items()}
    network = netspec.weights.load(spec, drawn, table)
    path = tmp_path / "model.safetensors"
    path.write_bytes(files.safetensors(netspec.weights.export(spec, network, table)))
    with safe_open(path, "pt") as file:
        assert file.metadata()["format"] == "pt"
    missing, unexpected = model.load_state_dict(load_file(path), strict=False)
    assert not unexpected
    assert not [name for name in missing if not table.known_buffers.fullmatch(name)]
    for name, tensor in arrays(model.state_dict()).items():
        if name in drawn:
            np.testing.assert_array_equal(tensor, drawn[name], err_msg=name)
    if size is None:
        return
    smaller = spec if size == spec.input_shape[:2] else spec.resized(*size)
    x = normal("picture", (2, *size, 3))
    with torch.no_grad():
        theirs = model(torch.from_numpy(np.moveaxis(x, -1, 1).copy())).numpy()
    ours = np.asarray(netspec.weights.load(smaller, path, table)(x))
    assert np.abs(ours - theirs).max() < 2e-5 * np.abs(theirs).max()
