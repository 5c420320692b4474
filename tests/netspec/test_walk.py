"""The traversal: rows, combinators, taps, sums."""

from itertools import pairwise

import pytest

import netspec
from netspec import NetSpec, Several
from netspec import layers as L
from netspec.walk import walk

IMAGE = (8, 8, 6)


def test_rows_chain_and_sum():
    spec = netspec.find("LeNet-5")
    rows = spec.rows
    assert rows == walk(spec.name, spec.input_shape, spec.extra_inputs, spec.layers)
    assert [row.path for row in rows] == list("01234567")
    for before, after in pairwise(rows):
        assert before.leaves == after.arrived
    assert sum(row.params for row in rows) == spec.params == 61706
    assert rows[0].activations == 28 * 28 * 6
    assert spec.activations == 4704 + 1176 + 1600 + 400 + 400 + 120 + 84 + 10


@pytest.mark.parametrize("spec", netspec.catalogue.specs(), ids=lambda spec: spec.name)
def test_a_combinator_is_the_sum_of_what_is_inside(spec):
    for row in spec.flat():
        if row.inside:
            for quantity in ("params", "book_params", "macs", "activations"):
                assert getattr(row, quantity) == sum(getattr(inner, quantity) for inner in row.inside)
            assert {inner.depth for inner in row.inside} == {row.depth + 1}


#: Bundled primitives against the same thing composed of smaller layers with combinators.
COMPOSED = [
    (
        L.ResidualBlock(6, 6, 2, 1),
        L.Repeat(2, L.Residual((L.ConvBN(6, 6, 3), L.ConvBN(6, 6, 3, activation="identity")))),
    ),
    (
        L.ResidualBlock(6, 10, 1, 2),
        L.Residual((L.ConvBN(6, 10, 3, 2), L.ConvBN(10, 10, 3)), L.ConvBN(6, 10, 1, 2)),
    ),
    (
        L.BottleneckBlock(6, 12, 1, 2),
        L.Residual((L.ConvBN(6, 3, 1), L.ConvBN(3, 3, 3, 2), L.ConvBN(3, 12, 1)), L.ConvBN(6, 12, 1, 2)),
    ),
    (
        L.InceptionModule(6, 1, 2, 3, 4, 5, 7),
        L.Branches(
            (
                L.ConvBN(6, 1, 1),
                (L.ConvBN(6, 2, 1), L.ConvBN(2, 3, 3)),
                (L.ConvBN(6, 4, 1), L.ConvBN(4, 5, 5)),
                (L.MaxPool(3, 1), L.ConvBN(6, 7, 1)),
            )
        ),
    ),
    (L.DarknetBlock(6, 2), L.Repeat(2, L.Residual((L.ConvBN(6, 3, 1), L.ConvBN(3, 6, 3))))),
]


@pytest.mark.parametrize(("bundled", "composed"), COMPOSED, ids=lambda layer: type(layer).__name__)
def test_bundled_equals_composed(bundled, composed):
    one, other = NetSpec("bundled", IMAGE, (bundled,)), NetSpec("composed", IMAGE, (composed,))
    assert (one.output_shape, one.params, one.macs) == (other.output_shape, other.params, other.macs)
    assert composed.params() == composed.book_params() == other.params


def test_a_fire_module_composed():
    composed = L.ConvBN(6, 2, 1), L.Branches((L.ConvBN(2, 3, 1), L.ConvBN(2, 5, 3)))
    one, other = NetSpec("a", IMAGE, (L.FireModule(6, 2, 3, 5),)), NetSpec("b", IMAGE, composed)
    assert (one.output_shape, one.params, one.macs) == (other.output_shape, other.params, other.macs)


def test_a_unet_written_with_taps():
    bundled = NetSpec("bundled", IMAGE, (L.UNetDown(6, 4), L.UNetUp(4, 4)))
    tapped = NetSpec(
        "tapped",
        IMAGE,
        (
            *(L.ConvBN(6, 4, 3), L.ConvBN(4, 4, 3), L.Save("skip 1"), L.MaxPool(2, 2)),
            *(L.BilinearUpsample(2), L.Load("skip 1", "concat"), L.ConvBN(8, 4, 3), L.ConvBN(4, 4, 3)),
        ),
    )
    assert (bundled.output_shape, bundled.params, bundled.macs) == (tapped.output_shape, tapped.params, tapped.macs)
    assert tapped.n_layers == 6


