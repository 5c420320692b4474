import jax
import numpy as np
import pytest
import vocabulary_family as family
from scipy.spatial.transform import Rotation

from netspec.errors import VocabularyError
from netspec.vocabulary import space
from netspec.vocabulary.evidence.space import satisfied_and_false

FAMILY = "space"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


SCENE = (np.zeros((2, 2)), np.zeros((1, 2)), np.eye(2)[None], np.ones(1), np.ones((1, 3)), np.ones(1))


@pytest.mark.parametrize(
    ("refused", "call"),
    [
        (
            "weights: arrived with shape",
            lambda: space.pathnet(np.ones(3), np.ones((2, 4, 3, 2)), np.zeros((2, 1), int)),
        ),
        ("path: arrived 4", lambda: space.pathnet(np.ones(3), np.ones((1, 4, 3, 3)), np.array([[4]]))),
        (
            "bias: arrived with shape",
            lambda: space.pointnet(np.ones((1, 5, 3)), np.ones((3, 4)), np.ones(3), np.ones((4, 2)), np.ones(2)),
        ),
        (
            "points: arrived empty",
            lambda: space.pointnet(np.ones((1, 0, 3)), np.ones((3, 4)), np.ones(4), np.ones((4, 2)), np.ones(2)),
        ),
        (
            "alignment: arrived with shape",
            lambda: space.pointnet(
                np.ones((1, 5, 3)), np.ones((3, 4)), np.ones(4), np.ones((4, 2)), np.ones(2), np.eye(3)
            ),
        ),
        (
            "heads: arrived 3",
            lambda: space.divided_attention(np.ones((1, 2, 2, 4)), np.ones((3, 4, 4)), np.ones((3, 4, 4)), heads=3),
        ),
        (
            "space_weights: arrived with shape",
            lambda: space.divided_attention(np.ones((1, 2, 2, 4)), np.ones((3, 4, 4)), np.ones((2, 4, 4))),
        ),
        ("p: arrived 0.5", lambda: space.RealLogic(p=0.5)),
        ("a: arrived 1.5", lambda: space.RealLogic().negate(np.array([1.5]))),
        ("a: arrived empty", lambda: space.RealLogic().forall(np.zeros(0))),
        ("opacities: arrived 2.0", lambda: space.splat(*SCENE[:3], 2 * np.ones(1), *SCENE[4:])),
        ("depths: arrived with shape", lambda: space.splat(*SCENE[:5], np.ones(2))),
        (
            "depth: arrived -1",
            lambda: space.project_gaussian(np.array([0.0, 0.0, -1.0]), np.eye(3), np.eye(3), np.zeros(3), 1.0),
        ),
        (
            "number of masked frames: arrived 0",
            lambda: space.wav2vec_loss(np.ones((3, 2)), np.ones((3, 2)), np.zeros((3, 1), int), np.zeros(3, bool)),
        ),
        (
            "negatives: arrived 3",
            lambda: space.wav2vec_loss(np.ones((3, 2)), np.ones((3, 2)), np.full((3, 1), 3), np.ones(3, bool)),
        ),
        (
            "temperature: arrived 0",
            lambda: space.wav2vec_loss(
                np.ones((3, 2)), np.ones((3, 2)), np.zeros((3, 1), int), np.ones(3, bool), temperature=0.0
            ),
        ),
    ],
)
def test_bad_input_is_refused(refused, call):
    with pytest.raises(VocabularyError, match=refused):
        call()


def test_gaussians_are_projected_by_the_slope_of_the_camera():
    """The picture's covariance is J S J^T with J the Jacobian of the pinhole's map, here by autodiff."""
    turn, shift, focal = Rotation.random(rng=0).as_matrix(), np.array([0.1, -0.2, 6.0]), 2.5
    mean, root = np.array([0.3, 0.5, -0.4]), np.random.default_rng(1).normal(size=(3, 3))

    def camera(point):
        x, y, z = turn @ point + shift
        return focal * x / z, focal * y / z

    with jax.enable_x64(True):
        found, covariance, depth = map(np.asarray, space.project_gaussian(mean, root @ root.T, turn, shift, focal))
        slopes = np.array(jax.jacfwd(camera)(mean))
    assert np.abs(covariance - slopes @ root @ root.T @ slopes.T).max() < 1e-12
    assert np.abs(found - np.array(camera(mean))).max() < 1e-12
    assert depth == pytest.approx((turn @ mean + shift)[2])


def test_a_high_degree_of_truth_is_no_proof():
    assert satisfied_and_false().differs
