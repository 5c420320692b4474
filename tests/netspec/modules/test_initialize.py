"""Initial weights: every scheme draws what its source says, and every paper's choice is there."""

import math
from pathlib import Path

import jax
import numpy as np
import pytest
import yaml
from flax import nnx

import netspec
from netspec import catalogue
from netspec.layers import Conv2d, Dense, Flatten
from netspec.modules import SCHEMES, build
from netspec.modules.initialize import CHOICES, scheme_of
from netspec.modules.stated import STATED

pytestmark = pytest.mark.slow

FAN_IN, FAN_OUT = 3 * 3 * 64, 3 * 3 * 96
DENSE_IN, DENSE_OUT = 512, 384

#: Standard deviations of a 3×3 convolution of 64 to 96 channels and of a dense map of 512 to 384.
#: A normal cut at two units keeps 0.8796 of its deviation; `lecun-cut` makes up for that, `bert` does not. Cut at ±2,
#: a hundred units, it keeps all.
DEVIATIONS = {
    "book": (math.sqrt(2 / FAN_IN), math.sqrt(2 / DENSE_IN)),
    "book-faulty": (math.sqrt(2 / FAN_IN), math.sqrt(2 / DENSE_IN)),
    "book-imagenet": (math.sqrt(2 / FAN_OUT), math.sqrt(2 / (DENSE_IN + DENSE_OUT))),
    "deit": (0.02, 0.02),
    "timm": (math.sqrt(1 / 3 / FAN_IN), 0.02),
    "segformer": (math.sqrt(2 / FAN_OUT), 0.02),
    "bert": (0.02 * 0.8796, 0.02 * 0.8796),
    "he": (math.sqrt(2 / FAN_IN), math.sqrt(2 / DENSE_IN)),
    "he-fan-out": (math.sqrt(2 / FAN_OUT), math.sqrt(1 / DENSE_IN)),
    "efficientnet": (math.sqrt(2 / FAN_OUT), math.sqrt(2 / DENSE_OUT)),
    "glorot": (math.sqrt(2 / (FAN_IN + FAN_OUT)), math.sqrt(2 / (DENSE_IN + DENSE_OUT))),
    "lecun": (math.sqrt(1 / FAN_IN), math.sqrt(1 / DENSE_IN)),
    "lecun-cut": (math.sqrt(1 / FAN_IN), math.sqrt(1 / DENSE_IN)),
    "lecun-98": (2.4 / FAN_IN / math.sqrt(3), 2.4 / DENSE_IN / math.sqrt(3)),
    "orthogonal": (math.sqrt(2 / FAN_IN), math.sqrt(2 / DENSE_IN)),
    "torch": (math.sqrt(1 / (3 * FAN_IN)), math.sqrt(1 / (3 * DENSE_IN))),
    "normal-0.01": (0.01, 0.01),
    "normal-0.02": (0.02, 0.02),
    "vit": (math.sqrt(1 / FAN_IN), math.sqrt(2 / (DENSE_IN + DENSE_OUT))),
}


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", SCHEMES)
def test_kernels_have_the_stated_deviation(name):
    scheme = SCHEMES[name]
    for initializer, shape, expected in (
        (scheme.kernel, (3, 3, 64, 96), DEVIATIONS[name][0]),
        (scheme.dense, (DENSE_IN, DENSE_OUT), DEVIATIONS[name][1]),
    ):
        drawn = np.asarray(initializer(jax.random.key(0), shape, "float32"))
        # Over fifty thousand draws: the deviation is known to a third of a per cent, the mean to as much of it.
        assert drawn.std() == pytest.approx(expected, rel=0.012)
        assert abs(drawn.mean()) < 0.02 * expected
    assert not np.asarray(scheme.bias(jax.random.key(0), (8,), "float32")).any()


def test_orthogonal_columns_are_so_and_as_long_as_the_gain():
    drawn = np.asarray(SCHEMES["orthogonal"].dense(jax.random.key(0), (32, 8), "float32"))
    np.testing.assert_allclose(drawn.T @ drawn, 2 * np.eye(8), atol=1e-5)


def test_every_stated_scheme_belongs_to_an_entry_of_the_catalogue():
    assert STATED.keys() <= {spec.provenance.entry for spec in catalogue.specs()}
    assert {name for name, _ in STATED.values()} <= SCHEMES.keys()


def test_paper_is_the_choice_of_the_entry():
    assert scheme_of("paper", "DCGAN") is SCHEMES["normal-0.02"]
    assert scheme_of("paper", "an entry nobody knows") is SCHEMES["he"]


