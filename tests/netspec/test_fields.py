"""Every field of every layer and spec: a value of its type is taken as Python's own, anything else is refused."""

import dataclasses
import itertools
import math
import re

import numpy as np
import pytest
from primitive_cases import CASES

from netspec import Conventions, NetSpec, Provenance, SpecError
from netspec import layers as L
from netspec.fields import DEEPEST, LARGEST
from netspec.layers.base import SKIP, Several

COMBINATORS = [
    (L.Residual((L.Dense(4, 4),), (L.Dense(4, 4),)), (4,)),
    (L.Branches(((L.Dense(4, 4),), ())), (4,)),
    (L.Heads({"policy": (L.Dense(4, 2),), "value": (L.Dense(4, 1),)}), (4,)),
    (L.Repeat(2, (L.Dense(4, 4),)), (4,)),
    (L.Under(Conventions(gelu="exact"), (L.Dense(4, 4),)), (4,)),
    (L.OnRegions(8, 2, 3, (L.Flatten(),)), (4, 4, 8)),
]
ONE_EACH = list({type(layer): (layer, arrived, read) for layer, arrived, *read in [*CASES, *COMBINATORS]}.values())


class Unhashable:
    __hash__ = None


class Hostile:
    def __repr__(self):
        raise RuntimeError


#: Values that no field takes, whatever its type.
NEVER = [float("nan"), float("inf"), 2.0, 1e300, {1, 2}, b"8", Unhashable(), Hostile(), [[[8]]], {"a": {}}, 1j, ...]
#: Values that some fields take, by the type that those have.
NUMBERS = [0, -3, 10**30, 10**5000, np.int64(-1), np.array([2, 2]), np.float32(2), np.nan]
OTHERS = [
    None,
    True,
    np.bool_(True),
    "3",
    "",
    "a\nb",
    [],
    (),
    (0,),
    (True,),
    (2.0,),
    ["a"],
    itertools.count(),
    iter([]),
]


def following(layer, arrived, read, original):
    """A spec in which the layer has what it needs, a tensor that several leave included."""
    reads = getattr(original, "reads", ())
    if SKIP in reads:
        return None
    extra = dict(zip(reads, read, strict=True))
    after = (L.UNetUp(layer.out_channels, layer.out_channels),) if isinstance(layer, L.UNetDown) else ()
    if isinstance(layer, L.Save):
        after = (L.Load(original.name),)
    return NetSpec("net", arrived, (layer, *after), extra_inputs=extra)


SLOTS = [
    pytest.param(layer, arrived, read, field.name, id=f"{type(layer).__name__}-{field.name}")
    for layer, arrived, read in ONE_EACH
    if not isinstance(arrived, Several)
    for field in dataclasses.fields(layer)
]


def assert_own_type(value):
    assert type(value) in (int, bool, str, float, tuple, type(None)) or isinstance(value, (L.Layer, Conventions)), value
    for inner in value if isinstance(value, tuple) else ():
        assert_own_type(inner)


def test_every_layer_of_the_language_is_here():
    classes = {cls for cls in vars(L).values() if isinstance(cls, type) and issubclass(cls, L.Layer)}
    concrete = {cls for cls in classes if not cls.__abstractmethods__}
    missing = concrete - {type(layer) for layer, *_ in ONE_EACH}
    assert {cls.__name__ for cls in missing} <= {"ForEach", "Save", "Load", "Pick"}


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("layer", "arrived", "read", "name"), SLOTS)
def test_a_field_takes_its_type_and_refuses_the_rest(layer, arrived, read, name):
    right = getattr(layer, name)
    kind = {field.name: str(field.type) for field in dataclasses.fields(layer)}[name]
    for value in [*NEVER, *NUMBERS, *OTHERS]:
        changed = dataclasses.replace(layer, **{name: value})
        try:
            spec = following(changed, arrived, read, layer)
        except SpecError as error:
            text = str(error)
            assert "\n" not in text
            assert len(text) < 1000
            assert re.match(r"net, layer [01]|net: unread extra input", text), text
            assert re.search(r"arrived .+, expected .+", text), text
        else:
            held = getattr(changed, name)
            assert_own_type(held)
            assert kind == "bool | None" or isinstance(right, bool) == isinstance(held, bool)
            assert hash(changed) == hash(dataclasses.replace(layer, **{name: held}))
            assert spec is None or (isinstance(hash(spec), int) and spec.params >= 0 and spec.macs >= 0)
    for never in NEVER:
        real = isinstance(right, float) or kind == "float | None"
        if real and type(never) is float and math.isfinite(never):
            continue
        with pytest.raises(SpecError, match="arrived"):
            NetSpec("net", arrived, (dataclasses.replace(layer, **{name: never}),))


