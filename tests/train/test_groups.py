"""Frozen parts and rates of their own: what moves, by how much, and what is kept for it."""

import jax
import numpy as np
import pytest

from train import config
from train.config.schema import ConfigError
from train.groups import head_of, matching
from train.step import Programs
from train.tasks import learner_of

pytestmark = pytest.mark.slow

STEPS = 6
NAMES = ["layers.0.kernel", "layers.0.bias", "layers.1.norm.scale", "layers.1.norm.mean", "layers.10.kernel"]


@pytest.fixture
def batch(digits_store):
    return digits_store.train.gather(np.arange(0, 96, 6))


@pytest.fixture
def programs(short):
    """A function that gives the programs of a cell with a block under ``start``, and changes."""

    def make(start=None, **changes):
        cell = short("bare", start=start and {"file": "weights.npz", "head": "auto", **start}, **changes)
        cell = config.parse_cell(cell)
        return Programs(cell, learner_of(cell), STEPS)

    return make


@pytest.fixture
def convolutional(short, monkeypatch, tmp_path):
    """The same for a small network with batch norm, of the size of the pictures."""
    path = tmp_path / "net.py"
    path.write_text(
        "from netspec import NetSpec, layers as L\n"
        "SPEC = NetSpec('small', (16, 16, 3), (L.ConvBN(3, 4, 3), L.DenseBlock(4, 2, 2), L.GlobalAvgPool(),"
        " L.Dense(8, 10)))\n"
    )

    def make(start=None, **changes):
        start = start and {"file": "weights.npz", "head": "auto", **start}
        cell = config.parse_cell(short("bare", model=f"{path}:SPEC", initialization="he", start=start, **changes))
        return Programs(cell, learner_of(cell), STEPS)

    return make


def moved(programs, batch, steps=2):
    """By how much each tensor has moved after some steps, and the state."""
    import netspec

    state = programs.init(0)
    before = netspec.canonical_state(programs.network(state))
    before = {name: np.array(tensor) for name, tensor in before.items()}
    for _ in range(steps):
        state = programs.train(state, programs.place(batch))
    after = netspec.canonical_state(programs.network(state))
    return {name: after[name] - before[name] for name in after}, state


def test_a_name_is_a_tensor_or_what_it_is_in():
    assert head_of(NAMES) == "layers.10."
    found = {pattern: sorted(matching(pattern, NAMES, "layers.10.", "start.freeze")) for pattern in (
        "layers.1", "layers.1.norm.scale", "*.kernel", "layers.[01]", "head", "body")}  # fmt: skip
    assert found["layers.1"] == ["layers.1.norm.mean", "layers.1.norm.scale"]  # and not layers.10
    assert found["layers.1.norm.scale"] == ["layers.1.norm.scale"]
    assert found["*.kernel"] == ["layers.0.kernel", "layers.10.kernel"]
    assert found["head"] == ["layers.10.kernel"]
    assert found["layers.[01]"] == found["body"] == sorted(set(NAMES) - {"layers.10.kernel"})
    with pytest.raises(ConfigError, match=r"key 'start.freeze' matches no tensor, expected .* layers.0, layers.1, "):
        matching("layers.2", NAMES, "layers.10.", "start.freeze")


#: With SGD, what rounding leaves of a gradient that is zero stays next to zero.
SGD = {"name": "sgd", "learning_rate": 0.1, "clip_norm": None, "weight_decay": 0.3, "momentum": 0.9}
SGD |= dict.fromkeys(("beta1", "beta2", "epsilon"))


@pytest.mark.exhaustive
def test_what_is_frozen_stays_and_has_no_state(programs, batch):
    found, state = moved(programs({"freeze": ["body"]}, ema_decay=0.5), batch, steps=3)
    for name, difference in found.items():  # of the average, which is itself to the last bit where it is frozen
        assert bool(np.any(difference)) == name.startswith("layers.2."), name
    head = sum(found[name].size for name in found if name.startswith("layers.2."))
    assert sum(leaf.size for leaf in jax.tree.leaves(state.optimizer) if leaf.ndim) == 2 * head