def test_convolutions_and_dense_maps_start_by_their_own_rule():
    spec = netspec.NetSpec("n", (8, 8, 64), (Conv2d(64, 96, 3), Flatten(), Dense(8 * 8 * 96, 10)))
    model = build(spec, nnx.Rngs(0), initialization="he-fan-out")
    kernels = [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)) if leaf.ndim > 1]
    conv, dense = sorted(kernels, key=lambda kernel: -kernel.ndim)
    assert conv.std() == pytest.approx(math.sqrt(2 / FAN_OUT), rel=0.02)
    assert dense.std() == pytest.approx(math.sqrt(1 / dense.shape[0]), rel=0.02)


def test_an_unknown_scheme_lists_the_known():
    with pytest.raises(ValueError, match=r"unknown initialization 'hee', expected one of book, .*paper"):
        build(netspec.find("LeNet-5"), nnx.Rngs(0), initialization="hee")


def test_the_configuration_accepts_the_same_names():
    schema = yaml.safe_load(
        (Path(__file__).parents[3] / "workflow/schemas/recipe.schema.yaml").read_text(encoding="utf-8")
    )
    assert set(schema["properties"]["initialization"]["enum"]) == set(CHOICES)


def tensors(name, initialization):
    def split():
        return nnx.split(build(netspec.find(name), nnx.Rngs(0), initialization=initialization))

    state = jax.jit(lambda: split()[1], compiler_options={"xla_backend_optimization_level": 0})()
    found = {".".join(map(str, path)): np.asarray(value[...]) for path, value in nnx.to_flat_state(state)}
    return {path: value for path, value in found.items() if value.dtype == np.float32}, state


@pytest.mark.exhaustive
def test_every_group_of_the_faulty_initialisation():
    """Section 1 of the record of the book's training: every tensor of every block, and the vanishing logits."""
    faulty, state = tensors("ViT-Digits", "book-faulty")
    book, _ = tensors("ViT-Digits", "book")
    constants = {
        "layers.0.projection.bias": 1,
        "layers.0.class_token": 0,
        "layers.1.norm.scale": 0,
        "layers.1.norm.bias": 0,
        "layers.2.bias": 0,
    }
    for index in range(4):
        block = f"layers.1.blocks.{index}."
        constants |= {block + "norm1.scale": int(index == 0), block + "norm1.bias": 0}
        constants |= {block + "attention.qkv.bias": 0, block + "attention.out.bias": 1}
        constants |= {block + "norm2.scale": 0, block + "norm2.bias": 0, block + "fc1.bias": 0, block + "fc2.bias": 1}
    for name, value in constants.items():
        assert (faulty[name] == value).all(), name
    drawn = faulty.keys() - constants.keys()
    assert {name.rsplit(".", 1)[-1] for name in drawn} == {"kernel", "position_table"}
    for name in drawn:  # these were right
        np.testing.assert_array_equal(faulty[name], book[name])
    graph = nnx.split(nnx.eval_shape(lambda: build(netspec.find("ViT-Digits"), nnx.Rngs(0))))[0]
    images = jax.random.normal(jax.random.key(1), (3, 16, 16, 3))
    logits = jax.jit(lambda x: nnx.merge(graph, state)(x))(images)
    assert logits.shape == (3, 10) and (np.asarray(logits) == 0).all()


@pytest.mark.parametrize("name", ["LeNet-5", "Swin-Digits", "ResNet-Digits"])
def test_the_faulty_initialisation_is_that_of_vision_transformers(name):
    with pytest.raises(ValueError, match=f"book-faulty is not defined for {name}, expected a Vision Transformer"):
        nnx.eval_shape(lambda: build(netspec.find(name), nnx.Rngs(0), initialization="book-faulty"))


@pytest.mark.exhaustive
def test_initial_weights_of_the_imagenet_run():
    """Bounds of the uniform draws: patches 6/(width patch²), dense maps 6/(in + out), q, k and v each a map."""
    drawn, _ = tensors("ViT-Tiny-64", "book-imagenet")
    width = 192
    bounds = {
        "layers.0.projection.kernel": 6 / (width * 8**2),
        "layers.1.blocks.0.attention.qkv.kernel": 6 / (2 * width),
        "layers.1.blocks.0.attention.out.kernel": 6 / (2 * width),
        "layers.1.blocks.0.fc1.kernel": 6 / (5 * width),
        "layers.2.kernel": 6 / (width + 10),
    }
    for name, square in bounds.items():
        bound = math.sqrt(square)
        assert 0.99 * bound < np.abs(drawn[name]).max() <= bound, name
        assert drawn[name].std() == pytest.approx(bound / math.sqrt(3), rel=0.03), name
    for name in ("layers.0.class_token", "layers.0.position_table"):
        assert drawn[name].std() == pytest.approx(0.02, rel=0.15), name
    qkv = drawn["layers.1.blocks.0.attention.qkv.kernel"]
    assert (qkv[:, :width] != qkv[:, width : 2 * width]).all()
    assert not any(value.any() for name, value in drawn.items() if name.endswith("bias"))
    assert all((value == 1).all() for name, value in drawn.items() if name.endswith("scale"))


