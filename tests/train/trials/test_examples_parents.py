"""Trees and chains that a detector watches: exact checks, pruning, retries, and what switching off leaves."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from netspec.vocabulary.reasoning.chains import chain_of_thought, checked_chain
from train.trials import find
from train.trials.examples import alone, branches, chain_parents, equations, steps, sums, tree_parents, watching
from train.trials.examples.bench import SETTINGS, SMOKE, bench

SIZES = {**SETTINGS, **SMOKE, "channels": 8}
NAMES = ("examples.tree_parents", "examples.chain_parents")


@pytest.fixture(scope="module")
def model():
    return steps.drawn(jax.random.key(0), sums.LAYOUT, 16, 2)


@pytest.mark.exhaustive
def test_keys_and_values_that_are_kept_write_what_the_whole_pass_does(model):
    layout = sums.LAYOUT
    tokens = jnp.pad(sums.asked(jax.random.key(1), 5), ((0, 0), (0, layout.length - layout.question)))
    count = layout.length - layout.question
    found = steps.write(model, tokens, layout.question, jax.random.key(2), 0.0, count)
    for place in range(layout.question, layout.length):
        said = jnp.argmax(steps.logits(model, steps.states(model, tokens)[:, place - 1]), -1)
        tokens = tokens.at[:, place].set(said)
    assert jnp.array_equal(found, tokens)
    assert len({*map(int, found[:, layout.question :].ravel())}) > 2


@pytest.mark.exhaustive
def test_symbols_are_drawn_as_often_as_the_model_has_them(model):
    layout = sums.LAYOUT
    tokens = jnp.tile(jnp.pad(sums.asked(jax.random.key(1), 1), ((0, 0), (0, 9))), (4000, 1))
    found = steps.write(model, tokens, layout.question, jax.random.key(2), 1.0, 1)[:, layout.question]
    p = jax.nn.softmax(steps.logits(model, steps.states(model, tokens[:1])[0, layout.question - 1]))
    assert jnp.abs(jnp.bincount(found, length=layout.symbols) / 4000 - p).max() < 4 * np.sqrt(0.25 / 4000)


@pytest.mark.exhaustive
def test_surprises_of_a_step_are_those_of_its_symbols(model):
    tokens = sums.solutions(jax.random.key(1), 3)
    found = steps.surprises(model, tokens, steps.states(model, tokens))
    by_step = steps.by_step(sums.LAYOUT, found)
    assert by_step.shape == (3, 3)
    assert jnp.allclose(by_step[:, 1], found[:, 13:16].sum(-1), atol=1e-6)


def test_moves_keep_the_solution_but_the_wrong_one():
    rows = jnp.array(equations.every())
    start = equations.asked(rows)
    for move in (equations.SUBTRACT, equations.TRY, equations.DIVIDE):  # c // a and b // a lose the same remainder
        assert equations.follows(start, equations.moved(start, jnp.full(len(rows), move))).all()
    alone = equations.follows(start, equations.moved(start, jnp.full(len(rows), equations.WRONG)))
    assert not alone[start.b >= start.a].any() and not alone.all()


@pytest.mark.exhaustive
def test_the_check_of_equations_is_exact():
    rng = np.random.default_rng(0)
    before, after = (
        equations.Equation(rng.integers(1, 10, 2000), rng.integers(0, 9, 2000), rng.integers(0, 40, 2000))
        for _ in range(2)
    )
    found = equations.follows(before, after)
    roots = [
        [Fraction(int(c - b), int(a)) for a, b, c in zip(*one, strict=True)] for one in (before, after)
    ]  # fmt: skip
    assert found.tolist() == [one == other for one, other in zip(*roots, strict=True)]
    assert 5 < sum(found.tolist()) < 500
    unread = equations.read(jnp.array([[2, 0, 7, 0, equations.TRY, 5]]))
    assert int(unread.c[0]) == -1 and not equations.follows(unread, unread)[0]


@pytest.mark.exhaustive
def test_solutions_of_equations_are_right_unless_errors_are_planted():
    rows = jnp.array(equations.every())
    calm = equations.solutions(jax.random.key(0), rows)
    assert not equations.wrong(calm).any()
    assert jnp.array_equal(equations.answers(calm), rows[:, 2])
    off = (equations.wrong(equations.solutions(jax.random.key(0), rows, planted=True))).any(-1)
    assert 0.35 < off.mean() < 0.5  # an error at a second step needs one
    learned = equations.wrong(equations.solutions(jax.random.key(0), rows, wrong=True)).any(-1)
    assert 0.05 < learned.mean() < 0.2


def _written(*results):
    """(15 + 23) × 2 − 10 with these results."""
    question = [1, 5, sums.PLUS, 2, 3, sums.TIMES, 0, 2, sums.MINUS, 1, 0]
    return jnp.array([question + [int(digit) for one in results for digit in f"{one:03}"]])


def test_the_worked_sum_is_checked_step_by_step():
    assert sums.wrong(_written(38, 76, 66)).tolist() == [[False, False, False]]
    assert sums.wrong(_written(38, 74, 64)).tolist() == [[False, True, False]]
    assert int(sums.right(_written(0, 0, 0))[0]) == 66 == int(sums.answers(_written(38, 76, 66))[0])
    assert sums.shown(_written(38, 74, 64)[0]) == "15 + 23 = 38, × 2 = 74, − 10 = 64"


@pytest.mark.exhaustive
def test_sums_are_right_unless_an_error_is_planted():
    calm = sums.solutions(jax.random.key(0), 2000)
    assert not sums.wrong(calm).any() and jnp.array_equal(sums.answers(calm), sums.right(calm))
    assert max(int(one.max()) for one in sums.results(calm)) <= sums.LARGEST
    assert {*map(int, calm[:, 2])} == {*sums.OPERATIONS}
    wrong = sums.wrong(sums.solutions(jax.random.key(0), 2000, planted=True))
    assert 0.45 < wrong.any(-1).mean() < 0.55 and (wrong.sum(-1) <= 2).all()


def _tree(wrong):
    """A tree of one question of which the document's second path is wrong, and the first is most probable."""
    surprise = np.ones((1, 4, 4, 2)) + np.arange(4)[:, None, None]
    surprise[0, 1] = 0.1
    answers = np.arange(16).reshape(1, 4, 4)
    return branches.Tree(np.zeros((1, 4, 4, 20), int), surprise, wrong, np.zeros((1, 4), bool), answers)


