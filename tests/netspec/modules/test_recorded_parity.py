"""Networks give the outputs and gradients that were recorded of published ones, with their weights by rules.

Each network of a library's that is named in :mod:`netspec.weights.cases`, and those of the book's layers in
:mod:`listed`, as they are: what differs from the book's numerics is said by their conventions.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from listed import LISTED

from netspec.weights import cases
from netspec.weights.parity import Case, compare
from netspec.weights.plan import WeightsError

FOLDER = Path(__file__).parent / "parity"
NAMES = sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir())
#: What is recorded is ten times the error of the reference on one processor; others sum in another order.
SLACK = 3
#: Published networks that are compared in a few seconds; the others are left to `pytest -m exhaustive`.
SHORT = [
    "highway_50",
    "ipa",
    "lenet5_gray32",
    "nerf_small",
    "pix2pix_patchgan",
    "tiny_alphazero_go",
    "tiny_gpt2_a",
    "tiny_llama",
    "tiny_resnet_basic",
    "tiny_vit_timm",
    "tiny_wavenet",
    "vae_mlp",
]
#: Cases whose large kernels take longer to compute without optimisation than to compile with it.
HEAVY = ("dcgan", "tv_squeezenet")


def published(name):
    """The twin that a case has in :mod:`netspec.weights.cases`; none has ``None``."""
    try:
        return cases.twin_of(Case(FOLDER / name))
    except WeightsError:
        return None


PUBLISHED = [name for name in NAMES if published(name)]


def assert_equal(name, twin):
    # Each runs once, so what counts is mostly the time to compile it.
    options = {"xla_backend_optimization_level": int(name.startswith(HEAVY)), "xla_cpu_use_fusion_emitters": False}
    found = compare(Case(FOLDER / name), twin, options=options)
    assert found.params == found.reference_params
    assert found.float32 <= SLACK, found
    assert found.float64 <= 1, found
    assert found.gradients is None or found.gradients <= 1, found


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.exhaustive) for name in PUBLISHED]
)
def test_a_published_network_computes_what_its_library_does(name):
    assert_equal(name, published(name))


@pytest.mark.parametrize("name", LISTED)
def test_a_network_of_the_books_layers_computes_what_the_reference_does(name):
    assert_equal(name, LISTED[name]())


def test_every_case_is_compared():
    assert set(NAMES) == {*PUBLISHED, *LISTED}


def test_another_convention_or_another_place_shows():
    """The comparison is no formality: it fails for another epsilon, and for two tensors exchanged."""
    twin = LISTED["layer_inception"]()
    usual = replace(twin, spec=replace(twin.spec, conventions=type(twin.spec.conventions)()))
    assert not compare(Case(FOLDER / "layer_inception"), usual).passed
    twin = LISTED["layer_wavenet"]()
    rules = [
        replace(rule, theirs=rule.theirs[::-1]) if isinstance(rule.theirs, tuple) else rule for rule in twin.table.rules
    ]
    exchanged = replace(twin, table=replace(twin.table, rules=tuple(rules)))
    assert not compare(Case(FOLDER / "layer_wavenet"), exchanged).passed


def test_the_copies_are_small():
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 700e3
