"""Networks that change their shape have the sizes and costs that are said, beside ones of their kind."""

import jax
import pytest

from train.trials import shapes

SIZES = shapes.TRIAL.settings | shapes.TRIAL.smoke


@pytest.fixture(scope="module")
def found():
    return {
        name: jax.jit(shapes.make(name, SIZES))(jax.random.key(0), 0.01)
        for name in ("small", "wide", "grown", "sparse", "regrown", "mixed", "equal", "stays", "leaves")
    }


@pytest.mark.exhaustive
def test_what_has_grown_is_as_large_as_what_was(found):
    assert found["grown"]["params"] == found["wide"]["params"] == 75 * shapes.WIDE + 10
    assert float(found["grown"]["cost"]) == pytest.approx(74 * shapes.WIDE / 1000)
    assert float(found["small"]["cost"]) == pytest.approx(74 * shapes.SMALL / 1000)


@pytest.mark.exhaustive
def test_connections_move_and_stay_as_many(found):
    assert found["sparse"]["params"] == found["regrown"]["params"] == int(shapes.KEPT * 64 * 96) + 96 + 960 + 10
    assert float(found["sparse"]["cost"]) == float(found["regrown"]["cost"])
    assert float(found["sparse"]["accuracy"]) != float(found["regrown"]["accuracy"])


def test_mixed_weights_are_as_many_as_those_beside_them(found):
    assert float(found["mixed"]["params"]) == pytest.approx(float(found["equal"]["params"]), rel=0.1)
    assert float(found["mixed"]["cost"]) == pytest.approx(float(found["equal"]["cost"]), rel=0.1)


def test_who_leaves_late_pays_for_every_head(found):
    """After a few steps no head is sure: all blocks and all heads."""
    blocks = 64 * shapes.WIDE + 2 * shapes.WIDE**2
    assert float(found["stays"]["cost"]) == pytest.approx((blocks + 10 * shapes.WIDE) / 1000)
    assert float(found["leaves"]["cost"]) == pytest.approx((blocks + 30 * shapes.WIDE) / 1000)


def test_who_is_sure_at_once_pays_for_one_block(monkeypatch):
    monkeypatch.setattr(shapes, "SURE", 0.0)
    cost = jax.jit(shapes.make("leaves", SIZES))(jax.random.key(0), 0.01)["cost"]
    assert float(cost) == pytest.approx(74 * shapes.WIDE / 1000)
