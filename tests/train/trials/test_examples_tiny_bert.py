"""A tiny BERT: what is hidden and what sees what, which heads read what, and that counts are chances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.trials.examples import passages, tiny_bert

PIECES, PASSAGE = 50, 5
SIZES = {"pieces": PIECES, "passage": PASSAGE, "width": 8, "heads": 2, "blocks": 2}


@pytest.fixture(scope="module")
def params():
    drawn = tiny_bert.drawn(jax.random.key(0), SIZES)
    follows = {"kernel": jax.random.normal(jax.random.key(1), (8, 2)), "bias": jnp.zeros(2)}
    return {**drawn, "follows": follows}


@pytest.fixture
def tokens():
    first, second = jax.random.randint(jax.random.key(2), (2, 3, PASSAGE), 0, PIECES)
    return passages.joined(first, second, PIECES)


@pytest.mark.exhaustive
@pytest.mark.parametrize("causal", [False, True])
def test_every_token_sees_all_or_those_before_it(params, tokens, causal):
    """Moves the state of one place and looks which others it reached."""
    at = 4
    with jax.enable_x64(True):
        weights = jnp.arange(8.0) ** 2
        slope = jax.jacobian(lambda size: nudged(params, tokens, causal, at, size * weights))(0.0)
    reached = np.abs(np.asarray(slope)).max(-1) > 1e-9
    assert reached[at:].all() and reached[:at].all() == (not causal) and reached[:at].any() == (not causal)


def nudged(params, tokens, causal, at, nudge):
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), params)
    tables = {**params["tables"], "places": params["tables"]["places"].at[at].add(nudge)}
    return tiny_bert.encoded({**params, "tables": tables}, tokens, 2, causal=causal)[0]


def test_one_in_so_many_is_hidden_and_shown_by_80_10_and_10():
    count, passage, pieces = 4000, 15, 600
    tokens = passages.joined(*jax.random.randint(jax.random.key(0), (2, count, passage), 0, pieces), pieces)
    shown, places = passages.hidden(jax.random.key(1), tokens, 4, pieces, passage)
    own, seen = (np.asarray(jnp.take_along_axis(one, places, axis=1)) for one in (tokens, shown))
    n = own.size
    # A token drawn in place of another is the same one time in 600.
    for found, chance in (
        (seen == pieces + 2, 0.8),
        ((seen != own) & (seen < pieces), 0.1 * (1 - 1 / 600)),
        (seen == own, 0.1 + 0.1 / 600),
    ):  # fmt: skip
        assert found.mean() == pytest.approx(chance, abs=3 * np.sqrt(chance * (1 - chance) / n))
    marks = np.asarray(tokens) >= pieces
    assert (np.asarray(shown)[marks] == np.asarray(tokens)[marks]).all()
    each = np.bincount(np.asarray(places).ravel(), minlength=2 * passage + 3)
    share = 4 / (2 * passage)
    assert each[[0, passage + 1, 2 * passage + 2]].tolist() == [0, 0, 0]
    spread = np.abs(each[passages.words(passage)] / count - share)
    assert spread.max() < 4.5 * np.sqrt(share * (1 - share) / count)
    changed = (np.asarray(shown) != np.asarray(tokens)).sum(1)
    assert changed.max() <= 4


def test_only_the_first_places_are_hidden_where_so_many_are_asked_for(tokens):
    shown, places = passages.hidden(jax.random.key(1), tokens, 6, PIECES, PASSAGE, passages.ALL_MASKED, 2)
    seen = np.asarray(jnp.take_along_axis(shown, places, axis=1))
    assert (seen[:, :2] == PIECES + 2).all() and (seen[:, 2:] < PIECES).all()


@pytest.mark.exhaustive
def test_the_loss_reads_hidden_places_alone_and_the_second_head_reads_cls_alone(params, tokens):
    places = jnp.array([[1, 3], [2, 8], [4, 9]])
    states = tiny_bert.encoded(params, tokens, 2, causal=False)
    told = jax.grad(lambda s: tiny_bert.told(params, s, places).sum() + (tiny_bert.told(params, s, places) ** 2).sum())
    read = np.abs(np.asarray(told(states))).max(-1) > 0
    assert [np.flatnonzero(row).tolist() for row in read] == places.tolist()
    follows = jax.grad(lambda s: tiny_bert.follows(params, s)[:, 1].sum())
    assert np.flatnonzero((np.abs(np.asarray(follows(states))) > 0).any((0, 2))).tolist() == [0]


@pytest.mark.exhaustive
def test_the_objective_is_the_nats_of_both_heads(params, tokens):
    places, pairs = jnp.array([[1, 3], [2, 8], [4, 9]]), jnp.array([True, False, True])
    alone, both = (
        float(tiny_bert.objective(params, tokens, tokens, places, which, 2, causal=False)) for which in (None, pairs)
    )
    states = tiny_bert.encoded(params, tokens, 2, causal=False)
    chances = np.asarray(jax.nn.softmax(tiny_bert.told(params, states, places)))
    answers = np.take_along_axis(np.asarray(tokens), np.asarray(places), axis=1)
    assert alone == pytest.approx(-np.log(np.take_along_axis(chances, answers[..., None], -1)).mean(), rel=1e-5)
    second = np.asarray(tiny_bert.follows(params, states))[np.arange(3), [1, 0, 1]]
    assert both - alone == pytest.approx(-np.log(second).mean(), rel=1e-4)


@pytest.mark.exhaustive
def test_every_weight_is_trained(params, tokens):
    places = jnp.array([[1, 3], [2, 8], [4, 9]])
    slope = jax.grad(tiny_bert.objective)(
        params, tokens, tokens, places, jnp.array([True, False, True]), 2, causal=False
    )
    assert all(jnp.abs(leaf).max() > 0 for leaf in jax.tree.leaves(slope))


def test_pairs_follow_or_do_not():
    tokens = jnp.arange(1000)
    first, second, follows = passages.pairs(jax.random.key(0), tokens, 400, PASSAGE, always=False)
    really = np.asarray(second[:, 0] == first[:, -1] + 1)
    assert (really[np.asarray(follows)]).all() and really[~np.asarray(follows)].mean() < 0.02
    assert follows.mean() == pytest.approx(0.5, abs=0.08)
    first, second, follows = passages.pairs(jax.random.key(0), tokens, 40, PASSAGE, always=True)
    assert bool(follows.all()) and (second[:, 0] == first[:, -1] + 1).all()


def test_counts_are_chances_and_find_what_always_stands_beside():
    tokens = np.tile([0, 1, 2, 3], 200)
    left, right = (passages.beside(tokens, 4, right=one) for one in (False, True))
    assert np.exp(left).sum(1) == pytest.approx(1) and np.exp(right).sum(1) == pytest.approx(1)
    assert np.exp(left[1, 2]) == pytest.approx(200.25 / 201, abs=2e-3)  # one follower: (200 + 1 · ¼) / (200 + 1)
    assert np.exp(right[1, 0]) == pytest.approx(200.25 / 201, abs=2e-3)
    assert left[5] == pytest.approx(passages.unigram(tokens, 4))  # beside [SEP] nothing was counted
    text = passages.Text(None, tokens, tokens, None)
    shown, places = jnp.array([[4, 0, 6, 2, 5, 3, 0, 1, 5]]), jnp.array([[2, 1]])
    scores = tiny_bert.counted("neighbours", text, 4)(shown, places)
    assert scores[0, 0].argmax() == 1 and jnp.exp(scores[0]).sum(-1) == pytest.approx(np.ones(2), abs=1e-5)


def test_a_paragraph_is_a_line_without_long_rows_of_signs():
    assert passages.running("  a\n  b\n\n======= x_____y\n\n\n") == "a b\n=== x_____y\n"


def test_the_text_of_topics_is_held_out():
    text = passages.text(400, 6)
    assert text.by_topic.shape[::2] == (passages.TOPICS, 12) and text.by_topic.shape[1] > 10
    assert text.pieces.decode(text.held_out[:40].tolist()) in passages.running(
        passages.python_topics(passages.HELD_OUT).splits["val"]
    )
    assert max(text.train.max(), text.held_out.max()) < 400


@pytest.mark.exhaustive
def test_a_topic_that_shows_is_told():
    x = 0.1 * jax.random.normal(jax.random.key(0), (3, 20, 4)) + jnp.eye(3, 4)[:, None]
    assert tiny_bert.probed(jax.random.key(1), x) == 100
    assert tiny_bert.probed(jax.random.key(1), jnp.zeros((3, 20, 4))) == pytest.approx(100 / 3)


def test_what_was_done_is_told_in_words():
    sizes = {**tiny_bert.TRIAL.settings, **tiny_bert.TRIAL.smoke}
    learned = passages.text(sizes["pieces"], sizes["passage"])
    shown = np.array([400, *learned.held_out[:6], 401, *learned.held_out[6:12], 401])
    found = {"shown": shown, "places": np.array([2]), "scores": np.eye(1, 403, int(learned.held_out[1])) * 20}
    said = tiny_bert.tell(found, sizes)
    assert said.startswith("[CLS]") and said.count("«") == 1 and ", 1.00»" in said
