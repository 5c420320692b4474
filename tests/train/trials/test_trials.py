"""Trials run, continue where they stopped, refuse what they do not know; planted effects come out as planted."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from report.trials import diagram, verdicts
from train import __main__ as trainer
from train.config.schema import ConfigError
from train.config.terms import terms
from train.tasks.base import Metric
from train.trials import TRIALS, base, command, drawing, find, graphs
from train.trials.settings import check_names, read

CONFIG = Path(__file__).parents[3] / "config"
FILES = sorted([*CONFIG.glob("trials/*.yaml"), *CONFIG.glob("examples/*.yaml")])
#: The variants of trials that are programs of arrays and make their data; the others have tests of their own.
COMPILED = [
    (name, variant) for name in TRIALS for variant in find(name).variants if find(name).compiled and not find(name).load
]


def test_every_trial_has_a_file():
    assert {read(path).trial for path in FILES} == {*TRIALS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_name_what_their_trials_have(path):
    settings = read(path)
    trial = find(settings.trial)
    check_names(settings, trial.variants, [one.name for one in trial.figures], path)
    assert len(settings.seeds) >= 3 and len(settings.claims) >= (3 if settings.lines else 5)
    assert (path.parent.name == "examples") == bool(settings.lines and settings.drawing)
    assert all(claim["smallest"] > 0 for claim in settings.claims)
    assert all(terms(claim) for claim in settings.claims)


@pytest.mark.parametrize("path", [path for path in FILES if read(path).drawing], ids=lambda path: path.stem)
def test_an_example_is_drawn_with_every_sign_it_has(path):
    """A glyph that the font lacks is a warning, and so an error here."""
    assert diagram.drawn(read(path).drawing).startswith(b"<?xml")


@pytest.mark.thinned(4)
@pytest.mark.parametrize(("name", "variant"), COMPILED)
def test_every_variant_gives_the_figures_of_its_trial(name, variant):
    trial = find(name)
    sizes = {**trial.settings, **trial.smoke}
    found = dict(jax.eval_shape(trial.make(variant, sizes), jax.random.key(0), 0.1))
    assert ("told" in found) <= (trial.tell is not None)
    found.pop("told", None)
    for one in trial.series:
        if one.name in found:
            assert found.pop(one.name).shape == (len(one.at(sizes)),)
    figures = {one.name for one in trial.figures}
    # what a variant cannot have, such as steps where it writes none, it leaves out
    assert {trial.figures[0].name, "params"} <= found.keys() <= figures | {"params"}
    assert all(jnp.shape(value) == () for value in found.values())


def test_adam_finds_the_least_square():
    target = jnp.array([1.0, -2.0])
    found = base.fit(lambda w, key: jnp.sum((w - target) ** 2), jnp.zeros(2), jax.random.key(0), 400, 0.05)
    assert jnp.allclose(found, target, atol=1e-3)


def test_the_distance_of_shifted_pictures_is_the_square_of_the_shift():
    one = jax.random.normal(jax.random.key(0), (500, 3))
    assert drawing.frechet(one, one) == pytest.approx(0, abs=1e-4)
    assert drawing.frechet(one, one + jnp.array([3.0, 0, 4])) == pytest.approx(25, rel=1e-4)


@pytest.mark.exhaustive
def test_three_edges_in_four_join_a_community():
    _, senders, receivers, labels = graphs.drawn(jax.random.key(1), 400, 8)
    assert len(senders) == 400 * 8
    assert jnp.mean(labels[senders] == labels[receivers]) == pytest.approx(0.75)
    assert not jnp.array_equal(senders, receivers)


#: A planted positive, a copy of the baseline under other draws, and the baseline under another name.
PLANTED = {"plain": "", "better": "", "copy": "", "same": ""}


def _planted(variant, settings):
    def run(key, rate):
        other = jax.random.fold_in(key, 1) if variant == "copy" else key
        return {"score": 50 + 5 * (variant == "better") + jax.random.normal(other), "params": 1}

    return run


@pytest.fixture
def planted(monkeypatch, tmp_path):
    trial = base.Trial(PLANTED, (Metric("score", "score", "%", "up"),), _planted)
    monkeypatch.setattr(command, "find", lambda name: trial)
    monkeypatch.setattr(command, "closure", lambda name: [])
    path = tmp_path / "planted.yaml"
    path.write_text(
        """
title: Planted
question: Does the rule find what was planted?
trial: graphs
baseline: plain
seeds: [0, 1, 2, 3, 4]
rates: [0.1]
claims:
  - {says: what wins wins, line: 1, of: better, than: plain, smallest: 1}
  - {says: a copy wins, line: 1, of: copy, than: plain, smallest: 1}
  - {says: what is the same is alike, line: 1, of: same, than: plain, smallest: 1, expects: alike}
  - {says: what is the same wins, line: 1, of: same, than: plain, smallest: 1}
  - {says: what wins is alike, line: 1, of: better, than: same, smallest: 1, expects: alike}
  - {says: it beats a number, line: 1, of: better, value: 50, smallest: 1}
