import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import losses

FAMILY = "losses"


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


ONES = np.ones((2, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: losses.cross_entropy(ONES, np.ones((2, 4))),
            r"targets: arrived with shape \(2, 4\), expected \(2, 3\)",
        ),
        (lambda: losses.cross_entropy(ONES, 2 * ONES), "targets: arrived 2.0, expected a number from 0 to 1"),
        (lambda: losses.bce(ONES, -ONES), "labels: arrived -1.0"),
        (lambda: losses.focal_loss(ONES, ONES, alpha=1.5), "alpha: arrived 1.5"),
        (lambda: losses.focal_loss(ONES, ONES, gamma=-1.0), "gamma: arrived -1.0, expected at least 0"),
        (lambda: losses.mse(np.zeros((0, 3)), np.zeros((0, 3))), "predictions: arrived empty"),
        (lambda: losses.mae(ONES, ONES[0]), "targets: arrived"),
        (lambda: losses.huber(ONES, ONES, delta=0.0), "delta: arrived 0.0, expected more than 0"),
        (lambda: losses.smooth_l1(ONES, ONES, beta=-1.0), "beta: arrived -1.0"),
        (lambda: losses.triplet_loss(ONES, ONES, ONES[:, :2]), "negatives: arrived"),
        (lambda: losses.contrastive_loss(ONES, ONES, np.array([2, 0])), "same: arrived 2"),
        (lambda: losses.arcface(ONES, ONES, np.array([0, 2])), "labels: arrived 2, expected a number from 0 to 1"),
        (lambda: losses.cosface(ONES, ONES, np.array([0, 1]), margin=-0.1), "margin: arrived -0.1"),
        (lambda: losses.nt_xent(ONES, np.zeros(2, int), temperature=0.0), "temperature: arrived 0.0"),
        (lambda: losses.kl_divergence(ONES, ONES), "log_q: arrived 1.0"),
        (
            lambda: losses.wasserstein(np.ones(3), np.ones(4)),
            r"y: arrived with shape \(4,\), expected \(n 3,\), or set",
        ),
        (lambda: losses.wasserstein(np.ones(3), np.ones(3), order=0.5), "order: arrived 0.5"),
        (lambda: losses.sinkhorn(ONES, 0.0), "epsilon: arrived 0.0"),
        (lambda: losses.perceptual_loss(lambda x: [], ONES, ONES), "features: arrived no layer"),
        (lambda: losses.adversarial_loss(np.zeros(0), np.zeros(1)), "real: arrived empty"),
        (lambda: losses.ctc_loss(np.ones((1, 2, 3)), np.zeros((1, 2)), np.array([[3]]), np.zeros((1, 1))), "labels"),
        (lambda: losses.dice_loss(ONES, 2 * ONES), "targets: arrived 2.0"),
        (lambda: losses.iou_loss(2 * ONES, ONES), "chances: arrived 2.0"),
        (lambda: losses.knowledge_distillation(ONES, ONES, ONES, alpha=2.0), "alpha: arrived 2.0"),
        (lambda: losses.temperature_scaling(ONES, -1.0), "temperature: arrived -1.0"),
        (lambda: losses.nsp_head(np.ones((2, 4, 3)), np.ones((3, 3)), np.ones(2)), "kernel: arrived"),
        (
            lambda: losses.masked_language_loss(np.ones((1, 2, 3)), np.zeros((1, 2), int), np.zeros((1, 2), bool)),
            "masked: arrived without a true entry",
        ),
        (
            lambda: losses.masked_language_loss(np.ones((1, 2, 3)), np.array([[0, 3]]), np.ones((1, 2))),
            "tokens: arrived 3",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()


def test_boxes_of_the_trainer_and_masks_overlap_alike():
    from train.tasks.detection.boxes import iou, of_edges

    first, second = np.zeros((8, 8)), np.zeros((8, 8))
    first[1:5, 2:6], second[3:8, 1:4] = 1, 1
    boxes = [of_edges(*(np.float64(edge) / 8 for edge in edges)) for edges in ((2, 1, 6, 5), (1, 3, 4, 8))]
    assert losses.iou_loss(first[None], second[None])[0] == pytest.approx(1 - iou(*boxes), rel=1e-6)


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


def test_a_scaled_network_is_fitted_a_scaled_temperature(float64):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(50, 4))
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(-1)
    fitted, scaled = (losses.fitted_temperature(scale * logits, labels) for scale in (1, 3))
    assert float(scaled) == pytest.approx(3 * float(fitted), rel=1e-12)


@pytest.mark.exhaustive
def test_a_text_that_does_not_fit_is_as_good_as_impossible(float64):
    loss = losses.ctc_loss(jnp.zeros((1, 2, 3)), jnp.zeros((1, 2)), jnp.array([[1, 1]]), jnp.zeros((1, 2)))
    assert float(loss[0]) > 1e4  # a repeated letter needs a blank between, so three frames


def test_sinkhorn_carries_what_there_is(float64):
    plan = np.asarray(losses.sinkhorn(np.random.default_rng(0).uniform(size=(3, 5)), 0.1))
    np.testing.assert_allclose(plan.sum(0), 1 / 5, rtol=1e-8)
    np.testing.assert_allclose(plan.sum(1), 1 / 3, rtol=1e-8)
