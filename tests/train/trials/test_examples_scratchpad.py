"""Products on a scratchpad: arithmetic, causality, and decoding that equals the whole pass."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.reasoning.scratchpad import next_token_logs, reasoner, scratchpad_log_probabilities
from train.trials.examples import scratchpad

PAIRS = jnp.array([0, 4723, 9999, 1007, 5500])
FIRST, SECOND = PAIRS // 100, PAIRS % 100


@pytest.fixture
def weights():
    return reasoner(jax.random.key(0), scratchpad.TOKENS, scratchpad.LONGEST, 16)


def test_chains_are_arithmetic():
    chain = scratchpad.chains(FIRST, SECOND, "scratchpad", jax.random.key(0))
    ones, tens = scratchpad.number_of(chain[:, :3]), scratchpad.number_of(chain[:, 3:6])
    assert ones.tolist() == [0, 141, 891, 70, 0] and tens.tolist() == [0, 94, 891, 0, 0]
    assert scratchpad.number_of(chain[:, 6:]).tolist() == (ones + 10 * tens).tolist() == (FIRST * SECOND).tolist()
    assert scratchpad.chains(FIRST, SECOND, "direct", jax.random.key(0)).tolist() == chain[:, 6:].tolist()
    shuffled = scratchpad.chains(FIRST, SECOND, "shuffled", jax.random.key(1))
    assert shuffled[:, 6:].tolist() == chain[:, 6:].tolist() and shuffled[:, :6].tolist() != chain[:, :6].tolist()
    assert scratchpad.questions(FIRST, SECOND)[1].tolist() == [7, 4, 10, 3, 2]


def test_every_step_is_checked_by_itself():
    chain = scratchpad.chains(FIRST, SECOND, "scratchpad", jax.random.key(0))
    assert list(map(float, scratchpad.checked(chain, FIRST, SECOND))) == [100, 100]
    wrong_answer = chain.at[0, -1].set(9)
    assert list(map(float, scratchpad.checked(wrong_answer, FIRST, SECOND))) == pytest.approx([100, 80])
    wrong_step = chain.at[0, 1].set(1).at[0, 7].set(1)  # 0 × 0 = 10 + 00 = 10
    assert list(map(float, scratchpad.checked(wrong_step, FIRST, SECOND))) == pytest.approx([80, 100])


def test_no_product_that_is_judged_is_trained_on_in_either_order():
    known, held = (np.asarray(pairs) for pairs in scratchpad.divided(jax.random.key(3)))
    sides = [{tuple(sorted(map(int, pair))) for pair in pairs} for pairs in (known, held)]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == len(known) + len(held) == 90 * 91 // 2
    assert held[0].tolist() == [47, 23] and len(held) == scratchpad.HELD_OUT
    turned = np.asarray(scratchpad.turned(jax.random.key(4), jnp.asarray(known)))
    assert (np.sort(turned, -1) == known).all()
    assert np.mean(turned[:, 0] > turned[:, 1]) == pytest.approx(0.5, abs=0.05)


def test_a_later_token_changes_nothing_before_it(weights):
    asked = scratchpad.questions(FIRST, SECOND)
    chain = scratchpad.chains(FIRST, SECOND, "scratchpad", jax.random.key(0))
    before = next_token_logs(asked, chain, weights, heads=2)
    after = next_token_logs(asked, chain.at[:, 5].set(9), weights, heads=2)
    changed = np.abs(np.asarray(before - after)).max((0, 2))
    assert changed[:6] == pytest.approx(0, abs=1e-6) and changed[6:].min() > 1e-4


def test_the_question_reaches_every_token(weights):
    chain = scratchpad.chains(FIRST, SECOND, "scratchpad", jax.random.key(0))
    asked = scratchpad.questions(FIRST, SECOND)
    before = next_token_logs(asked, chain, weights, heads=2)
    after = next_token_logs(asked.at[:, 0].set(1), chain, weights, heads=2)
    assert np.abs(np.asarray(before - after)).max((0, 2)).min() > 1e-4


def test_the_question_is_seen_through_cross_attention_alone(weights):
    """With what it adds to the decoder at zero, no question changes anything."""
    decoder = weights.scratchpad
    deaf = jax.tree.map(jnp.zeros_like, decoder.cross)
    cut = weights._replace(scratchpad=decoder._replace(cross=deaf))
    chain = scratchpad.chains(FIRST, SECOND, "scratchpad", jax.random.key(0))
    asked = scratchpad.questions(FIRST, SECOND)
    assert (next_token_logs(asked, chain, cut) == next_token_logs(asked[::-1], chain, cut)).all()
    assert not jnp.allclose(next_token_logs(asked, chain, weights), next_token_logs(asked[::-1], chain, weights))


def test_only_positions_tell_the_order_of_a_question(weights):
    chain = scratchpad.chains(FIRST, SECOND, "scratchpad", jax.random.key(0))
    asked = scratchpad.questions(FIRST, SECOND)
    mixed = asked[:, jnp.array([3, 0, 4, 2, 1])]
    nowhere = weights._replace(places=jnp.zeros_like(weights.places))
    same, other = (next_token_logs(one, chain, nowhere, heads=2) for one in (asked, mixed))
    assert other == pytest.approx(np.asarray(same), abs=1e-4)
    apart = next_token_logs(asked, chain, weights, heads=2) - next_token_logs(mixed, chain, weights, heads=2)
    assert jnp.abs(apart).max() > 1e-2


def test_what_is_written_token_by_token_is_what_one_pass_finds_most_probable(weights):
    asked = scratchpad.questions(FIRST, SECOND)
    chain, logs = scratchpad.written(weights, asked, 10, 2)
    whole = next_token_logs(asked, chain, weights, heads=2)[..., :10]
    assert (whole.argmax(-1) == chain).all()
    own = scratchpad_log_probabilities(asked, chain, weights, heads=2)
    assert logs == pytest.approx(np.asarray(own[:, -4:].sum(-1)), abs=1e-4)


def test_a_reader_sees_what_was_written():
    chain = np.asarray(scratchpad.chains(FIRST, SECOND, "scratchpad", jax.random.key(0)))
    told = {"first": FIRST[1:2], "second": SECOND[1:2], "chain": chain[1:2], "sure": np.array([0.98])}
    assert scratchpad.tell(told, {}) == "47 × 23: 141 + 940 = 1081 (confidence 0.98)"
    wrong = told | {"chain": chain[1:2, -4:] + 1}
    assert scratchpad.tell(wrong, {}) == "47 × 23: 2192 (confidence 0.98, which is wrong: 1081)"
