import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary.safety import judges, limits, text, uncertainty

FAMILY = "safety"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_a_temperature_keeps_the_choice_and_mends_the_calibration():
    rng = np.random.default_rng(0)
    logits = 2 * rng.standard_normal((4000, 3))
    probabilities = np.asarray(jax.nn.softmax(logits))
    labels = (probabilities.cumsum(axis=1) < rng.uniform(size=(4000, 1))).sum(axis=1)

    def error(scale):
        scaled = np.asarray(jax.nn.softmax(scale * logits))
        return float(uncertainty.calibration_error(scaled.max(axis=1), scaled.argmax(axis=1) == labels))

    assert error(1.0) < 0.03 < 0.1 < error(3.0)  # 15 bins of 267 examples: ± 0.03 by chance in each


def test_a_bucket_at_rest_is_like_a_new_one():
    _, used = limits.admit(limits.Bucket(60.0, 0.0), 0.0)
    later = [limits.admit(bucket, 61.0) for bucket in (used, limits.Bucket(60.0, 61.0))]
    assert later[0] == later[1]


def test_the_sixty_first_at_once_is_refused():
    bucket, verdicts = limits.Bucket(60.0, 0.0), []
    for _ in range(61):
        admitted, bucket = limits.admit(bucket, 5.0)
        verdicts.append(admitted)
    assert verdicts == [True] * 60 + [False]


def test_only_whole_digits_are_numbers():
    assert text.sanitize("order 5551234567890123", {}) == "order 5551234567890123"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: uncertainty.risk_coverage(np.ones(3), np.ones(2)), "correct: arrived with shape"),
        (lambda: uncertainty.calibration_error(np.array([1.5]), np.ones(1)), "confidence: arrived 1.5"),
        (lambda: uncertainty.calibration_error(np.ones(2), np.ones(2), bins=0), "bins: arrived 0"),
        (lambda: uncertainty.uncertainty(np.ones(3)), "probabilities, axes: arrived 1"),
        (lambda: uncertainty.uncertainty(2 * np.ones((2, 3))), "probabilities: arrived 2.0"),
        (lambda: uncertainty.mc_dropout(jnp.sin, jax.random.key(0), passes=0), "passes: arrived 0"),
        (lambda: uncertainty.deep_ensemble(np.ones(3)), "logits, axes: arrived 1"),
        (lambda: judges.content_filter(np.ones((2, 3)), threshold=-0.1), "threshold: arrived -0.1"),
        (
            lambda: judges.entailment_logits(np.ones((1, 2)), np.ones((1, 2)), np.ones((4, 3)), np.ones(3)),
            "weight: arrived with shape",
        ),
        (lambda: judges.preference_loss(np.ones(2), np.ones(3)), "rejected: arrived with shape"),
        (lambda: text.injection("a", ("",)), "patterns: arrived one without words"),
        (lambda: text.sanitize("a", {"x": "not an X"}), "terms: arrived 'not an X'"),
        (lambda: text.revise("a", [], max, max), "principles: arrived none"),
        (lambda: text.revise("a", ["b"], max, max, rounds=0), "rounds: arrived 0"),
        (lambda: limits.admit(limits.Bucket(1.0, 5.0), 4.0), "now: arrived 4.0, expected a time from 5.0"),
        (lambda: limits.admit(limits.Bucket(1.0, 0.0), 1.0, capacity=0.5), "capacity: arrived 0.5"),
        (lambda: limits.admit(limits.Bucket(1.0, 0.0), 1.0, per_second=0.0), "per_second: arrived 0.0"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()
