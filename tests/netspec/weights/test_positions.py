"""Tables of positions at another size, against what PyTorch interpolates."""

import numpy as np
import pytest
from flax import nnx

from netspec import exact
from netspec.modules import build
from netspec.weights.canonical import canonical_state
from netspec.weights.plan import WeightsError
from netspec.weights.positions import fitted, resample_table, resampled, tables

#: ``torch.nn.functional.interpolate(mode="bicubic")`` of torch 2.13 in float64, on the table of :func:`table`:
#: ``align_corners=False`` for transformers, ``antialias=True`` for timm, ``align_corners=True`` for torchvision.
TORCH = {
    ("transformers", (3, 2), (5, 4)): """
        0.27159908 1.15217997 0.53590291 1.10108593 0.97122687 1.01693105 1.23553071 0.96583701 -0.09162438
        0.43766931 0.03264043 0.41682589 0.23731187 0.38249555 0.36157667 0.36165213 -0.31476167 -0.43780495
        -0.36221834 -0.36962199 -0.44038228 -0.25732064 -0.48783896 -0.18913768 0.53312489 -0.43716224
        0.48527960 -0.17054975 0.40647561 0.26857672 0.35863033 0.53518921 1.27265931 -0.24959690 1.26118440
        0.15991094 1.24228457 0.83439443 1.23080967 1.24390227
    """,
    ("timm", (3, 2), (5, 4)): """
        0.27403154 1.11986324 0.50396401 1.07639697 0.95990406 0.99020637 1.18983653 0.94674009 -0.02521704
        0.49553664 0.09555235 0.48092974 0.33502962 0.45196529 0.45579900 0.43735839 -0.31722482 -0.43426605
        -0.35944273 -0.37360984 -0.44315790 -0.25333280 -0.48537581 -0.19267659 0.59962921 -0.37698439
        0.56504269 -0.13211797 0.49646002 0.35343508 0.46187350 0.59830150 1.24229603 -0.23219916 1.23148830
        0.12641555 1.21005732 0.83752352 1.19924959 1.19613823
    """,
    ("torchvision", (3, 2), (5, 4)): """
        0.29552021 1.00000000 0.52022785 0.96146118 0.78458978 0.91612138 1.00929743 0.87758256 -0.15392095
        0.26655344 -0.06698334 0.25192534 0.03529620 0.23471580 0.12223381 0.22008769 -0.32983614 -0.41614684
        -0.37483210 -0.35149929 -0.42776853 -0.27544335 -0.47276449 -0.21079580 0.34093929 -0.41358720
        0.28622251 -0.19162608 0.22184983 0.06950465 0.16713305 0.29146577 1.12896904 -0.14550003 1.11510087
        0.21442721 1.09878537 0.63787103 1.08491719 0.99779828
    """,
    ("transformers", (7, 6), (3, 4)): """
        -0.20172755 0.97928662 1.19308670 0.87916855 0.21876865 -0.64312204 0.96802111 -0.02653061 1.67100935
        0.10564356 2.55849092 0.29627794 1.19651911 0.39029069 3.08286099 0.34589713 3.74778899 -0.43671692
        3.11371151 -0.57771951 3.45965803 0.07853476 4.09298747 -0.45690396
    """,
    ("timm", (7, 6), (3, 4)): """
        0.47075572 0.49300714 0.65898741 0.14334547 0.66647278 -0.15468848 1.00185655 0.28430282 1.82820895
        -0.22832106 1.96421205 -0.03181935 2.13938733 0.19814330 2.26060803 0.18384294 3.19778579 0.02206351
        3.40609281 -0.02506137 3.40213780 0.25692265 3.73562039 -0.11484442
    """,
    ("torchvision", (7, 6), (3, 4)): """
        0.29552021 1.00000000 0.14727816 -0.03847941 0.01805135 -0.23093952 1.08491719 0.99779828 1.30665901
        0.20648223 2.64638957 0.23179488 1.26423201 0.19392826 3.29154999 0.82180925 2.62841138 0.67346260
        4.71520716 0.87218117 3.05994147 0.50788015 4.87389068 0.12364791
    """,
    ("transformers", (3, 2), (2, 5)): """
        0.04564033 0.67858412 0.14488050 0.66298647 0.36065366 0.62907325 0.57642682 0.59516004 0.67566699
        0.57956239 0.78712038 -0.36049539 0.76855439 -0.17933481 0.72818725 0.21455401 0.68782011 0.60844283
        0.66925412 0.78960341
    """,
    ("timm", (3, 2), (2, 5)): """
        -0.02246016 0.49809515 0.04503379 0.49062807 0.22317178 0.47092008 0.40130976 0.45121209 0.46880372
        0.44374501 0.60460601 -0.37907554 0.58600068 -0.24274077 0.53689529 0.11709002 0.48778990 0.47692081
        0.46918457 0.61325558
    """,
    ("torchvision", (3, 2), (2, 5)): """
        0.29552021 1.00000000 0.45723536 0.97226480 0.65240882 0.93879128 0.84758228 0.90531776 1.00929743
        0.87758256 1.12896904 -0.14550003 1.11898854 0.11352849 1.10694312 0.42614912 1.09489769 0.73876976
        1.08491719 0.99779828
    """,
}


