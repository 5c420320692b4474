import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import schedules

FAMILY = "schedules"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: schedules.lr_scaling(0.1, 0), "batch: arrived 0, expected a whole number of at least 1"),
        (lambda: schedules.lr_scaling(0.0, 64), "rate: arrived 0.0"),
        (
            lambda: schedules.lr_scaling(0.1, 64, rule="square"),
            "rule: arrived 'square', expected one of 'linear', 'root'",
        ),
        (lambda: schedules.step_lr(0.1, every=0), "every: arrived 0"),
        (lambda: schedules.step_lr(0.1, factor=2.0), "factor: arrived 2.0"),
        (lambda: schedules.cosine_lr(-0.1), "rate: arrived -0.1"),
        (lambda: schedules.cosine_lr(0.1, floor=0.2), "floor: arrived 0.2, expected a number from 0 to 0.1"),
        (lambda: schedules.onecycle_lr(0.1, 1), "steps: arrived 1, expected a whole number of at least 2"),
        (lambda: schedules.onecycle_lr(0.1, 2, rising=0.3), "rising: arrived 0.3 of 2 steps"),
        (lambda: schedules.onecycle_lr(0.1, 10, start=0.5), "start: arrived 0.5, expected at least 1"),
        (lambda: schedules.reduce_on_plateau(factor=1.0), "factor: arrived 1.0"),
        (lambda: schedules.reduce_on_plateau(patience=0), "patience: arrived 0"),
        (lambda: schedules.reduce_on_plateau(tolerance=0.0), "tolerance: arrived 0.0"),
        (lambda: schedules.warmup_lr(0.1, 10, 10), "steps: arrived 10, expected a whole number of at least 11"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()


def test_the_documents_landmarks():
    step, cosine = schedules.step_lr(1.0), schedules.cosine_lr(1.0)
    one, warm = schedules.onecycle_lr(0.1, 10_000), schedules.warmup_lr(1.0, 10_000, 100_000)
    found = [step(29), step(30), cosine(0), cosine(50), cosine(100), one(0), one(3000), warm(0), warm(10_000)]
    np.testing.assert_allclose(found, [1, 0.1, 1, 0.5, 0, 0.004, 0.1, 0, 1], rtol=1e-6, atol=1e-9)
