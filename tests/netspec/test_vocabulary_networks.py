"""The architectures of the vocabulary: counts from data, none among the book's, and a small form of each that runs."""

import pytest

from netspec import catalogue, counts, find
from netspec.catalogue.entry import VOCABULARY

NETWORKS = [spec for spec in catalogue.specs() if spec.provenance.role == "vocabulary"]
COUNTS = {spec.name: counts.count(spec) for spec in NETWORKS}
#: What is compared with nothing: the papers print figures only, or none.
WITHOUT_REFERENCE = {
    *(f"GPT-3 {size}" for size in ("Small", "Medium", "Large", "XL", "2.7B", "6.7B", "13B", "175B")),
    "ODE-Net (MNIST)",
    "Hopfield lookup",
    "CapsNet (MNIST)",
    "CapsNet with decoder (MNIST)",
}


def tiny(spec):
    return spec.name.startswith("tiny")


@pytest.mark.parametrize("spec", NETWORKS, ids=lambda spec: spec.name)
def test_the_count_is_that_of_the_implementation(spec):
    one = COUNTS[spec.name]
    assert one.kind == ("no reference" if tiny(spec) or spec.name in WITHOUT_REFERENCE else "exact")
    assert one.book == one.built


def test_they_stand_apart_from_the_books():
    assert not set(NETWORKS) & set(catalogue.variants())
    for spec in catalogue.specs():
        about = spec.provenance
        assert (
            (about.role == "vocabulary") == (about.domain == VOCABULARY) == about.book.startswith("vocabulary, line ")
        )
        if about.role == "vocabulary":
            assert (about.new_primitives, about.earlier_new_primitives, about.earlier_domain) == (None, None, "")


def test_every_family_has_a_tiny_form():
    entries = {spec.provenance.entry for spec in NETWORKS}
    assert entries == {spec.provenance.entry for spec in NETWORKS if tiny(spec)}
    assert len(entries) == 11


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("t5 small", "T5-small"),
        ("GPT-3", "GPT-3 175B"),
        ("llama-30b", "LLaMA-33B"),
        ("RoBERTa base", "RoBERTa-base"),
        ("roberta-base", "roberta-base"),  # in the spelling of the library that has it
        ("resnext50 32x4d", "ResNeXt-50 32×4d"),
        ("capsnet", "CapsNet (MNIST)"),
    ],
)
def test_names(typed, found):
    assert find(typed).name == found


@pytest.mark.parametrize(
    ("name", "layer", "params"),
    [  # pieces that transformers 5.23.0 counts
        ("T5-small", 1, 18_881_280),
        ("T5-small", 5, 25_175_808),
        ("T5-11B", 1, 4_831_892_480),
        ("T5-11B", 5, 6_442_529_792),
        ("LLaMA-7B", 1, 32 * 202_383_360 + 4096),
        ("LLaMA-2-70B", 1, 80 * 855_654_400 + 8192),
        ("LLaMA-2-70B", 2, 262_144_000),
        ("RoBERTa-base (as published)", 0, 39_000_576),
        ("RoBERTa-base (as published)", 1, 85_054_464),
    ],
)
def test_parts_are_those_of_the_implementation(name, layer, params):
    assert find(name).rows[layer].params == params


@pytest.mark.parametrize("spec", [s for s in NETWORKS if s.provenance.entry == "GPT-3" and not tiny(s)], ids=str)
def test_gpt3_has_the_figures_of_its_table(spec):
    """All but one: 350M is printed for what counts 356 million."""
    printed = COUNTS[spec.name].paper.figure.replace(".0B", "B")
    assert (counts.agreement(spec.params, printed) == "rounded") == (spec.name != "GPT-3 Medium")


def test_gpt3_xl_with_the_heads_that_are_printed_would_be_larger():
    from dataclasses import replace

    from netspec.layers import Attention

    encoder = replace(find("GPT-3 XL").layers[1], heads=24, attention=Attention(head_width=128))
    assert counts.agreement(encoder.params(), "1.3B") == "not reproduced"


@pytest.mark.parametrize("name", ["CapsNet (MNIST)", "CapsNet with decoder (MNIST)"])
def test_capsules_have_the_figures_of_their_paper(name):
    assert counts.agreement(COUNTS[name].built, COUNTS[name].paper.figure) == "rounded"


def test_shared_keys_are_what_the_largest_llama_saves():
    small, large = find("LLaMA-65B").layers[1], find("LLaMA-2-70B").layers[1]
    assert (small.kept_per_token, large.kept_per_token) == (80 * 2 * 8192, 80 * 2 * 1024)