""",
        encoding="utf-8",
    )
    return path


def test_planted_effects_come_out_as_planted(planted, tmp_path):
    out = tmp_path / "planted.json"
    command.run(planted, out, tmp_path / "cache")
    found = verdicts.load(planted, out).claims()
    assert [one.verdict for one in found] == [
        "supported", "undecided", "supported", "refuted", "refuted", "supported",
    ]  # fmt: skip
    assert found[0].mean == pytest.approx(5, abs=1e-4)
    assert found[5].low < found[5].mean < found[5].high


def test_what_is_finished_is_kept(planted, tmp_path, monkeypatch):
    out, cache = tmp_path / "planted.json", tmp_path / "cache"
    command.run(planted, out, cache)
    first = json.loads(out.read_text(encoding="utf-8"))["runs"]
    (cache / "copy.json").unlink()
    made = []
    trial = command.find("")
    noted = base.Trial(PLANTED, trial.figures, lambda v, s: made.append(v) or _planted(v, s))
    monkeypatch.setattr(command, "find", lambda name: noted)
    command.run(planted, out, cache)
    assert made == ["copy"]
    again = json.loads(out.read_text(encoding="utf-8"))["runs"]
    assert [run["figures"] for run in again] == [run["figures"] for run in first]
    planted.write_text(planted.read_text(encoding="utf-8").replace("3, 4]", "3, 5]"), encoding="utf-8")
    command.run(planted, out, cache)
    assert made == ["copy", *PLANTED]


@pytest.mark.exhaustive
def test_processes_that_share_variants_measure_what_one_does(tmp_path):
    path = CONFIG / "trials/outliers.yaml"
    found = []
    for jobs in (1, 2):
        out = tmp_path / f"{jobs}.json"
        command.run(path, out, tmp_path / f"cache{jobs}", smoke=True, jobs=jobs)
        found.append(json.loads(out.read_text(encoding="utf-8")))
    assert [run["variant"] for run in found[1]["runs"]] == [run["variant"] for run in found[0]["runs"]]
    for one, other in zip(*(about["runs"] for about in found), strict=True):
        assert one["figures"] == pytest.approx(other["figures"], rel=1e-4)


def test_a_rate_is_chosen_by_seeds_that_are_not_judged(planted, tmp_path, monkeypatch):
    def make(variant, settings):
        return lambda key, rate: {"score": -jnp.abs(jnp.log(rate / 0.1)), "params": 1}

    trial = command.find("")
    monkeypatch.setattr(command, "find", lambda name: base.Trial(PLANTED, trial.figures, make))
    text = planted.read_text(encoding="utf-8")
    planted.write_text(text.replace("rates: [0.1]", "rates: [0.01, 0.1, 1.0]\ntuning_seeds: [7]"), encoding="utf-8")
    command.run(planted, tmp_path / "out.json", tmp_path / "cache")
    runs = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["runs"]
    assert {run["rate"] for run in runs if run["judged"]} == {0.1}
    assert {run["seed"] for run in runs if not run["judged"]} == {7}


def test_a_variant_without_what_is_judged_takes_the_first_rate(planted, tmp_path, monkeypatch):
    def make(variant, settings):
        return lambda key, rate: {"params": 1} if variant == "plain" else {"score": rate, "params": 1}

    trial = base.Trial(PLANTED, command.find("").figures, make, compiled=False)
    monkeypatch.setattr(command, "find", lambda name: trial)
    text = planted.read_text(encoding="utf-8")
    planted.write_text(text.replace("rates: [0.1]", "rates: [0.1, 0.2]\ntuning_seeds: [7]"), encoding="utf-8")
    command.run(planted, tmp_path / "out.json", tmp_path / "cache")
    runs = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["runs"]
    judged = {run["variant"]: run["rate"] for run in runs if run["judged"]}
    assert judged["plain"] == 0.1 and judged["better"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("trial: graphs", "trial: odd", "key 'trial' is 'odd'"),
        ("baseline: plain", "baseline: odd", "key 'baseline' is 'odd'"),
        ("seeds: [0, 1, 2, 3, 4]", "seeds: [0, 0]", "key 'seeds' has a number twice"),
        ("seeds: [0, 1, 2, 3, 4]", "seeds: all", "key 'seeds' is 'all'"),
        ("rates: [0.1]", "rates: [0.1, 0.2]", "key 'tuning_seeds' is missing"),
        ("rates: [0.1]", "rates: [0]", "key 'rates' is"),
        ("of: better, than: plain", "of: odd, than: plain", "'of' is 'odd'"),
        ("of: better, than: plain", "of: better", "either 'than'"),
        ("smallest: 1, expects: alike", "figure: odd", "'figure' is 'odd'"),
        ("expects: alike", "expects: odd", "'expects' is 'odd'"),
        ("line: 1, of: better", "line: one, of: better", r"claims\[0\]': 'line' is 'one'"),
        ("line: 1, of: better", "line: 3003, term: lam, of: better", "'term' is 'lam', .* such as lamb"),
        ("line: 1, of: better", "line: 3003, term: [lamb, lamb], of: better", "expected each once"),
        ("line: 1, of: better", "line: 3003, term: [], of: better", r"'term' is \[\], expected an id"),
        ("question:", "queston:", "key 'queston' is unknown"),
        ("title: Planted\n", "", "key 'title' is missing"),
        ("claims:", "settings: {odd: 1}\nclaims:", "key 'settings' has 'odd'"),
    ],
)
def test_a_mistake_is_told_with_its_key(planted, tmp_path, old, new, told):
    planted.write_text(planted.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        command.run(planted, tmp_path / "out.json", tmp_path / "cache")
    assert not (tmp_path / "out.json").exists()


def test_the_command_tells_a_missing_file_in_one_line(tmp_path, capsys):
    arguments = [
        "trial",
        str(tmp_path / "none.yaml"),
        "--out",
        str(tmp_path / "o.json"),
        "--cache",
        str(tmp_path / "c"),
    ]
    assert trainer.main(arguments) == 2
    error = capsys.readouterr().err
    assert "none.yaml" in error and "Traceback" not in error
