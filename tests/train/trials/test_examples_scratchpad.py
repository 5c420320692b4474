"""Products with steps: what is written is arithmetic, later tokens and other questions stay out, decoding is greedy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.reasoning.scratchpad import next_token_logs
from train.trials.examples import scratchpad as trial

HEADS = 2
PAIRS = jnp.asarray([(47, 23), (99, 99), (10, 10)])


@pytest.fixture(scope="module")
def weights():
    return trial.drawn(jax.random.key(0), 8)


def _logs(weights, chain, pairs=PAIRS):
    return next_token_logs(trial.questions(pairs), chain, weights, heads=HEADS)


def test_steps_of_the_printed_product_are_those_of_the_document():
    question, chain = trial.questions(PAIRS)[0], trial.chains(PAIRS, "scratchpad")[0]
    assert question.tolist() == [4, 7, 2, 3]
    assert chain.tolist() == [0, 4, 9, 0, 1, 4, 1, 1, 8, 0, 1]  # 940, 141 and 1081 from the right
    assert trial.chains(PAIRS, "direct")[0].tolist() == [1, 8, 0, 1]
    assert trial.chains(PAIRS, "dots")[0].tolist() == [trial.DOT] * 7 + [1, 8, 0, 1]


def test_every_chain_adds_up():
    every = jnp.asarray([(a, b) for a in range(10, 100) for b in range(10, 100)])
    chain = trial.chains(every, "scratchpad")
    assert trial.followed(chain).all()
    assert (trial.number(chain[:, trial.STEPS :]) == every.prod(1)).all()
    assert (trial.number(chain[:, : trial.TENS]) == every[:, 0] * (every[:, 1] // 10) * 10).all()
    assert not trial.followed(chain.at[:, -1].add(1)).any()


def test_no_product_is_trained_on_and_held_out():
    pairs, held = map(np.asarray, trial.divided(jax.random.key(1), 100))
    assert tuple(held[0]) == trial.PRINTED and len(held) == 100 and len(pairs) == 90 * 91 // 2 - 100
    seen, kept = ({tuple(sorted(pair)) for pair in some.tolist()} for some in (pairs, held))
    assert len(seen) == len(pairs) and len(kept) == 100 and not seen & kept
    assert (held[:, 0] > held[:, 1]).any() and (held[:, 0] < held[:, 1]).any()


@pytest.mark.exhaustive
@pytest.mark.parametrize("at", [0, 4, 10])
def test_a_token_changes_what_follows_alone(weights, at):
    chain = trial.chains(PAIRS, "scratchpad")
    before, after = _logs(weights, chain), _logs(weights, chain.at[:, at].set(trial.DOT))
    assert (before[:, : at + 1] == after[:, : at + 1]).all()
    assert at == 10 or (jnp.abs(before - after)[:, at + 1 :].max(-1) > 1e-4).all()


@pytest.mark.exhaustive
def test_the_question_is_read_through_attention_to_it_alone(weights):
    chain = trial.chains(PAIRS, "scratchpad")
    read, other = _logs(weights, chain), _logs(weights, chain, PAIRS[::-1])
    assert (jnp.abs(read - other)[0].max(-1) > 1e-4).all()
    block = weights.scratchpad
    output = jax.tree.map(jnp.zeros_like, block.cross.output)
    blind = weights._replace(scratchpad=block._replace(cross=block.cross._replace(output=output)))
    assert (_logs(blind, chain) == _logs(blind, chain, PAIRS[::-1])).all()


def test_writing_token_by_token_equals_a_pass_over_the_whole(weights):
    chain, logs = trial.written(weights, trial.questions(PAIRS), jnp.full((3, 11), -1), HEADS)
    whole = _logs(weights, chain)
    assert (chain == whole.argmax(-1)).all()
    assert logs == pytest.approx(np.asarray(whole.max(-1)), abs=1e-5)


def test_the_answer_alone_is_written_where_steps_are_put_in(weights):
    given = trial.swapped(PAIRS)
    put, logs = trial.written(weights, trial.questions(PAIRS), given, HEADS)
    assert (put[:, : trial.STEPS] == given[:, : trial.STEPS]).all()
    assert trial.number(put[:, : trial.TENS]).tolist() == [8910, 100, 940]  # from the next question
    assert trial.number(put[:, trial.TENS : trial.STEPS]).tolist() == [141, 891, 0]
    whole = _logs(weights, put)
    assert (put[:, trial.STEPS :] == whole[:, trial.STEPS :].argmax(-1)).all()
    assert logs == pytest.approx(np.asarray(jnp.take_along_axis(whole, put[..., None], -1)[..., 0]), abs=1e-5)


def test_reliability_is_the_share_right_in_a_tenth():
    confidence = jnp.asarray([0.05] * 8 + [0.95] * 10 + [0.55] * 4 + [1.0] * 10)
    correct = jnp.asarray([True, False] * 4 + [True] * 9 + [False] + [True] * 4 + [True] * 10)
    found = np.asarray(trial.reliability(confidence, correct))
    assert found[[0, 9]].tolist() == pytest.approx([50, 95])
    assert np.isnan(np.delete(found, [0, 9])).all()  # four answers are too few to tell


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["scratchpad", "direct"])
def test_every_weight_is_trained(kind):
    with jax.enable_x64():
        weights, chain = trial.drawn(jax.random.key(0), 8), trial.chains(PAIRS, kind)
        slope = jax.jit(jax.grad(lambda w: trial.surprise(_logs(w, chain), chain)))(weights)
        largest = jax.device_get(jax.tree.map(lambda leaf: jnp.abs(leaf).max(), slope))
    # what is added to all keys alike falls out of a softmax
    named = jax.tree_util.tree_leaves_with_path(largest)
    still = [jax.tree_util.keystr(path) for path, leaf in named if leaf < 1e-12]
    assert all(name.endswith(".key.bias") for name in still) and len(still) == 3


def test_a_product_is_told_as_it_was_written():
    told = {
        "pairs": np.asarray([(47, 23), (47, 23)]),
        "chain": np.asarray(trial.chains(jnp.asarray([(47, 23), (46, 23)]), "scratchpad")),
        "confidence": np.asarray([0.98, 0.5]),
    }
    first, second = trial.tell(told, {}).split("; ")
    assert first == "47 × 23 = 940 + 141 = 1081, sure to 98 %"
    assert second == "47 × 23 = 920 + 138 = 1058, which is wrong (1081), sure to 50 %"
    dots = {**told, "chain": np.asarray(trial.chains(told["pairs"], "dots"))}
    assert trial.tell(dots, {}).startswith("47 × 23 = ···· + ··· = 1081, sure")
