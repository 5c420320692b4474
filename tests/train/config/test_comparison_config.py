"""Comparisons as files: rates of an equal budget, settings, groups that one process trains, and mistakes."""

import json

import pytest

from train import config
from train.config import comparison
from train.config.schema import ConfigError
from train.workflow.plan import Plan

BASE = {
    "title": "Two rates",
    "question": "Which?",
    "report": "comparison",
    "dataset": "digits",
    "recipe": "digits",
    "seeds": [0, 1],
    "cells": {
        "plain": {"description": "as it is"},
        "fast": {"description": "smooth", "recipe": {"label_smoothing": 0.0}},
    },
    "tuning": {"rates": [0.1, 0.3], "times": {"fast": 0.01}, "seeds": [7]},
}


#: Cells of the same names that are trained in another way, and a claim about a setting.
OTHER = {name: {"description": "other", "recipe": {"label_smoothing": 0.2}} for name in BASE["cells"]}
CLAIM = {"says": "faster is better", "line": 7, "of": "fast", "than": "plain", "setting": "two"}
TERM = {"says": "faster is better", "line": 7, "of": "fast", "than": "plain", "term": "lam"}


@pytest.fixture
def load(tmp_path):
    """A function giving the plan of a copy of the shipped configuration with the experiment ``mine``."""
    import shutil
    from pathlib import Path

    def make(changes, config=None):
        folder = tmp_path / "config"
        if not folder.exists():
            shutil.copytree(Path(__file__).parents[3] / "config", folder)
        (folder / "experiments/mine.yaml").write_text(json.dumps({**BASE, **changes}))
        return Plan.of(config or {}, folder)

    return make


def rates(experiment):
    return {name: cell["optimizer"]["learning_rate"] for name, cell in experiment.cells.items()}


@pytest.mark.exhaustive
def test_every_variant_has_as_many_rates_times_its_factor(load):
    mine = load({}).experiments["mine"]
    assert list(rates(mine).values()) == [0.1, 0.3, 0.001, 0.003]
    assert mine.bases(mine.shown) == ("plain", "fast")
    assert mine.report == "comparison"
    assert mine.all_seeds == (0, 1, 7)


@pytest.mark.exhaustive
def test_one_process_trains_a_variant_and_a_run_asked_for_has_its_own(load):
    plan = load({"together": "variant"})
    groups = {key: group for key, group in plan.together.items() if key.startswith("mine/")}
    assert list(groups) == ["mine/digits/plain", "mine/digits/fast"]
    plain = groups["mine/digits/plain"]
    assert len(plain.files("summary.json")) == 2 * 3
    together = [path for group in groups.values() for path in group.files("summary.json")]
    assert sorted(together) == sorted(plan.runs("mine"))
    assert plain.is_asked(["mine", plain.files("summary.json")[0]])
    assert not plain.is_asked(["mine", groups["mine/digits/fast"].files("summary.json")[0]])
    assert not any(key.startswith("mine/") for key in load({}).together)


@pytest.mark.exhaustive
def test_one_process_trains_several_variants_and_each_run_once(load):
    """Also where settings share results: what the first of them has is not trained again by the second."""
    settings = {"few": {"only": ["plain"]}, "all": {}}
    for plan in (load({"together": 2, "settings": settings}), load({"together": 2})):
        (one,) = [group for key, group in plan.together.items() if key.startswith("mine/")]
        assert len(one.cells) == 4 and sorted(one.files("summary.json")) == sorted({*plan.runs("mine")})


@pytest.mark.exhaustive
def test_settings_take_the_place_of_keys_and_have_results_of_their_own(load):
    settings = {"few": {}, "more": {"dataset": "digits-32", "recipe": "zoo", "only": ["plain"], "seeds": [5]}}
    plan = load({"settings": settings})
    mine = plan.experiments["mine"]
    assert [part.label for part in mine.parts] == ["digits", "digits-32"]
    assert len(plan.runs("mine")) == 4 * 3 + 2 * 2
    about = json.loads(comparison.about(mine))
    assert [(one["name"], one["seeds"], one["tuning_seeds"], one["baseline"]) for one in about["settings"]] == [
        ("few", [0, 1], [7], "plain"),
        ("more", [5], [7], "plain"),
    ]
    assert mine.stem == "mine"
    changed = load({"settings": settings}, {"mine": {"recipe": "smoke"}}).experiments["mine"]
    assert changed.stem.startswith("mine/")


@pytest.mark.exhaustive
def test_settings_may_share_results_as_of_a_baseline(load):
    """Runs of ``plain`` are the same in both: they are made once, and the claims of what is shown are told."""
    settings = {"one": {}, "two": {"only": ["plain"], "baseline": "plain"}}
    plan = load({"settings": settings, "claims": [CLAIM, {**CLAIM, "setting": "one"}]})
    mine = plan.experiments["mine"]
    assert [part.label for part in mine.parts] == ["digits", "digits"]
    assert len({*plan.runs("mine")}) == 2 * 2 * 3
    assert [one["name"] for one in json.loads(comparison.about(mine))["settings"]] == ["one", "two"]
    changed = load({"settings": settings, "claims": [CLAIM]}, {"mine": {"settings": {"one": {}}}})
    assert json.loads(comparison.about(changed.experiments["mine"]))["claims"] == []


def test_numbers_of_the_command_line_arrive_as_texts(load):
    """As Snakemake gives them: `--config 'mine={tuning: {rates: [1e-3, 0.5], times: {fast: 2}}}'`."""
    tuning = {"rates": ["1e-3", "0.5"], "times": {"fast": "2"}}
    assert list(rates(load({}, {"mine": {"tuning": tuning}}).experiments["mine"]).values()) == [0.001, 0.5, 0.002, 1.0]


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"report": "zoo"}, "key 'tuning' is one of comparisons, expected report: comparison"),
        ({"sweep": {"batch_size": [8, 16]}}, "key 'sweep': a comparison has its rates under 'tuning'"),
        ({"baseline": "nobody"}, "key 'baseline' is 'nobody', expected one of plain, fast"),
        ({"tuning": {"rates": [0.1], "times": {"slow": 2}}}, "key 'tuning' has a factor for 'slow'"),
        ({"tuning": {"rates": [500.0], "times": {"fast": 100}}}, "key 'tuning'.*learning_rate"),
        ({"settings": {"one": {}, "two": {"cells": OTHER}}}, "key 'settings.two' has another cell 'plain-.*in results"),
        ({"settings": {"one": {}}, "claims": [CLAIM]}, "that of line 7 has setting 'two', expected one of one"),
        ({"claims": [CLAIM]}, "'claims': that of line 7 has setting 'two', expected none, since there is one alone"),
        ({"claims": [TERM]}, "'claims': of that of line 7, 'term' is 'lam', expected an id .* such as lamb"),
        ({"together": "all"}, "together"),
    ],
)  # fmt: skip
def test_mistakes_name_file_and_key(changes, says, load):
    with pytest.raises(ConfigError, match=says):
        load(changes)


def test_the_shipped_comparison_is_complete():
    for name, experiment in config.load_experiments({}).items():
        if experiment.report in comparison.KINDS:
            names = {cell for part in experiment.parts for cell in part.bases(part.shown)}
            claims = experiment.compared.get("claims", [])
            assert {claim[which] for claim in claims for which in ("of", "than")} <= names, name
            assert {claim["setting"] for claim in claims if "setting" in claim} <= experiment.settings.keys()
