"""The catalogue against the published layer lists, and its names.

``published_totals.csv`` has, per variant of the companion repository, the image, the length of the published layer
list, the total that the published formulas give for it (evaluated on the list itself, apart from this package), and
the total that the repository pins, where it does.
"""

import csv
import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

import netspec
from netspec import catalogue
from netspec.catalogue.entry import DOMAINS, PART_1, VISION
from netspec.layers import CapsuleLengths, Flatten

with (Path(__file__).parent / "published_totals.csv").open(encoding="utf-8") as file:
    PUBLISHED = {row["variant"]: row for row in csv.DictReader(file)}

#: Where the chapter's listing differs from the repository's: the catalogue follows the chapter.
CHAPTER_TOTALS = {
    "AlphaGo policy network": 3884737,
    "AlphaGo Zero (policy head)": 22734688,
    "AlphaGo Zero (value head)": 22565634,
    "DeepLab v3+ (ResNet-101 backbone)": 59222357,
    "MobileViT-S": 5580920,
    "MuZero Go — dynamics g (reward head)": 46722,
    "MuZero Go — prediction f (policy head)": 2623584,
    "MuZero Go — prediction f (value head)": 2454530,
    "NeRF (canonical)": 592900,
    "ShuffleNet v2 1.0×": 2286710,
}


def test_the_208_variants_are_all_there_and_no_other():
    assert {spec.name for spec in catalogue.variants()} == set(PUBLISHED)
    assert len(catalogue.variants()) == len(PUBLISHED) == 208


@pytest.mark.parametrize("spec", catalogue.variants(), ids=lambda spec: spec.name)
def test_total_is_the_published_one(spec):
    published = PUBLISHED[spec.name]
    forms = {form.book_params for form in (spec, *catalogue.alternatives(spec))}
    assert int(published["total"]) in forms
    assert int(published["pinned"] or published["total"]) in forms
    assert spec.book_params == CHAPTER_TOTALS.get(spec.name, int(published["total"]))


@pytest.mark.parametrize("spec", catalogue.variants(), ids=lambda spec: spec.name)
def test_listing_has_the_published_length_and_image(spec):
    published = PUBLISHED[spec.name]
    assert spec.n_layers == int(published["n_layers"])
    if int(published["width"]) > 1:
        assert spec.input_shape[:2] == (int(published["height"]), int(published["width"]))
    else:  # a sequence, a vector, or, in the Evoformer, residues behind the sequences of an alignment
        assert int(published["height"]) in (*spec.input_shape, 1)


@pytest.mark.parametrize("spec", catalogue.specs(), ids=lambda spec: spec.name)
def test_every_spec_has_provenance_shapes_and_cost(spec):
    provenance = spec.provenance
    assert provenance.entry and provenance.paper and provenance.book
    assert 1998 <= provenance.year <= 2024
    assert str(provenance.year) in provenance.paper
    assert provenance.domain in DOMAINS
    assert spec.params > 0
    assert spec.activations > 0
    assert spec.macs > 0 or spec.primitives == ("dense",)
    assert (provenance.role == "alternative") == bool(provenance.alternative_of)
    if provenance.alternative_of:
        assert catalogue.find(provenance.alternative_of).provenance.role == "variant"


@pytest.mark.parametrize("spec", catalogue.variants(), ids=lambda spec: spec.name)
def test_editions_agree(spec):
    published, provenance = PUBLISHED[spec.name], spec.provenance
    if provenance.domain == PART_1:
        assert (provenance.new_primitives, provenance.earlier_new_primitives) == ((), None)
        return
    assert provenance.domain == published["domain"]
    assert provenance.earlier_domain == published["earlier_domain"]
    for names, printed in (
        (provenance.new_primitives, published["new_primitives"]),
        (provenance.earlier_new_primitives, published["earlier_new_primitives"]),
    ):
        assert ("" if names is None else str(len(names))) == printed


@pytest.mark.parametrize("spec", catalogue.variants(), ids=lambda spec: spec.name)
def test_new_primitives_are_used_somewhere_in_the_entry(spec):
    entry = [other for other in catalogue.specs() if other.provenance.entry == spec.provenance.entry]
    used = {primitive for other in entry for primitive in other.primitives}
    assert used >= {*(spec.provenance.new_primitives or ()), *(spec.provenance.earlier_new_primitives or ())}


def test_names_are_distinct_however_they_are_typed():
    keys = [catalogue._key(name) for name in catalogue.names()]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("spec", catalogue.specs(), ids=lambda spec: spec.name)
