"""Conventions change what a network computes and neither its shapes nor its counts; the default is the book's."""

from dataclasses import fields, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from netspec import Conventions, NetSpec, SpecError, build, catalogue
from netspec import layers as L
from netspec.cli.listing import program
from netspec.modules.convnext import ConvNeXtBlock
from netspec.modules.squeeze_excite import SqueezeExcite

NETWORK = NetSpec(
    "small",
    (9, 10, 3),
    (
        L.ConvBN(3, 8, 3, 2, activation="gelu"),
        L.MaxPool(3, 2),
        L.ResidualBlock(8, 8, 1, 1, squeeze_excite=4),
        L.ConvBN(8, 8, 3, activation="silu"),
        L.GroupNorm(8, 2, "leaky_relu"),
        L.BilinearUpsample(2),
        L.ConvNeXtStage(8, 1),
        L.GlobalAvgPool(),
        L.Dense(8, 4),
    ),
)
CHANGES = {
    "batch_norm_epsilon": 1e-3,
    "layer_norm_epsilon": 1e-2,
    "group_norm_epsilon": 1e-2,
    "gelu": "quick",
    "relu": "hard_swish",
    "silu": "relu6",
    "sigmoid": "hard_sigmoid",
    "leaky_slope": 0.1,
    "padding": "tf_same",
    "resize": "align_corners",
}
ONLY_TRAINED = {"batch_norm_momentum": 0.99, "batch_norm_variance": "unbiased"}


def built(conventions):
    spec = replace(NETWORK, conventions=conventions)
    network = build(spec, nnx.Rngs(0))
    for _, part in nnx.iter_modules(network):
        if isinstance(part, nnx.BatchNorm):
            part.var.set_value(part.var[...] * 0.3)
        elif isinstance(part, SqueezeExcite):
            part.excite.bias.set_value(part.excite.bias[...] + 2)
        elif isinstance(part, ConvNeXtBlock):
            part.scale.set_value(jnp.ones_like(part.scale[...]))
    return network


@pytest.fixture(scope="module")
def picture():
    return jnp.asarray(np.random.default_rng(0).normal(size=(2, 9, 10, 3)), jnp.float32)


def test_every_convention_is_tried():
    assert {field.name for field in fields(Conventions)} == set(CHANGES) | set(ONLY_TRAINED)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", CHANGES)
def test_each_changes_the_output_and_not_the_counts(name, picture):
    usual, changed = built(Conventions()), built(Conventions(**{name: CHANGES[name]}))
    assert [leaf.shape for leaf in jax.tree.leaves(nnx.state(usual))] == [
        leaf.shape for leaf in jax.tree.leaves(nnx.state(changed))
    ]
    usual.eval(), changed.eval()
    assert float(jnp.abs(usual(picture) - changed(picture)).max()) > 1e-6
    spec = replace(NETWORK, conventions=Conventions(**{name: CHANGES[name]}))
    assert (spec.params, spec.macs) == (NETWORK.params, NETWORK.macs)


@pytest.mark.exhaustive
def test_statistics_follow_momentum_and_variance(picture):
    norm = NetSpec("norm", (9, 10, 3), (L.ConvBN(3, 8, 1),), conventions=Conventions(**ONLY_TRAINED))
    network = build(norm, nnx.Rngs(0))
    network(picture)
    before = network.layers[0].conv(picture)
    expected = 0.99 + 0.01 * np.var(np.asarray(before, np.float64), axis=(0, 1, 2), ddof=1)
    np.testing.assert_allclose(network.layers[0].norm.var[...], expected, rtol=1e-6)


@pytest.mark.exhaustive
def test_a_dense_block_follows_the_unbiased_variance_too(picture):
    layers = (L.ConvBN(3, 8, 1, activation="identity"), L.DenseBlock(8, 2, 4))
    network = build(NetSpec("d", (9, 10, 3), layers, conventions=Conventions(**ONLY_TRAINED)), nnx.Rngs(0))
    twin = build(NetSpec("d", (9, 10, 3), layers), nnx.Rngs(0))
    network(picture), twin(picture)
    found, usual = (one.layers[1].layers.norm1.var[...] for one in (network, twin))
    np.testing.assert_allclose((found - 0.99) / 0.01, (usual - 0.9) / 0.1 * 180 / 179, rtol=1e-5)


def test_tf_same_puts_the_odd_pixel_behind():
    layers = (L.MaxPool(3, 2),)
    x = jnp.arange(16.0).reshape(1, 4, 4, 1)
    book, other = (
        build(NetSpec("p", (4, 4, 1), layers, conventions=one), nnx.Rngs(0))
        for one in (Conventions(), Conventions(padding="tf_same"))
    )
    assert book(x)[0, :, :, 0].tolist() == [[5, 7], [13, 15]]
    assert other(x)[0, :, :, 0].tolist() == [[10, 11], [14, 15]]


def test_aligned_corners_keep_the_corners():
    x = jnp.arange(6.0).reshape(1, 2, 3, 1)
    network = build(
        NetSpec("u", (2, 3, 1), L.BilinearUpsample(2), conventions=Conventions(resize="align_corners")), nnx.Rngs(0)
    )
    rows = np.linspace(0, 1, 4)[:, None] * 3 + np.linspace(0, 2, 6)
    np.testing.assert_allclose(network(x)[0, :, :, 0], rows, atol=1e-6)


def test_some_layers_are_under_others(picture):
    conventions = Conventions(gelu="exact")
    inside = replace(NETWORK, layers=(L.Under(conventions, NETWORK.layers),))
    assert inside.params == NETWORK.params
    under = build(inside, nnx.Rngs(0))
    plain = build(replace(NETWORK, conventions=conventions), nnx.Rngs(0))
    under.eval(), plain.eval()
    np.testing.assert_array_equal(under(picture), plain(picture))


def test_a_listing_says_them_and_makes_them_again():
    spec = replace(
        NETWORK, layers=(L.Under(Conventions(relu="relu6"), NETWORK.layers),), conventions=Conventions(gelu="exact")
    )
    scope = {}
    exec(program(spec), scope)
    assert scope["SPEC"] == spec


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gelu": "erf"}, "one of 'tanh', 'exact', 'quick'"),
        ({"batch_norm_epsilon": 0.0}, "above 0 and below 1"),
        ({"batch_norm_momentum": 1.0}, "below 1"),
        ({"layer_norm_epsilon": "1e-5"}, "a number such as"),
    ],
)
def test_what_cannot_be_is_refused(changes, said):
    with pytest.raises(SpecError, match=said):
        replace(NETWORK, conventions=Conventions(**changes))
    with pytest.raises(SpecError, match=said):
        replace(NETWORK, layers=(L.Under(Conventions(**changes), NETWORK.layers),))


def test_the_catalogue_is_the_books():
    kept = [spec for spec in map(catalogue.find, catalogue.names()) if spec.provenance.role == "variant"]
    assert all(spec.conventions == Conventions() for spec in kept)
