"""Generators see what they may, invert what they say they invert, and their likelihoods are those of levels."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.generative import masked_conv
from train.trials import drawing
from train.trials.base import dense, digits
from train.trials.generators import GENERATORS, energy, flows, sequential
from train.trials.generators.base import LEVELS, PIXELS, bound, convolved, levelled, spread

KEY = jax.random.key(0)


def _x(count=40):
    (x, _), _ = digits(KEY)
    return x[:count]


def _trained(variant, x, steps=2):
    return GENERATORS[variant](x, jax.random.key(1), jax.random.key(2), steps, 1e-3)


def test_every_variant_has_a_generator():
    assert GENERATORS.keys() == drawing.TRIAL.variants.keys()


@pytest.mark.exhaustive
def test_levels_come_back_from_their_intervals():
    x = _x()
    found = spread(KEY, x)
    assert float(found.min()) >= 0 and float(found.max()) < 1
    np.testing.assert_allclose(levelled(found), x, atol=1e-6)


def test_a_density_of_one_is_every_level_equally_likely():
    assert -float(bound(jnp.zeros(()))) / (PIXELS * np.log(2)) == pytest.approx(np.log2(LEVELS))


@pytest.mark.exhaustive
@pytest.mark.parametrize("network", [sequential._convolved(), sequential._dilated()], ids=["pixelcnn", "wavenet"])
def test_convolutions_see_only_earlier_pixels(network):
    params = network.start(KEY)
    symbols = jax.random.randint(jax.random.key(1), (1, PIXELS), 0, LEVELS)
    before = network.logits(params, symbols)[0]
    for place in (0, 9, 37, 63):
        other = symbols.at[0, place].set((symbols[0, place] + 5) % LEVELS)
        changed = np.flatnonzero(jnp.abs(network.logits(params, other)[0] - before).max(-1) > 1e-6)
        assert (changed > place).all() and (len(changed) > 0 or place == 63)


@pytest.mark.parametrize(("kind", "taps"), [("A", 4), ("B", 5)])
def test_the_first_taps_of_a_kernel_are_those_of_a_masked_convolution(kind, taps):
    with jax.enable_x64(True):
        x, kernel = jax.random.normal(KEY, (2, 8, 8, 3), float), jax.random.normal(KEY, (3, 3, 3, 5), float)
        np.testing.assert_allclose(convolved(x, kernel, taps), masked_conv(x, kernel, kind), atol=1e-12)


@pytest.mark.exhaustive
def test_a_masked_network_is_a_distribution_over_strings():
    """The probabilities of all strings of three symbols of three kinds add up to one."""
    network = sequential.masked(3, 3, 3, lambda symbols: jax.nn.one_hot(symbols, 3))
    strings = jnp.array(list(itertools.product(range(3), repeat=3)))
    _, draw, likelihood = sequential.one_after_the_other(network, strings[:5], KEY, jax.random.key(1), 20, 3e-2)
    assert float(jnp.exp(likelihood(strings)).sum()) == pytest.approx(1, abs=1e-5)
    drawn = draw(jax.random.key(2), 4000)
    counts = np.bincount(np.asarray(drawn @ jnp.array([9, 3, 1])), minlength=27) / 4000
    np.testing.assert_allclose(counts, jnp.exp(likelihood(strings)), atol=0.03)


@pytest.mark.exhaustive
def test_a_flow_goes_back_to_where_it_came_from(monkeypatch):
    """And their volume is the determinant of their slope."""
    kept = {}

    def flowing(layers, params, x, key, steps, rate):
        kept.update(layers=layers, params=params)

    monkeypatch.setattr(flows, "_flowing", flowing)
    flows.coupled(_x(), KEY, KEY, 0, 0.1)

    def through(params, x, inverse):
        volume = 0.0
        for layer in kept["layers"](params, inverse):
            x, more = layer(x)
            volume += more
        return x, volume

    with jax.enable_x64(True):
        params = jax.tree.map(
            lambda leaf: jnp.asarray(leaf, jnp.float64) + 0.05 * jax.random.normal(KEY, leaf.shape), kept["params"]
        )
        x = jax.random.normal(KEY, (2, PIXELS), jnp.float64)
        y, volume = through(params, x, False)
        back, _ = through(params, y, True)
        np.testing.assert_allclose(back, x, atol=1e-9)
        slope = jax.jacobian(lambda one: through(params, one[None], False)[0][0])(x[0])
        assert float(jnp.linalg.slogdet(slope)[1]) == pytest.approx(float(volume[0]), rel=1e-9)


@pytest.mark.exhaustive
def test_a_normal_distribution_finds_pictures_like_its_own_likelier_than_noise():
    x = _x(400)
    made = _trained("normal", x)
    own, noise = made.likelihood(KEY, x).mean(), made.likelihood(KEY, jax.random.uniform(KEY, x.shape)).mean()
    assert float(own) > float(noise) + 100
    drawn = made.draw(KEY, 4000)
    assert float(jnp.abs(drawn.mean(0) - x.mean(0)).max()) < 0.05


@pytest.mark.thinned(3)
@pytest.mark.parametrize("variant", [name for name in GENERATORS if name not in ("pixelcnn", "wavenet")])
def test_what_is_drawn_are_finite_pictures(variant):
    x = _x()
    made = _trained(variant, x)
    drawn = made.draw(KEY, 3)
    assert drawn.shape == (3, PIXELS) and bool(jnp.isfinite(drawn).all())
    if made.likelihood is not None:
        found = made.likelihood(KEY, x)
        assert found.shape == (len(x),) and bool(jnp.isfinite(found).all())


def test_a_walk_on_an_energy_goes_downhill():
    params = dense(KEY, PIXELS, 16, 16, 1)
    x = jax.random.uniform(KEY, (50, PIXELS))
    walked = energy._walked(params, KEY, x, 50)
    assert float(energy._energy(params, walked).mean()) < float(energy._energy(params, x).mean())
