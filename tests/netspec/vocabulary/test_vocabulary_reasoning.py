import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary.properties.reasoning.drawn import count, shapes_of
from netspec.vocabulary.reasoning import chains, dendrites, looking_back, scratchpad, search

FAMILY = "reasoning"


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


@pytest.mark.parametrize(
    ("weights", "sizes", "numbers"),
    [
        (looking_back.parent, (512,), 2_626_561),  # as the torch module of the document
        (looking_back.parent_layer, (512,), 4_203_008),
        (scratchpad.scratchpad, (8,), 16 * 64 + 8 * 8 + 5 * 8 + 6 * 8),
        (scratchpad.reasoner, (5, 7, 8), 12 * 8 + 12 * 64 + 13 * 8 + 16 * 64 + 19 * 8),
    ],
)
def test_weights_are_as_many_as_the_docstring_says(weights, sizes, numbers):
    assert count(shapes_of(weights, *sizes)) == numbers


def test_the_worked_sum_with_its_error():
    right = [lambda x: x + 23, lambda x: x * 2, lambda x: x - 10]

    def step(state, number, attempt):
        return right[number](state) - 2 * (number == 1 and attempt == 0)

    found = chains.checked_chain(step, lambda before, after, number: after == right[number](before), 15, 3)
    assert found == chains.Checked((38, 76, 66), ((1, 74),))


def test_a_step_that_stays_wrong_is_tried_a_bounded_number_of_times():
    tried = []
    found = chains.checked_chain(lambda *args: tried.append(args) or 0, lambda *args: False, 1, steps=2, retries=3)
    assert len(tried) == 8 and len(found.corrections) == 6


def test_all_branches_may_be_pruned():
    found = search.pruned_tree(lambda path: (1, 2), len, lambda path: 1.0, 0, depth=3)
    assert found.path is None and len(found.mistakes) == 2


def test_the_search_opens_no_more_than_the_tree_has():
    opened = []
    search.pruned_tree(lambda path: (1, 2), len, lambda path: opened.append(path) or 0.0, 0, depth=4)
    assert len(opened) == 2 + 4 + 8 + 16


X = np.ones((3, 2, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scratchpad.scratchpad_block(X, X[:1], None, heads=2), "question: arrived with shape"),
        (lambda: scratchpad.scratchpad_block(X, X, None, heads=3), "heads: arrived 3, expected a divisor"),
        (lambda: looking_back.parents_attention(X, X, None, None, threshold=1.5), "threshold: arrived 1.5"),
        (lambda: looking_back.parents_attention_layer(X[:0], None, None), "x: arrived empty"),
        (lambda: search.tree_of_thought(lambda path: (), len, 0, depth=0), "depth: arrived 0"),
        (lambda: search.tree_of_thought(lambda path: (), len, 0, depth=1, keep=0), "keep: arrived 0"),
        (lambda: search.pruned_tree(lambda path: (), len, len, 0, depth=-1), "depth: arrived -1"),
        (lambda: search.path_score(1.5, 0.5, 0.5), "validity: arrived 1.5"),
        (lambda: search.path_score(1.0, 0.5, 0.5, (0.8, 0.1, 0.2)), "expected three that sum to 1"),
        (lambda: search.diversity_loss(X[0]), "hidden: arrived with shape"),
        (lambda: chains.chain_of_thought(max, 0, 0), "steps: arrived 0"),
        (lambda: chains.checked_chain(max, max, 0, 1, retries=-1), "retries: arrived -1"),
        (lambda: chains.random_verification(jax.random.key(0), X, probability=2.0), "probability: arrived 2.0"),
        (lambda: chains.backward_anomaly_score(1.0, np.zeros(2), 1.0), "past: arrived 0.0, expected more than 0"),
        (lambda: chains.backward_anomaly_score(1.0, np.ones(2), 1.1), "consistency: arrived 1.1"),
        (lambda: chains.mistake_loss(0.0, jnp.zeros(2), np.zeros(3)), "mistaken: arrived with shape"),
        (lambda: chains.mistake_loss(0.0, jnp.zeros(2), np.zeros(2), weight=-1.0), "weight: arrived -1.0"),
        (
            lambda: dendrites.dendritic_hypergraph_conv(
                np.ones((1, 2, 2, 2, 1)), np.ones((1, 2, 2, 2, 1, 1)), np.ones((1, 8))
            ),
            "side modulo 2: arrived 0",
        ),
        (
            lambda: dendrites.dendritic_hypergraph_conv(
                np.ones((1, 2, 2, 2, 1)), np.ones((1, 1, 1, 1, 1, 1)), np.zeros((1, 8))
            ),
            "members of an edge: arrived 0.0",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()


def test_token_numbers_and_lengths_are_checked():
    weights = scratchpad.reasoner(jax.random.key(0), vocabulary=3, longest=2, channels=2)
    with pytest.raises(VocabularyError, match="chain: arrived 3, expected a number from 0 to 2"):
        scratchpad.scratchpad_log_probabilities(np.zeros((1, 1), int), np.array([[3]]), weights)
    with pytest.raises(VocabularyError, match="question, tokens: arrived 5, expected a number from 1 to 2"):
        scratchpad.scratchpad_log_probabilities(np.zeros((1, 5), int), np.array([[0]]), weights)