def test_every_name_finds_its_spec(spec):
    for name in (spec.name, spec.name.upper(), spec.name.replace(" ", "-"), spec.name.replace("×", "x")):
        assert netspec.find(name) is spec


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("vit tiny", "ViT-Tiny"),
        ("ViT-Tiny-ImageNet", "ViT-Tiny (ImageNet, bf16)"),
        ("AlexNet", "AlexNet (Krizhevsky 2012)"),
        ("YOLOv1", "YOLOv1 (Redmon 2016)"),
        ("resnext50_32x4d", "resnext50_32x4d"),
        ("ResNeXt50_32x4d", "ResNeXt-50 32×4d"),
        ("nystromformer large", "Nyströmformer large (BERT-large-shaped)"),
        ("shufflenet 1.0x", "ShuffleNet 1.0× (g=3)"),
        ("NeRF canonical", "NeRF (canonical)"),
    ],
)
def test_forgiving_names(typed, found):
    assert netspec.find(typed).name == found


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(netspec.UnknownSpecError, match="unknown architecture 'vit-tinny'; did you mean ViT-Tiny"):
        netspec.find("vit-tinny")
    with pytest.raises(netspec.UnknownSpecError, match="unknown architecture 'qqqq'"):
        netspec.find("qqqq")


def test_specs_are_values():
    spec = netspec.find("ViT-Tiny")
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.name = "other"
    copy = dataclasses.replace(spec)
    assert copy == spec
    assert hash(copy) == hash(spec)
    assert spec.with_classes(10) is spec
    assert spec.with_classes(1000).params == netspec.find("ViT-Tiny-ImageNet").params


#: Everything that maps one picture, grey or in colour, to a vector.
CLASSIFIERS = [
    spec
    for spec in catalogue.specs()
    if len(spec.input_shape) == 3
    and spec.input_shape[0] == spec.input_shape[1] >= 16  # a 4×4 or 7×7 map is another network's output
    and spec.input_shape[2] in (1, 3)
    and not spec.extra_inputs
    and len(spec.output_shape) == 1
    and not isinstance(spec.output_shape, netspec.Several)
    and not isinstance(spec.layers[-1], (Flatten, CapsuleLengths))  # a grid of cells as a vector, capsules
]


@pytest.mark.parametrize("spec", CLASSIFIERS, ids=lambda spec: spec.name)
def test_every_classifier_takes_any_number_of_classes(spec):
    """Only the head changes, by the same number of parameters for every class; of SqueezeNet it is a convolution."""
    seven, ten = spec.with_classes(7), spec.with_classes(10)
    assert (seven.output_shape, ten.output_shape) == ((7,), (10,))
    fan_in = spec.layers[-2].in_channels if "SqueezeNet" in spec.name else spec.layers[-1].in_features
    assert ten.params - seven.params == 3 * (fan_in + 1)
    assert ten.input_shape == spec.input_shape
    body = -2 if "SqueezeNet" in spec.name else -1
    assert ten.layers[:body] == spec.layers[:body]


def test_all_vision_classifiers_are_among_them():
    """Of the first section only the two paths of Highway Networks, which are parts, take no picture."""
    missing = {
        spec.provenance.entry
        for spec in catalogue.variants()
        if spec.provenance.domain in (VISION, PART_1) and spec not in CLASSIFIERS
    }
    assert missing == {"Highway Networks"}


@pytest.mark.parametrize(
    ("name", "params", "leaves"),
    [("YOLOv1 (convolutional head, ResNet-34)", 22_472_286, (7 * 7 * 30,)), ("YOLOv1-Digits", 156_836, (8, 8, 20))],
)
def test_detectors_with_a_convolutional_head(name, params, leaves):
    """The first has the count that the companion repository gives for its detectors of ch. 11.2.2."""
    spec = catalogue.find(name)
    assert (spec.params, spec.output_shape) == (params, leaves)
    if spec.input_shape == (224, 224, 3):
        assert spec.layers[:6] == catalogue.find("ResNet-34").layers[:6]
        assert sum(row.params for row in spec.rows[:6]) == 21_284_672


def test_the_trainers_names_keep_working():
    for name in ("ViT-Tiny", "ViT-Tiny-ImageNet", "ViT-Tiny-64", "ViT-Digits"):
        spec = netspec.find(name)
        assert spec.output_shape == (spec.layers[-1].out_features,)


def test_importing_netspec_does_not_import_jax():
    code = "import sys, netspec, netspec.counts; sys.exit('jax' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_layer_has_a_module_by_name():
    """And every named module is there: a twin that cannot be found would be noticed only when it is built."""
    import inspect
    from importlib.util import find_spec

    from netspec import layers
    from netspec.twins import TWINS

    known = {getattr(layers, name) for name in layers.__all__ if inspect.isclass(getattr(layers, name))}
    concrete = {layer for layer in known if issubclass(layer, layers.Layer) and not inspect.isabstract(layer)}
    assert TWINS.keys() == concrete
    assert all(find_spec(module) for module in set(TWINS.values()))