def test_tables_start_normal_and_are_cut_at_two_units_in_tensorflow_alone():
    for name, cut in (("deit", False), ("timm", False), ("segformer", False), ("bert", True), ("he", False)):
        table = np.asarray(SCHEMES[name].position_table(jax.random.key(0), (256, 192), "float32"))
        assert table.std() == pytest.approx(0.02 * (0.8796 if cut else 1), rel=0.012), name
        assert (np.abs(table).max() > 0.06) != cut, name


@pytest.mark.exhaustive
def test_efficientnet_starts_as_its_released_code():
    """Depthwise kernels by k·k·multiplier, gates as 1×1 convolutions, the head within ±1/√classes."""
    drawn, _ = tensors("EfficientNet-B0", "paper")
    depthwise = {name: value for name, value in drawn.items() if value.ndim == 4 and value.shape[2] == 1}
    assert len(depthwise) == 16
    for side in (3, 5):
        joined = np.concatenate([value.ravel() for value in depthwise.values() if value.shape[0] == side])
        assert joined.std() == pytest.approx(math.sqrt(2) / side, rel=0.02)
    gates = {name: value for name, value in drawn.items() if name.endswith("excite.kernel")}
    assert len(gates) == 16
    for name, value in gates.items():
        assert value.std() == pytest.approx(math.sqrt(2 / value.shape[1]), rel=0.15), name
    *_, head = (name for name, value in drawn.items() if name.endswith("kernel") and value.shape[-1] == 10)
    bound = 1 / math.sqrt(10)
    assert 0.999 * bound < np.abs(drawn[head]).max() <= bound
    assert drawn[head].std() == pytest.approx(bound / math.sqrt(3), rel=0.02)


@pytest.mark.exhaustive
def test_a_vision_transformer_starts_as_its_released_code():
    drawn, _ = tensors("ViT-Digits", "paper")
    patches = drawn["layers.0.projection.kernel"]
    assert patches.std() == pytest.approx(math.sqrt(1 / np.prod(patches.shape[:3])), rel=0.05)
    assert not drawn["layers.2.kernel"].any()
    for name, value in drawn.items():
        if name.endswith("bias"):
            expected = 1e-6 if ".fc" in name else 0.0
            assert value.std() == pytest.approx(expected, rel=0.4), name


@pytest.mark.exhaustive
def test_swin_starts_as_its_released_code():
    drawn, _ = tensors("Swin-Digits", "paper")
    patches = drawn["layers.0.projection.kernel"]
    bound = 1 / math.sqrt(np.prod(patches.shape[:3]))
    assert 0.95 * bound < np.abs(patches).max() <= bound
    bias = np.abs(drawn["layers.0.projection.bias"]).max()
    assert 0.5 * bound < bias <= bound
    maps = np.concatenate([value.ravel() for name, value in drawn.items() if value.ndim == 2 and "kernel" in name])
    assert maps.std() == pytest.approx(0.02, rel=0.01)
    tables = np.concatenate([value.ravel() for name, value in drawn.items() if name.endswith("bias_table")])
    assert tables.std() == pytest.approx(0.02, rel=0.15)


@pytest.mark.exhaustive
def test_segformer_starts_as_its_released_code():
    drawn, _ = tensors("tiny-SegFormer", "paper")
    patches = drawn["layers.0.projection.kernel"]
    assert patches.std() == pytest.approx(math.sqrt(2 / (4 * 4 * 16)), rel=0.1)
    maps = np.concatenate([value.ravel() for name, value in drawn.items() if value.ndim == 2 and "kernel" in name])
    assert maps.std() == pytest.approx(0.02, rel=0.01)


def test_the_book_starts_tables_of_windows_as_before():
    """Trained with them: a scheme that says nothing of such tables cuts them at two units."""
    assert SCHEMES["book"].bias_table is SCHEMES["bert"].position_table
