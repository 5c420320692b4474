import pytest
import vocabulary_family as family

from netspec.layers import BottleneckBlock, DenseBlock, FireModule, InceptionModule, InvertedResidual, ResidualBlock
from netspec.layers.squeeze_excite import squeeze_excite_params
from netspec.vocabulary.entry import entries

FAMILY = "blocks"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_rows_are_described(id):
    entry = entries()[id]
    assert entry.load().__doc__ and entry.formula and entry.typeset and entry.summary and entry.source


# The document's listings have a bias on each convolution, and norms where it says so: what its parameters would be.
PRINTED = {
    # 64 channels: a norm behind each convolution, beside its bias.
    "residual": (ResidualBlock(64, 64, 1, 1).params(), 2 * 64, 74_112),
    # 256-64-256: biases in place of norms.
    "bottleneck": (BottleneckBlock(256, 256, 1, 1).params(), -(64 + 64 + 256), 70_016),
    # 32 channels expanded sixfold: biases in place of norms.
    "inverted": (InvertedResidual(32, 32, 6, 1, 1).params(), -(192 + 192 + 32), 14_432),
    "fire": (FireModule(96, 16, 64, 64).params(), -(16 + 64 + 64), 11_920),
    "inception": (InceptionModule(192, 64, 96, 128, 16, 32, 32).params(), -(64 + 96 + 128 + 16 + 32 + 32), 163_696),
    "squeeze and excitation": (squeeze_excite_params(64, 4), 0, 580),
}


@pytest.mark.parametrize("name", PRINTED)
def test_listings_cost_what_ours_do_but_for_biases(name):
    ours, biases, printed = PRINTED[name]
    assert ours + biases == printed


def test_dense_layers_of_the_listing_lack_the_bottleneck():
    widths = range(64, 64 + 4 * 32, 32)
    assert sum(2 * c + 9 * c * 32 + 32 for c in widths) == 130_048 != DenseBlock(64, 32, 4).params()