def test_a_wrong_branch_is_pruned_and_logged_and_right_ones_live():
    wrong = np.zeros((1, 4, 4, 2), bool)
    wrong[0, 1, :, 0] = True
    tree = _tree(wrong)
    whole = branches.searched(tree, 0, None, np.inf)
    assert (whole.path[1], whole.steps, whole.checks, whole.mistakes) == (1, 4 + 16, 0, ())
    pruned = branches.searched(tree, 0, wrong * 1.0, 0.5)
    assert (pruned.path[1:], pruned.answer) == ((0, 0), 0)
    assert pruned.mistakes == (((0, 1), 1.0),)
    assert (pruned.steps, pruned.checks) == (4 + 12, 4 + 12)
    nothing = branches.searched(tree, 0, np.ones_like(wrong, float), 0.5)
    assert (nothing.path, nothing.answer, nothing.steps) == (None, -1, 4)


def test_a_branch_that_has_solved_the_equation_is_not_continued():
    tree = _tree(np.zeros((1, 4, 4, 2), bool))._replace(first_solves=np.array([[False, True, True, True]]))
    found = branches.searched(tree, 0, None, np.inf)
    assert (found.path[1:], found.steps) == ((1,), 4 + 4)


def test_a_path_without_an_answer_comes_last():
    tree = _tree(np.zeros((1, 4, 4, 2), bool))
    tree.answers[0, 1] = -1
    assert branches.searched(tree, 0, None, np.inf).path[1:] == (0, 0)


@pytest.fixture(scope="module")
def made():
    return bench(chain_parents.PROBLEM, jax.random.key(3), SIZES)


@pytest.mark.exhaustive
def test_switched_off_the_chain_is_that_of_the_model_symbol_by_symbol(made):
    plain = chain_parents.Retried(made, jax.random.key(0), None, np.inf)
    control = chain_of_thought(plain.step, made.questions, 3)[-1]
    for scores, threshold in ((None, np.inf), (lambda rows: np.ones((len(rows), 3)), 1.0)):
        off = chain_parents.Retried(made, jax.random.key(1), scores, threshold)
        found = checked_chain(off.step, off.fits, made.questions, 3, retries=2)
        assert np.array_equal(found.states[-1], control) and not found.corrections
        assert off.written == 3 * len(control)


@pytest.mark.exhaustive
def test_only_what_is_stopped_is_written_again_and_not_for_ever(made):
    stopped = np.arange(len(made.questions)) % 2 == 0

    def scores(rows):
        return np.repeat(stopped[:, None], 3, axis=1) * 1.0

    chain = chain_parents.Retried(made, jax.random.key(0), scores, 0.5)
    found = checked_chain(chain.step, chain.fits, made.questions, 3, retries=2).states[-1]
    control = chain_of_thought(chain_parents.Retried(made, chain.key, None, 1).step, made.questions, 3)[-1]
    assert np.array_equal(found[~stopped], control[~stopped])
    assert (found[stopped] != control[stopped]).any()
    assert chain.written == chain.checked == 3 * (len(stopped) + 2 * stopped.sum())


def test_the_exact_check_leaves_no_more_wrong_steps_than_there_were(made):
    trial = find("examples.chain_parents")
    found = {
        name: trial.make(name, {**trial.settings, **SIZES})(jax.random.key(5), 0.01) for name in ("plain", "exact")
    }
    assert found["plain"]["ratio"] == pytest.approx(1) and found["plain"]["steps"] == 3
    assert found["exact"]["ratio"] > 1 and found["exact"]["accuracy"] >= found["plain"]["accuracy"]


