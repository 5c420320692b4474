"""Guardrails are ranked as they should be, on sentences and embeddings that are what they are said to be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.trials import guardrails, sentences


@pytest.mark.exhaustive
def test_the_area_counts_pairs_and_half_of_those_that_tie():
    area, _ = guardrails.ranked(jnp.array([0.9, 0.8, 0.3, 0.1]), jnp.array([True, False, True, False]))
    assert area == pytest.approx(75)
    area, curve = guardrails.ranked(jnp.zeros(6), jnp.arange(6) < 2)
    assert area == pytest.approx(50) and curve.tolist() == pytest.approx(list(guardrails.ALARMS), abs=1e-4)


def test_a_rule_has_a_curve_of_two_straight_lines():
    """Three hits of four at one false alarm of five: half of the hits and of what it does not flag, each at a guess."""
    hit = jnp.array([1, 1, 1, 0, 1, 0, 0, 0, 0], float)
    found = guardrails.judged(hit, hit > 0, jnp.arange(9) < 4)
    assert found["caught"] == pytest.approx(75) and found["alarms"] == pytest.approx(20)
    assert found["errors"] == pytest.approx((25 + 20) / 2)
    assert found["auc"] == pytest.approx(50 + (75 - 20) / 2)
    curve = dict(zip(guardrails.ALARMS, found["roc"].tolist(), strict=True))
    assert curve[0] == 0 and curve[10] == pytest.approx(37.5, rel=1e-4) and curve[100] == pytest.approx(100)


@pytest.mark.exhaustive
def test_the_area_is_that_of_all_pairs():
    scores = jax.random.normal(jax.random.key(0), (60,)).round(1)
    positive = jax.random.bernoulli(jax.random.key(1), 0.4, (60,))
    ahead = scores[positive][:, None] - scores[~positive]
    assert guardrails.ranked(scores, positive)[0] == pytest.approx(
        100 * float(jnp.mean((ahead > 0) + (ahead == 0) / 2)), rel=1e-5
    )


def test_the_printed_phrases_flag_who_leaves_utah_and_whole_words_do_not():
    texts = sentences.overrides()
    harmless = texts.rules["printed"][~texts.attempts]
    assert harmless[0].all() and not texts.rules["whole"][~texts.attempts][0].any()  # "… you are now leaving …"
    aboveground = sentences.TRICKY.index("disregard all aboveground cables near {}")
    assert harmless[aboveground].all() and not texts.rules["whole"][~texts.attempts][aboveground].any()
    assert texts.attempts.sum() * 2 == len(texts.attempts) and texts.words.shape[:2] == texts.rules["whole"].shape
    everyday = slice(len(sentences.TRICKY), None)
    assert not harmless[everyday].any()


@pytest.mark.exhaustive
def test_a_trained_detector_is_judged_on_templates_and_words_that_it_never_saw(monkeypatch):
    """With a word of its own for each template and each filling it knows nothing: a coin."""
    texts = sentences.overrides()
    templates, fillings, _ = texts.words.shape
    own = np.zeros((templates, fillings, templates + fillings), np.float32)
    for template in range(templates):
        for filling in range(fillings):
            own[template, filling, [template, templates + filling]] = 1
    blind = sentences.Texts(own, texts.attempts, texts.rules)
    monkeypatch.setattr(guardrails, "_texts", lambda: blind)
    found = guardrails.make("words", {"steps": 40})(jax.random.key(0), 0.1)
    assert found["auc"] == pytest.approx(50)


@pytest.mark.exhaustive
def test_claims_agree_with_facts_in_what_their_kind_says():
    claim, fact, kind = guardrails.claimed(jax.random.key(0), 900)
    off = jnp.abs(claim - fact).reshape(900, 2, -1).mean(-1)
    near = 2 * 0.3 / jnp.sqrt(jnp.pi)  # the mean size of a difference of two noises
    for number, (what, which) in enumerate(((True, True), (False, False), (True, False))):
        mean = off[kind == number].mean(0)
        assert (float(mean[0]) == pytest.approx(float(near), rel=0.05)) == what
        assert (float(mean[1]) == pytest.approx(float(near), rel=0.05)) == which


def test_harm_is_where_topic_and_intent_come_together():
    x, harm, _ = guardrails.harmful(jax.random.key(0), 4000)
    both = (x[:, :4].max(1) > 1) & (x[:, 4] > 1)
    assert harm.sum(1).max() == 1
    assert float(jnp.mean(harm.any(1))) == pytest.approx(1 / 3, abs=0.03)
    assert float(jnp.mean(both == harm.any(1))) > 0.85


SIZES = {"examples": 400, "judged": 400, "steps": 150}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("variant", "low", "high"), [("beside", 40, 60), ("compared", 95, 100)])
def test_a_linear_map_of_both_side_by_side_cannot_compare_them(variant, low, high):
    found = guardrails.make(variant, SIZES)(jax.random.key(1), 0.03)
    assert low < found["auc"] <= high