@pytest.mark.parametrize(("layer", "arrived", "read", "name"), SLOTS)
def test_other_spellings_of_the_right_value_are_the_same(layer, arrived, read, name):
    right = getattr(layer, name)
    if isinstance(right, bool):
        spellings = [np.bool_(right)]
    elif isinstance(right, int):
        spellings = [np.int64(right), np.uint8(right % 256) if right < 256 else right, np.array(right)]
    elif isinstance(right, str):
        spellings = [np.str_(right)]
    elif isinstance(right, tuple):
        spellings = [list(right), iter(right), (item for item in right)]
        if right and all(isinstance(item, int) for item in right):
            spellings += [np.array(right), [np.int32(item) for item in right]]
        if right and all(isinstance(item, tuple) for item in right):
            spellings += [list(map(list, right))]
            if name == "heads":
                spellings += [dict(right)]
    else:
        spellings = []
    for spelling in spellings:
        same = dataclasses.replace(layer, **{name: spelling})
        assert same == layer
        assert hash(same) == hash(layer)
        assert str(same) == str(layer)
        assert_own_type(getattr(same, name))
        assert following(same, arrived, read, layer) == following(layer, arrived, read, layer)


@pytest.mark.parametrize(("layer", "arrived", "read", "name"), SLOTS)
def test_the_largest_sizes_are_counted_at_once(layer, arrived, read, name):
    if type(getattr(layer, name)) is not int:
        return
    for value in (LARGEST, DEEPEST):
        try:
            spec = following(dataclasses.replace(layer, **{name: value}), arrived, read, layer)
        except SpecError:
            continue
        assert spec is None or (spec.params >= 0 and spec.macs >= 0)


DENSE = (L.Dense(3, 2),)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"input_shape": 3}, "net: input shape 3, expected positive integers"),
        ({"input_shape": "3"}, "net: input shape '3', expected positive integers"),
        ({"input_shape": {3}}, "net: input shape {3}, expected positive integers"),
        ({"input_shape": (True,)}, "net: input shape (True,), expected positive integers"),
        ({"input_shape": (3.0,)}, "net: input shape (3.0,), expected positive integers"),
        ({"input_shape": [[3]]}, "net: input shape ([3],), expected positive integers"),
        ({"input_shape": (10**40,)}, "net: input shape (1000"),
        ({"input_shape": (1,) * 99}, "net: input shape (1, 1"),
        ({"input_shape": None}, "net: input shape None"),
        ({"name": None}, "None: name must be a string"),
        ({"name": ""}, "'': name must be a string"),
        ({"name": "a\nb"}, "'a\\nb': name must be a string"),
        ({"name": 5}, "5: name must be a string"),
        ({"layers": None}, "net: layers must be a tuple of layers: arrived None"),
        ({"layers": "Dense"}, "net: layers must be a tuple of layers: arrived 'Dense'"),
        ({"layers": {1}}, "net: layers must be a tuple of layers: arrived {1}"),
        ({"layers": itertools.repeat(L.Flatten())}, "net: layers must be a tuple of layers"),
        ({"layers": []}, "net: no layers, expected at least one"),
        ({"layers": [[L.Flatten()]]}, "net, layer 0: not a layer: arrived [Flatten()]"),
        ({"provenance": "paper"}, "net: provenance must be of type Provenance: arrived 'paper'"),
        ({"provenance": Provenance(year=2015.0)}, "net: provenance: year must be a positive integer: arrived 2015.0"),
        ({"provenance": Provenance(year=float("nan"))}, "net: provenance: year must be a positive integer"),
        ({"provenance": Provenance(role="hero")}, "net: provenance: unknown role: arrived 'hero', expected one of"),
        ({"provenance": Provenance(new_primitives=[3])}, "net: provenance: new_primitives must be strings"),
        ({"extra_inputs": {"text": 3}}, "net: text 3, expected positive integers"),
        ({"extra_inputs": {"text": (0,)}}, "net: text (0,), expected positive integers"),
        ({"extra_inputs": {3: (3,)}}, "net: extra_inputs must be pairs: arrived ((3, (3,)),)"),
        ({"extra_inputs": 3}, "net: extra_inputs must be pairs: arrived 3"),
        ({"extra_inputs": ["text"]}, "net: extra_inputs must be pairs"),
        ({"extra_inputs": [("text", (3,)), ("text", (3,))]}, "net: two extra inputs of one name: arrived 'text'"),
        ({"extra_inputs": {"text": (3,)}}, "net: unread extra input: arrived 'text'"),
    ],
)
def test_a_field_of_a_spec(given, says):
    with pytest.raises(SpecError) as caught:
        NetSpec(**{"name": "net", "input_shape": (3,), "layers": DENSE, **given})
    text = str(caught.value)
    assert text.startswith(says)
    assert ", expected " in text
    assert "\n" not in text
    assert len(text) < 400


