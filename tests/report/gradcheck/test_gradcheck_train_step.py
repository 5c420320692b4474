"""The training step's gradient: parts of a batch add up to it, and what does not add up is named."""

import jax
import numpy as np
import pytest

from report.engine.errors import ReportError
from report.gradcheck import train_step

pytestmark = pytest.mark.slow


@pytest.mark.exhaustive
def test_the_mean_over_parts_is_the_gradient_of_the_batch_and_their_sum_is_not():
    with jax.enable_x64(True):
        program = train_step.loss_program(np.float64)
        gradient = train_step.gradient_of(program)
        whole = gradient(program.tensors, *train_step._batch())
        parts = train_step.in_parts(gradient, program.tensors)
    right = list(train_step._differences(whole, parts, 300))
    assert all(10 * check.error <= check.tolerance for check in right)
    wrong = parts | {"layers.2.bias": 4 * np.asarray(parts["layers.2.bias"])}
    failed = [check.where for check in train_step._differences(whole, wrong, 300) if not check.passed]
    assert [where.split("[")[0] for where in failed] == ["layers.2.bias"]


@pytest.mark.exhaustive
def test_labels_are_smoothed_and_mixed():
    _, targets = train_step._batch()
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert targets.min() > 0
    assert ((targets > 1.5 * targets.min()).sum(axis=1) > 1).any()


def test_a_single_device_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setattr(jax, "device_count", lambda: 1)
    with pytest.raises(ReportError, match="on 4 devices, found 1; set XLA_FLAGS"):
        next(train_step.check())


def test_the_small_network_is_what_the_bound_counts():
    with jax.enable_x64(True):
        program = train_step.loss_program(np.float64)
        text = str(jax.make_jaxpr(program.loss)(program.tensors, *train_step._batch()))
    products = text.count("dot_general[") + text.count("conv_general_dilated[")
    assert products == train_step.PRODUCTS