@pytest.mark.exhaustive
def test_the_loss_of_mistakes_reaches_every_weight_of_the_detector(made):
    layout, tokens = made.problem.layout, made.learning.tokens[:6]
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), made.model)
        weights = jax.tree.map(
            lambda leaf: jnp.asarray(leaf, jnp.float64), watching.start("trained", jax.random.key(0), layout, 8)
        )
        found = steps.states(wide, tokens)

        @jax.jit
        def loss(weights):
            return jnp.log(watching.trained(layout, weights, wide, tokens, found)).sum()

        slopes = jax.grad(loss)(weights)
        check_grads(loss, (weights,), order=1, modes=["rev"])
        silent = [
            jax.tree_util.keystr(path) for path, leaf in jax.tree.leaves_with_path(slopes) if not jnp.abs(leaf).max()
        ]
    assert all("key.bias" in one for one in silent)  # a softmax does not see what is added to all scores


def test_the_area_is_how_often_a_wrong_step_scores_above_a_right_one():
    rng = np.random.default_rng(0)
    scores, wrong = rng.integers(0, 9, 200) * 1.0, rng.random(200) < 0.3
    one, other = scores[wrong][:, None], scores[~wrong]
    assert watching.area(scores, wrong) == pytest.approx(np.mean((one > other) + 0.5 * (one == other)))
    assert watching.area(-scores, wrong) == pytest.approx(1 - watching.area(scores, wrong))
    assert np.isnan(watching.area(scores, np.zeros(200, bool)))


def test_no_more_right_steps_are_stopped_than_allowed():
    rng = np.random.default_rng(0)
    scores, wrong = rng.normal(size=4000), rng.random(4000) < 0.5
    scores[wrong] += 1
    curve = watching.caught(scores, wrong)
    assert (np.diff(curve) >= 0).all() and (curve[0], curve[-1]) == (curve.min(), 100)
    assert curve[watching.ALARMS.index(5)] == pytest.approx(25.9, abs=3)  # 1 − Φ(1.645 − 1)
    assert watching.caught(np.ones(10), np.arange(10) < 5, (0, 5, 50)).tolist() == [0, 0, 0]


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("name", "variant"), [(name, v) for name in NAMES for v in find(name).variants])
def test_every_variant_gives_figures_of_its_trial(name, variant):
    trial = find(name)
    sizes = {**trial.settings, **SIZES}
    found = dict(trial.make(variant, sizes)(jax.random.key(0), 0.01))
    assert set(found) <= {f.name for f in trial.figures} | {one.name for one in trial.series} | {"params", "told"}
    assert {"accuracy", "ratio", "params"} <= set(found) and 0 <= found["accuracy"] <= 100
    for one in trial.series:
        assert one.name not in found or len(found[one.name]) == len(one.at(sizes))
    if "told" in found:
        assert "=" in trial.tell(found["told"], sizes)


@pytest.mark.exhaustive
def test_a_tree_is_the_same_every_time():
    made = bench(tree_parents.PROBLEM, jax.random.key(3), SIZES)
    one, other = branches.grown(made), branches.grown(made)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert one.tokens[0, :, 0, 6].tolist() == list(equations.MOVES[:4]) == one.tokens[0, 2, :, 13].tolist()
    assert np.array_equal(one.tokens[0, 1, 0, :13], one.tokens[0, 1, 3, :13])


def test_votes_and_what_a_cost_is_enough_for():
    answers = np.array([[3, 5, 5, -1], [-1, -1, 2, -1], [7, 8, 8, 7], [-1, -1, -1, -1]])
    assert alone.voted(answers).tolist() == [5, 2, 7, -1]
    model = alone.Alone(np.zeros(4), 2.0, 50.0, 10.0, np.array([40.0, 45.0, 60.0]), np.array([10.0, 19.0, 28.0]))
    assert [alone.enough(model, cost) for cost in (5, 10, 18, 19, 100)] == [1, 1, 1, 2, 3]
    assert [alone.beyond(model, 55, cost) for cost in (5, 19, 28)] == [5, 5, -5]


@pytest.mark.exhaustive
def test_costs_are_those_of_the_products_that_are_made(model):
    layout, c = sums.LAYOUT, 16
    blocks = 2 * (12 * c * c + 2 * layout.length * c)
    assert watching.written(layout, model) == blocks + layout.symbols * c
    weights = watching.start("trained", jax.random.key(0), layout, c)
    found = watching.cost(layout, model, lambda *given: watching.trained(layout, weights, *given))
    before = [layout.place(step) for step in range(layout.steps)]
    per_step = [6 * 3 * c * c + 2 * at * c * c + 2 * 3 * 3 * c + 2 * 3 * at * c + 3 * (2 * c * c + c) for at in before]
    assert found == pytest.approx(sum(per_step) / 3)