def test_a_spec_from_lists_and_numpy_is_the_same():
    layers = (L.Load("text", "add"), L.Dense(3, 2))
    right = NetSpec("net", (3,), layers, Provenance(new_primitives=("a",)), (("text", (3,)),))
    for shape, text in (([3], [3]), (np.array([3]), (np.int64(3),)), (iter([3]), range(3, 4))):
        about = Provenance(new_primitives=["a"])
        same = NetSpec(np.str_("net"), shape, list(layers), about, {"text": text})
        assert same == right
        assert hash(same) == hash(right)
    assert NetSpec("net", (3,), L.Dense(3, 2)).layers == DENSE


def test_layers_of_ones_own_follow_the_same_rules():
    @dataclasses.dataclass(frozen=True)
    class Scale(L.Primitive):
        rate: float
        sides: tuple[int, ...] = ()
        tag: object = None

        primitive = "scale"
        params = macs = lambda self, *_: 0
        output_shape = lambda self, arrived: arrived  # noqa: E731

    same = Scale(np.float32(0.5), [1, 2])
    assert (type(same.rate), same.sides, hash(same)) == (float, (1, 2), hash(Scale(0.5, (1, 2))))
    for wrong in (
        Scale(float("nan")),
        Scale("0.5"),
        Scale(True),
        Scale(0.5, 3),
        Scale(0.5, (1.0,)),
        Scale(0.5, (), []),
    ):
        with pytest.raises(SpecError, match=r"net, layer 0 Scale\(.*: (rate|sides|tag) must be .*: arrived"):
            NetSpec("net", (3,), (wrong,))


def test_layers_nested_without_end_are_refused():
    layer = L.Dense(4, 4)
    for _ in range(2000):
        layer = L.Residual((layer,))
    with pytest.raises(SpecError, match=r"net: layers within layers beyond any measure, expected"):
        NetSpec("net", (4,), (layer,))


BAD_NAMES = ["", " ", " a", "a.b", "a/b", "a\\b", "layers", "heads", "regions", SKIP]


@pytest.mark.parametrize("name", [*BAD_NAMES, "a b", "copy 1", "a\tb"])
def test_a_head_may_not_be_called(name):
    with pytest.raises(SpecError, match=r"net, layer 0 Heads\(.*arrived .*, expected "):
        NetSpec("net", (4,), (L.Heads({name: L.Flatten()}),))


@pytest.mark.parametrize("name", [*BAD_NAMES, "a\tb"])
def test_a_saved_tensor_may_not_be_called(name):
    with pytest.raises(SpecError, match=r"net, layer 0 Save\(.*arrived .*, expected "):
        NetSpec("net", (4,), (L.Save(name), L.Load(name)))


@pytest.mark.parametrize("name", [*BAD_NAMES, "a b", "x", "self", "class", "1st"])
def test_a_further_input_may_not_be_called(name):
    with pytest.raises(SpecError, match=r"net: .*arrived .*, expected "):
        NetSpec("net", (4,), (L.Load(name),), extra_inputs={name: (4,)})


HEADS = L.Heads([("a", L.Flatten()), ("a", L.Flatten())])
AGAIN = (L.Save("t"), L.Load("t", "add"), L.Save("t"), L.Load("t", "add"))


@pytest.mark.parametrize(
    ("layers", "extra", "says"),
    [
        ((HEADS,), {}, "layer 0 Heads.*: two heads of one name: arrived 'a'"),
        (AGAIN, {}, r"layer 2 Save\('t'\): two tensors of one name: arrived 't', already saved at layer 0, expected"),
        (
            (L.Save("t"), L.Load("t")),
            {"t": (4,)},
            "layer 0 Save.*: two tensors .*: arrived 't', already an extra input",
        ),
        ((L.Branches((AGAIN[:2], AGAIN[:2])),), {}, r"layer 0\.branch 1\.0 Save.*: two tensors of one name"),
        ((L.Save("t"), L.Flatten()), {}, r"layer 0 Save\('t'\): unread tap: arrived 't' that no layer reads, expected"),
        ((L.Load("u"), L.Save("t")), {"u": (4,)}, r"layer 1 Save\('t'\): unread tap"),
    ],
)
def test_a_name_means_one_tensor_that_is_read(layers, extra, says):
    with pytest.raises(SpecError, match=rf"^net, {says}"):
        NetSpec("net", (4,), layers, extra_inputs=extra)


def test_repeated_layers_save_anew():
    again = L.Repeat(3, AGAIN[:2])
    assert NetSpec("net", (4,), (again,)).output_shape == (4,)
    heads = L.Heads({"a": L.Flatten(), "b": L.Flatten()})
    assert len(NetSpec("net", (4,), (heads, L.ForEach(AGAIN[:2]))).output_shape) == 2
