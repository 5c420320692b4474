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
from netspec.modules.initialize import CHOICES, STATED, scheme_of

FAN_IN, FAN_OUT = 3 * 3 * 64, 3 * 3 * 96
DENSE_IN, DENSE_OUT = 512, 384

#: Standard deviations of a 3×3 convolution of 64 to 96 channels and of a dense map of 512 to 384.
#: A normal cut at two units keeps 0.8796 of its deviation; `lecun-cut` makes up for that, `deit` does not.
DEVIATIONS = {
    "book": (math.sqrt(2 / FAN_IN), math.sqrt(2 / DENSE_IN)),
    "deit": (0.02 * 0.8796, 0.02 * 0.8796),
    "he": (math.sqrt(2 / FAN_IN), math.sqrt(2 / DENSE_IN)),
    "he-fan-out": (math.sqrt(2 / FAN_OUT), math.sqrt(1 / DENSE_IN)),
    "glorot": (math.sqrt(2 / (FAN_IN + FAN_OUT)), math.sqrt(2 / (DENSE_IN + DENSE_OUT))),
    "lecun": (math.sqrt(1 / FAN_IN), math.sqrt(1 / DENSE_IN)),
    "lecun-cut": (math.sqrt(1 / FAN_IN), math.sqrt(1 / DENSE_IN)),
    "lecun-98": (2.4 / FAN_IN / math.sqrt(3), 2.4 / DENSE_IN / math.sqrt(3)),
    "normal-0.01": (0.01, 0.01),
    "normal-0.02": (0.02, 0.02),
    "vit": (math.sqrt(2 / (FAN_IN + FAN_OUT)), math.sqrt(2 / (DENSE_IN + DENSE_OUT))),
}


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