def expected(*key):
    return np.array(TORCH[key].split(), np.float64)


def table(rows, columns):
    """Two features of each position, without symmetries."""
    i = np.arange(rows * columns, dtype=np.float64)
    return np.stack([np.sin(1.7 * i + 0.3) + 0.1 * i, np.cos(0.5 * i * i)], axis=1)


@pytest.mark.parametrize(("library", "before", "after"), TORCH)
def test_positions_are_those_of_the_library(library, before, after):
    front = np.array([[5.0, -7.0], [1.0, 2.0]])
    given = np.concatenate([front, table(*before)])
    made = resample_table(given, before, after, 2, library)
    assert np.array_equal(made[:2], front)
    np.testing.assert_allclose(made[2:].ravel(), expected(library, before, after), atol=1e-8)


@pytest.mark.parametrize("library", ["transformers", "timm", "torchvision"])
def test_a_constant_stays_and_so_does_a_grid_of_the_same_sides(library):
    ones = np.ones((12, 3), np.float32)
    made = resample_table(ones, (3, 4), (5, 7), 0, library)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, np.ones((35, 3)), atol=1e-6)
    assert resample_table(ones, (3, 4), (3, 4), 0, library) is ones


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (((13, 2), (3, 4), (2, 2), 0), r"\(13, 2\), expected \(12, width\): 0 tokens in front of 3×4 patches"),
        (((12, 2), (3, 4), (2, 2), 1), r"expected \(13, width\): 1 tokens"),
        (((12,), (3, 4), (2, 2), 0), r"\(12,\), expected \(12, width\)"),
        (((12, 2), (3, 4), (0, 2), 0), "a table of positions"),
    ],
)
def test_a_table_of_another_grid_is_refused(given, says):
    shape, *rest = given
    with pytest.raises(WeightsError, match=says):
        resample_table(np.zeros(shape), *rest)
    with pytest.raises(WeightsError, match="expected one of transformers, timm, torchvision"):
        resample_table(np.zeros((4, 2)), (2, 2), (3, 3), 0, "keras")


def test_the_tables_of_networks_are_found():
    found = {
        exact.vit.vit(12, 3, 1, height=32, columns=48): ("layers.0.position_table", (2, 3), 1),
        exact.vit.distilled(12, 3, 1, image=48): ("layers.3.table.0", (3, 3), 2),
        exact.vit.dinov2(12, 3, 1, image=42): ("layers.4.table.0", (3, 3), 1),
        exact.sam.encoder(12, 3, 1, (), image=32): ("layers.0.position_table", (2, 2), 0),
    }
    for spec, wanted in found.items():
        assert list(tables(spec)) == [wanted]
    assert not list(tables(exact.swin.swin(12, (1,), (2,))))


@pytest.mark.exhaustive
def test_only_positions_change_and_all_must_fit():
    spec = exact.vit.vit(2, 1, 1, height=48, columns=32)
    wide = spec.resized(80, 64)
    tensors = {"layers.0.position_table": np.concatenate([[[5.0, -7.0]], table(3, 2)]), "other": np.ones(3)}
    made = resampled(tensors, spec, wide, "torchvision")
    assert made["other"] is tensors["other"]
    np.testing.assert_allclose(
        made["layers.0.position_table"][1:].ravel(), expected("torchvision", (3, 2), (5, 4)), atol=1e-8
    )
    assert fitted(tensors, spec, wide, "timm")["layers.0.position_table"].shape == (21, 2)
    with pytest.raises(WeightsError, match=r"no layers\.0\.position_table among the tensors"):
        resampled({}, spec, wide, "timm")
    mixer = exact.mixer.mixer(8, 1, image=32)
    weights = {name: np.asarray(leaf) for name, leaf in canonical_state(build(mixer, nnx.Rngs(0))).items()}
    with pytest.raises(WeightsError, match="only tables of positions are interpolated"):
        fitted(weights, mixer, mixer.resized(64, 32), "timm")