@pytest.mark.exhaustive
def test_a_rate_is_a_share_of_the_update(programs, batch):
    """Of the first step, decay included; the narrower of two patterns decides, and what is frozen changes no other."""
    plain, _ = moved(programs(optimizer=SGD), batch, steps=1)
    start = {"rates": {"layers.1": 0.25, "layers.1.blocks.0": 0.5}, "freeze": ["head"]}
    found, _ = moved(programs(start, optimizer=SGD), batch, steps=1)
    parts, _ = moved(programs(start, optimizer=SGD, accumulate=2), batch, steps=1)
    for name, difference in plain.items():
        share = 0.5 if name.startswith("layers.1.blocks.0") else 0.25 if name.startswith("layers.1.") else 1.0
        share = 0.0 if name.startswith("layers.2.") else share
        np.testing.assert_allclose(found[name], share * difference, rtol=2e-3, atol=2e-7, err_msg=name)
        np.testing.assert_allclose(parts[name], found[name], rtol=2e-3, atol=2e-7, err_msg=name)


@pytest.mark.exhaustive
def test_adamw_decays_and_steps_at_the_rate_of_a_group(programs, batch):
    adamw = {"optimizer": {"epsilon": 1e-2, "clip_norm": None, "weight_decay": 0.3}}
    plain, _ = moved(programs(**adamw), batch, steps=1)
    found, _ = moved(programs({"rates": {"body": 0.1}}, **adamw), batch, steps=1)
    for name, difference in plain.items():
        share = 1.0 if name.startswith("layers.2.") else 0.1
        np.testing.assert_allclose(found[name], share * difference, rtol=2e-3, atol=2e-7, err_msg=name)


@pytest.mark.exhaustive
def test_frozen_statistics_stay_and_normalise(convolutional, batch):
    free, _ = moved(convolutional(), batch)
    held = convolutional({"freeze": ["layers.0", "layers.1"]})
    found, state = moved(held, batch)
    names = [name for name in found if name.endswith((".mean", ".var"))]
    assert len(names) == 2 * 5 and all(free[name].any() for name in names)
    for name, difference in found.items():
        assert difference.any() == name.startswith("layers.3."), name
    trained, evaluated = (held._network(state.params, state.rest, key) for key in (jax.random.key(0), None))
    loose = convolutional()._network(state.params, state.rest, jax.random.key(0))
    x = np.float32(batch["image"][:2, :16, :16]) / 255
    np.testing.assert_array_equal(trained(x), evaluated(x))
    assert np.abs(loose(x) - evaluated(x)).max() > 1e-3


def test_a_block_that_is_kept_together_is_frozen_together(convolutional):
    with pytest.raises(ConfigError, match=r"'start.freeze' names layers.1.layers.0.\S+ without layers.1.layers.1"):
        convolutional({"freeze": ["layers.1.layers.0"]})
    with pytest.raises(ConfigError, match=r"several rates for layers.1.layers.0.\S+ and layers.1.layers.1.\S+"):
        convolutional({"rates": {"layers.1.layers.0": 0.1}})
    with pytest.raises(ConfigError, match=r"'start.freeze' names layers.1.layers.norm1 without layers.1.layers.norm2"):
        convolutional({"freeze": ["layers.1.*norm1"]})


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ({"freeze": ["layers.7"]}, r"key 'start.freeze: layers.7' matches no tensor"),
        ({"rates": {"stem": 0.1}}, r"key 'start.rates.stem' matches no tensor"),
        ({"freeze": ["*"]}, r"key 'start.freeze' names all parameters"),
        ({"freeze": ["body"], "rates": {"layers.0": 2.0}}, r"'layers.0', all of which 'start.freeze' names, too"),
        ({"rates": {"layers.0.*": 0.1, "layers.0": 0.2}}, r"both 'layers.0.\*' and 'layers.0' name layers.0"),
    ],
    ids=["freeze", "rates", "all", "both", "two"],
)
def test_what_cannot_be_is_refused(programs, start, says):
    with pytest.raises(ConfigError, match=says):
        programs(start)


def test_an_optimizer_with_weights_of_its_own_has_one_rate(programs):
    """Lookahead's slow weights would go on by steps that the fast ones do not take; frozen parts are no trouble."""
    lookahead = {"optimizer": {"lookahead": {"period": 5, "rate": 0.5}}}
    with pytest.raises(ConfigError, match=r"key 'start.rates' asks for rates of groups, and the optimizer evaluates"):
        programs({"rates": {"head": 2.0}}, **lookahead)
    assert programs({"freeze": ["body"]}, **lookahead).groups.names
