"""Published networks have the counts of reference implementations, to the last parameter, for any number of classes."""

from collections import defaultdict
from itertools import product

import pytest

import netspec
from netspec import catalogue, counts, exact

REFERENCES = defaultdict(list)
for row in counts._table("reference_counts.csv").values():
    REFERENCES[row["family"], row["variant"], row["piece"]].append(row)


def with_classes(published, spec, classes):
    """The network for as many classes, or as it is where what it gives are no classes, as moves are none."""
    try:
        return published.spec(classes) if classes else spec
    except netspec.SpecError:
        return spec


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", exact.networks())
def test_the_count_is_the_references(name):
    published = exact.networks()[name]
    spec, rows = published.spec(), []
    for variant in published.variants:
        found = REFERENCES[published.family, variant, published.piece]
        assert found, f"{published.family}/{variant}/{published.piece} is no row of reference_counts.csv"
        rows += found
    for part, variant in product(published.parts, published.variants):
        for row in REFERENCES[published.family, variant, part.piece]:
            assert (part.piece, part.params(spec)) == (part.piece, int(row["params"]))
    for row in rows:
        classes = int(row["classes"] or 0)
        of_as_many = with_classes(published, spec, classes)
        assert (classes, of_as_many.params + published.constants) == (classes, int(row["params"]))


def test_names_and_aliases_lead_to_one_network_each():
    names, aliases = exact.networks(), exact.aliases()
    assert not names.keys() & aliases.keys()
    assert len(aliases) == sum(len(network.aliases) for network in names.values())


def test_a_name_in_the_librarys_spelling_is_the_librarys_network():
    assert netspec.find("resnet50").provenance.role == "published"
    assert netspec.find("ResNet-50").provenance.role == "variant"
    assert not {spec.name for spec in catalogue.specs()} & exact.networks().keys()


def test_an_unknown_name_is_told():
    with pytest.raises(netspec.UnknownSpecError, match="no published network is called 'resnet51'"):
        exact.find("resnet51")