def test_skips_pair_like_brackets():
    layers = L.UNetDown(6, 4), L.UNetDown(4, 8), L.UNetUp(8, 8), L.UNetUp(8, 4)
    rows = NetSpec("net", IMAGE, layers).rows
    assert rows[2].read == ((4, 4, 8),)
    assert rows[3].read == ((8, 8, 4),)


def test_heads_give_several_and_one_is_picked():
    heads = L.Heads({"a": L.Flatten(), "b": (L.GlobalAvgPool(), L.Dense(6, 2))})
    spec = NetSpec("net", IMAGE, (heads,))
    assert spec.output_shape == Several({"a": (384,), "b": (2,)})
    assert [row.path for row in spec.flat()] == ["0", "0.a.0", "0.b.0", "0.b.1"]
    assert NetSpec("net", IMAGE, (heads, L.Pick("b"))).output_shape == (2,)
    saved = NetSpec("net", IMAGE, (heads, L.Save("both"), L.Load("both.a")))
    assert saved.output_shape == (384,)


def test_shared_weights_count_once_and_cost_each_time():
    body = L.Conv2d(6, 6, 3)
    pyramid = L.Heads({"p2": (), "p3": L.MaxPool(2, 2)})
    spec = NetSpec("net", IMAGE, (pyramid, L.ForEach(body)))
    assert spec.params == body.params()
    assert spec.macs == body.macs(IMAGE) + body.macs((4, 4, 6))
    regions = NetSpec("net", IMAGE, (L.OnRegions(6, 3, 10, body),))
    assert regions.params == body.params()
    assert regions.macs == 10 * body.macs((3, 3, 6))
    assert regions.output_shape == (10, 3, 3, 6)
    nested = NetSpec("net", IMAGE, (L.OnRegions(6, 5, 4, L.OnRegions(6, 3, 10, body)),))
    assert nested.params == body.params()
    assert nested.macs == 4 * regions.macs
    assert nested.activations == 4 * 10 * 3 * 3 * 6


def test_shared_weights_stay_shared_inside_other_combinators():
    body = L.Conv2d(6, 6, 3)
    pyramid = L.Heads({"p2": (), "p3": L.MaxPool(2, 2)})
    spec = NetSpec("net", IMAGE, (pyramid, L.ForEach(L.Residual(body))))
    assert spec.params == spec.book_params == body.params()


def test_moving_a_tensor_takes_no_memory():
    plain = NetSpec("net", IMAGE, (L.Conv2d(6, 6, 3),))
    moved = NetSpec("net", IMAGE, (L.Conv2d(6, 6, 3), L.Save("a"), L.Load("a")))
    assert moved.activations == plain.activations
    assert NetSpec("net", IMAGE, (L.Save("a"), L.Load("a", "concat"))).activations == 8 * 8 * 12


def test_text_is_the_listing():
    layers = (
        L.Conv2d(3, 8, 3, stride=2),
        L.TransformerEncoder(12, 3, 20, 2, readout="class_token"),
        L.Residual(L.Dense(2, 2)),
        L.Branches(((), (L.Flatten(), L.Dense(2, 2)))),
        L.Heads({"a": L.Flatten(), "b": ()}),
    )
    assert [str(layer) for layer in layers] == [
        "Conv2d(3, 8, 3, stride=2)",
        "TransformerEncoder(12, 3, 20, 2, readout='class_token')",
        "Residual(Dense(2, 2))",
        "Branches(((), (Flatten(), Dense(2, 2))))",
        "Heads({'a': Flatten(), 'b': ()})",
    ]


@pytest.mark.parametrize("spec", netspec.catalogue.specs(), ids=lambda spec: spec.name)
def test_a_layer_is_what_its_text_says(spec):
    assert tuple(eval(str(layer), vars(L)) for layer in spec.layers) == spec.layers


def test_several_is_an_immutable_mapping():
    shapes = Several({"a": (1, 2), "b": (3,)})
    assert dict(shapes) == {"a": (1, 2), "b": (3,)}
    assert len(shapes) == 2
    assert str(shapes) == "{a: (1, 2), b: (3,)}"
    assert hash(shapes) == hash(Several({"a": (1, 2), "b": (3,)}))
    assert shapes != {"a": (1, 2)}
    with pytest.raises(TypeError):
        shapes["a"] = (4,)
