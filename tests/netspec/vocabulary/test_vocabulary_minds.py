import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import minds

FAMILY = "minds"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_a_mind_drops_what_became_impossible():
    plan = minds.Plan("tea", frozenset({"water"}), ("boil",))
    mind = minds.Mind(frozenset({"water"}), ("tea",), plan)
    assert minds.deliberate(mind, frozenset(), frozenset(), [plan]).intention is plan
    assert minds.deliberate(mind, frozenset(), frozenset({"water"}), [plan]).intention is None
    assert minds.deliberate(mind, frozenset({"tea"}), frozenset(), [plan]).intention is None


def test_gradients_pass_through_what_was_seen_only():
    def last(observations):
        return minds.mental_state(lambda s, o: s + o, jnp.array(0.0), observations, np.array([True, False, True]))

    assert jax.grad(last)(jnp.ones(3)).tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: minds.believed_place(np.zeros(3, int), np.ones(2, bool)), "seen: arrived with shape"),
        (lambda: minds.believed_place(np.array([-1]), np.ones(1, bool)), "places: arrived -1"),
        (lambda: minds.mental_state(jnp.add, 0.0, np.ones(3), np.ones(2, bool)), "seen: arrived with shape"),
        (lambda: minds.perspective(np.ones((1, 2, 4)), np.ones((1, 3, 4)), np.ones((1, 2))), "visible: arrived"),
        (lambda: minds.perspective(np.ones((1, 2, 4)), np.ones((1, 3, 4)), np.ones((1, 3)), heads=3), "heads"),
        (lambda: minds.intent_logits(np.ones((1, 2, 3)), np.array([3]), None, np.ones((2, 2))), "lengths: arrived 3"),
        (
            lambda: minds.deliberate(minds.Mind(frozenset(), ()), frozenset("a"), frozenset("a"), []),
            "percepts: arrived a",
        ),
        (lambda: minds.cloning_loss(np.ones((2, 1)), np.ones((2, 2))), "expert: arrived with shape"),
        (lambda: minds.gail_reward(np.ones(0)), "logits: arrived empty"),
        (lambda: minds.answer_or_defer(np.array([1.2]), np.array([0.1])), "confidence: arrived 1.2"),
        (lambda: minds.answer_or_defer(np.ones((2, 3)), np.ones((1, 3))), "uncertainty: arrived"),
        (lambda: minds.explain(np.zeros(2, bool), np.array([2])), "message: arrived 2"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()
