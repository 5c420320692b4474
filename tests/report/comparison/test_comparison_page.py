"""The report on a comparison: how rates are chosen, what is claimed of planted effects, and what the page says."""

from __future__ import annotations

import json
import random

import pandas as pd
import pytest
from synthetic_results import VALIDATION, write_tree

from report.__main__ import main
from report.comparison import claims, content, figure
from report.comparison.page import REPORT
from report.engine.errors import ReportError

KEY = "optimizer.learning_rate"
RATES = (1e-4, 1e-3, 1e-2)
#: Correct pictures at each rate of a variant: the middle one is best.
SHAPE = (-60, 0, -10)


def planted(effects, seeds=(0, 1, 2), spread=4):
    """Correct pictures by variant, rate and seed: a luck that all variants of a seed share, and one of each run."""
    return {
        name: {
            rate: {
                seed: 1100 + effect + shape + random.Random(seed).randint(-20, 20)
                + random.Random(f"{name}{rate}{seed}").randint(-spread, spread)
                for seed in seeds
            }
            for rate, shape in zip(RATES, SHAPE, strict=True)
        }
        for name, effect in effects.items()
    }  # fmt: skip


def write(root, found, dataset="digits", seeds=(0, 1, 2), tuning=(), **about):
    """The results of ``found`` and the file that describes their comparison."""
    cells = {
        f"{name}-{rate:g}".replace("e-0", "e-").replace(".", "-"): (name, rate)
        for name in found
        for rate in found[name]
    }
    tree = write_tree(root, list(cells), [*seeds, *tuning], dataset=dataset, previews=False)
    for cell, (name, rate) in cells.items():
        path = tree.results / cell / "cell.json"
        config = json.loads(path.read_text())
        config["optimizer"]["learning_rate"] = rate
        config["description"] = f"what {name} is"
        path.write_text(json.dumps(config | {"swept": {"cell": name, KEY: rate}}))
        for seed in (*seeds, *tuning):
            correct = found[name][rate][seed]
            tree.edit(tree.summary_path(cell, seed), {"metrics.top1": 100 * correct / VALIDATION})
            tree.edit(tree.summary_path(cell, seed), {"optimizer_bytes": 1000 if name == "lean" else 2000})
    setting = {
        "name": dataset, "title": dataset.capitalize(), "results": str(tree.results), "cells": list(cells),
        "seeds": list(seeds), "tuning_seeds": list(tuning), "baseline": next(iter(found)),
    }  # fmt: skip
    return tree, {"title": "A comparison", "question": "Which?", "settings": [setting], "claims": [], **about}


def compared(root, about):
    path = root / "about.json"
    path.write_text(json.dumps(about))
    return REPORT.read(path)


def claim(**keys):
    return {"says": "the first is better", "line": 7, "of": "good", "than": "plain", **keys}


def test_a_planted_effect_is_supported_and_a_planted_null_is_not(tmp_path):
    """The whole way from files: an effect of 4 points against luck of 0.3, and none."""
    _, about = write(tmp_path, planted({"plain": 0, "good": 52, "same": 0}, range(8)), seeds=range(8))
    about["claims"] = [
        claim(), claim(smallest=2.0), claim(smallest=6.0), claim(of="plain", than="good"),
        claim(of="same", smallest=1.0), claim(of="same", expects="alike", smallest=1.0),
        claim(expects="alike", smallest=1.0),
    ]  # fmt: skip
    found = compared(tmp_path, about)
    verdicts = [one.verdict for one in found.verdicts]
    assert verdicts == ["supported", "supported", "refuted", "refuted", "refuted", "supported", "refuted"]
    assert found.verdicts[0].low < 100 * 52 / VALIDATION < found.verdicts[0].high
    table = found.table.set_index("variant")
    assert table.loc["good", "p_holm"] < 0.001
    assert table.loc["same", "p_holm"] > 0.05
    assert list(table["best_rate"]) == [1e-3] * 3
    answer = content.answer(found.settings, found.table)
    assert answer == "Against `plain`, `good` better, one undecided."


def test_the_rule_by_its_cases():
    assert claims.decided(0.1, 0.3) == "supported"
    assert claims.decided(0.1, 0.3, 0.2) == "undecided"
    assert claims.decided(0.1, 0.3, 0.31) == "refuted"
    assert claims.decided(-0.3, -0.1) == "refuted"
    assert claims.decided(-0.1, 0.1) == "undecided"
    assert claims.decided(-0.1, 0.1, 0.2, "alike") == "supported"
    assert claims.decided(-0.3, 0.1, 0.2, "alike") == "undecided"
    assert claims.decided(0.3, 0.4, 0.2, "alike") == "refuted"
    assert claims.decided(float("nan"), float("nan")) == "undecided"


def test_a_seed_has_no_say_in_the_rate_that_it_is_judged_at(tmp_path):
    """Seed 2 alone does best at the largest rate: it is judged at the middle one all the same, and the others not."""
    found = planted({"plain": 0, "other": 0}, spread=0)
    found["plain"][1e-2][2] += 200
    _, about = write(tmp_path, found)
    setting = compared(tmp_path, about).settings[0]
    rates = {seed: cell.config.get(KEY) for seed, cell in setting.chosen["plain"].items()}
    assert rates == {0: 1e-2, 1: 1e-2, 2: 1e-3}


def test_seeds_for_tuning_decide_alone_and_are_not_judged(tmp_path):
    found = planted({"plain": 0, "other": 0}, (0, 1, 2, 9), spread=0)
    found["plain"][1e-4][9] += 150
    _, about = write(tmp_path, found, tuning=(9,))
    setting = compared(tmp_path, about).settings[0]
    assert {cell.config.get(KEY) for cell in setting.chosen["plain"].values()} == {1e-4}
    assert {cell.config.get(KEY) for cell in setting.chosen["other"].values()} == {1e-3}
    assert set(setting.values("plain")) == {0, 1, 2}


def test_sensitivity_is_the_run_of_rates_near_the_best_and_ends_are_said(tmp_path):
    found = planted({"plain": 0, "other": 0}, spread=0)
    for seed in (0, 1, 2):
        found["other"][1e-4][seed] += 200  # now the smallest is best, and the largest as good but beyond a gap
        found["other"][1e-3][seed] -= 200
        found["other"][1e-2][seed] += 120
    _, about = write(tmp_path, found)
    all_ = compared(tmp_path, about)
    table = all_.table.set_index("variant")
    assert tuple(table.loc["plain", ["good_from", "good_to"]]) == (1e-3, 1e-2)  # 60 of 1100 are more than 5 %
    assert tuple(table.loc["other", ["good_from", "good_to"]]) == (1e-4, 1e-4)
    assert table.loc["other", "at_end"] == "smallest"
    assert table.loc["plain", "at_end"] == ""
    assert content.ends(all_.settings) == [
        "The best rate is at an end of those tried: `other` (smallest). More may lie beyond."
    ]


def test_of_many_settings_ends_are_counted(tmp_path):
    found = planted({"plain": 0, "other": 0}, spread=0)
    for seed in (0, 1, 2):
        found["other"][1e-4][seed] += 200
    _, about = write(tmp_path, found)
    (own,) = about["settings"]
    about["settings"] = [{**own, "name": f"part-{n}"} for n in range(5)]
    assert content.ends(compared(tmp_path, about).settings) == [
        "In 5 of 10 rows of the tables the best rate is at an end of those tried (arrows); more may lie beyond."
    ]


@pytest.mark.parametrize(("steps", "expected"), [((8, 8, 80), False), ((8, 80, 80), True)])
def test_curves_are_shown_where_somebody_was_validated_twice(steps, expected):
    rows = zip(("one", "one", "two"), steps, strict=True)
    columns = ["setting", "variant", "step", "split"]
    curves = pd.DataFrame([("digits", name, step, "val") for name, step in rows], columns=columns)
    assert figure.has_curves(curves) is expected


def test_settings_that_choose_alike_are_told_together(tmp_path):
    _, about = write(tmp_path, planted({"plain": 0, "other": 0}))
    (own,) = about["settings"]
    fewer = {"cells": [cell for cell in own["cells"] if "0-001" in cell or "0-01" in cell]}
    titled = [("a", {}), ("b", fewer), ("c", {})]
    about["settings"] = [{**own, "name": name, "title": name.upper(), **changes} for name, changes in titled]
    first, second = content.budget(compared(tmp_path, about).settings)
    assert first.startswith("A and C: Three rates for each variant")
    assert second.startswith("B: Two rates for each variant")


def test_runs_that_diverged_decide_where_all_did_and_are_never_chosen(tmp_path):
    tree, about = write(tmp_path, planted({"plain": 0, "good": 10}))
    for seed in (0, 1, 2):
        tree.diverge("plain-0-01", seed)
    tree.diverge("good-0-001", 1)
    about["claims"] = [claim(at="largest"), claim(of="plain", than="good", at="largest"), claim(at="smallest")]
    found = compared(tmp_path, about)
    verdicts = [(one.verdict, one.remark) for one in found.verdicts]
    assert verdicts[:2] == [
        ("supported", "all runs of plain diverged"),
        ("refuted", "all runs of plain diverged"),
    ]
    chosen = found.settings[0].chosen["good"]
    assert {seed: cell.name for seed, cell in chosen.items()} == {0: "good-0-01", 1: "good-0-001", 2: "good-0-01"}
    row = found.table.set_index("variant").loc["good"]
    assert (row["n"], row["diverged"]) == (2, 1)


def test_costs_and_claims_about_them(tmp_path):
    _, about = write(tmp_path, planted({"plain": 0, "lean": 0}))
    about["claims"] = [claim(of="lean", figure="optimizer_bytes"), claim(of="lean", than="missing")]
    found = compared(tmp_path, about)
    assert [(one.verdict, one.low, one.high) for one in found.verdicts] == [("supported", 1000, 1000)]
    about["claims"] = [claim(of="lean", figure="speed")]
    with pytest.raises(ReportError, match="'speed', which no run has"):
        _ = compared(tmp_path, about).verdicts


def test_all_files_of_two_settings_and_what_they_say(tmp_path):
    tree, about = write(tmp_path, planted({"plain": 0, "good": 52}))
    _, other = write(tmp_path, planted({"plain": 0, "good": -52}), dataset="others")
    about["settings"] += other["settings"]
    about["claims"] = [
        claim(setting="digits"), claim(setting="others"),
        claim(table="layer_optimizer_pairing", row="Transformer", column="Notes", line=5966),
    ]  # fmt: skip
    path = tmp_path / "about.json"
    path.write_text(json.dumps(about))
    assert main(["page", "comparison", "--about", str(path), "--out", tree.path("found")]) == 0
    ends = {path.name.removeprefix("found") for path in tree.reports.iterdir()}
    assert ends == {".csv", "_runs.csv", "_curves.csv", "_claims.csv", ".svg", "_curves.svg", ".md", ".pdf"}
    runs = pd.read_csv(tree.reports / "found_runs.csv")
    assert len(runs) == 2 * 2 * 3 * 3
    assert (runs.groupby(["setting", "variant", "seed"])["judged"].sum() == 1).all()
    assert list(pd.read_csv(tree.reports / "found_claims.csv")["verdict"]) == ["supported", "refuted", "supported"]
    text = tree.read("found.md")
    assert "Digits: against `plain`, `good` better; Others: against `plain`, `good` worse." in text
    assert "for each seed by the mean over the other judged ones" in text
    assert "| Warmup + cosine decay |" in text


def test_times_of_steps_in_turns_take_the_place_of_those_of_the_runs(tmp_path):
    tree, about = write(tmp_path, planted({"plain": 0, "other": 0}))
    cells = about["settings"][0]["cells"]
    first = {next(c for c in cells if c.startswith(name)): ms for name, ms in (("plain", 2.0), ("other", 3.5))}
    path = tmp_path / "steps.json"
    path.write_text(json.dumps({"steps": {f"{tree.results.name}/{c}": {"milliseconds": v} for c, v in first.items()}}))
    found = compared(tmp_path, about | {"steps": str(path)})
    assert found.settings[0].steps == {"plain": 2.0, "other": 3.5}
    assert list(found.table["step_milliseconds"]) == list(found.table["least_step_milliseconds"]) == [2.0, 3.5]
    assert "taken in turns on one thread" in str(content.main_table(found.settings[0], found.table).caption)
    path.write_text(json.dumps({"steps": {"a/b": 1}}))
    with pytest.raises(ReportError, match="is not what `python -m train bench-turns` writes"):
        compared(tmp_path, about | {"steps": str(path)})


def test_what_is_missing_is_said(tmp_path, capsys):
    assert main(["page", "comparison", "--out", str(tmp_path / "found")]) != 0
    assert "comparison: --about or --record is missing" in capsys.readouterr().err
    assert main(["page", "sweep", "--out", str(tmp_path / "found")]) != 0
    assert "sweep: --results, --cells, --seeds is missing" in capsys.readouterr().err


def watched(tree, norms):
    """Gradients of every run: those of the first layer at first and last steps, the whole five times them."""
    for path in tree.results.glob("*/seed*/metrics.csv"):
        name = path.parents[1].name.partition("-")[0]
        rows = [
            f"{step // 10},{step},train,{metric},{size * value!r}"
            for step, value in zip((10, 20, 400), (norms[name][0], 9.0, norms[name][1]), strict=True)
            for metric, size in (("gradient_first_layer", 1), ("gradient_whole", 5))
        ]
        path.write_text(path.read_text() + "\n".join(rows) + "\n")


def test_gradients_that_runs_watch_are_a_table(tmp_path):
    tree, about = write(tmp_path, planted({"plain": 0, "deep": -50}))
    assert content.gradients(compared(tmp_path, about).settings[0], compared(tmp_path, about).curves) == []
    watched(tree, {"plain": (0.25, 0.5), "deep": (3e-7, 0.0)})
    found = compared(tmp_path, about)
    (table,) = content.gradients(found.settings[0], found.curves)
    assert table.rows[0] == ["`plain`", "0.521", "0.25", "0.5", "0.2", "0.2"]
    assert table.rows[1] == ["`deep`", "0.521", "3e-07", "0", "0.2", "0"]
    assert "mean over the first ten steps and over the last 380" in table.caption


def test_a_variant_whose_judged_runs_all_diverged_has_no_gradients(tmp_path):
    tree, about = write(tmp_path, planted({"plain": 0, "deep": 0}))
    watched(tree, {"plain": (0.25, 0.5), "deep": (1.0, 1.0)})
    for cell in about["settings"][0]["cells"]:
        for seed in (0, 1, 2):
            if cell.startswith("deep"):
                tree.diverge(cell, seed, epoch=1)
    found = compared(tmp_path, about)
    (table,) = content.gradients(found.settings[0], found.curves)
    assert getattr(table.rows[1][1], "text", table.rows[1][1]) == "diverged"


def test_work_is_a_column_where_variants_differ_in_it_and_a_cost(tmp_path):
    tree, about = write(tmp_path, planted({"plain": 0, "wide": 0}))
    assert "MACs" not in [one.name for one in main_table(tmp_path, about).columns]
    for path in tree.results.glob("wide-*/seed*/summary.json"):
        tree.edit(path, {"macs": 4_320_000})
    about["claims"] = [claim(of="plain", than="wide", figure="macs")]
    assert [(one.verdict, one.low) for one in compared(tmp_path, about).verdicts] == [("supported", 2_160_000)]
    made = main_table(tmp_path, about)
    place = [one.name for one in made.columns].index("MACs")
    assert [row[place] for row in made.rows] == ["2.16 M", "4.32 M"]


def main_table(root, about):
    found = compared(root, about)
    return content.main_table(found.settings[0], found.table)


@pytest.mark.exhaustive
def test_more_settings_than_rows_are_panels_side_by_side_and_shared_runs_are_told_once(tmp_path):
    _, about = write(tmp_path, planted({"plain": 0, "good": 52}))
    (own,) = about["settings"]
    about["settings"] = [{**own, "name": f"part-{n}", "title": f"Part {n}"} for n in range(5)]
    path = tmp_path / "about.json"
    path.write_text(json.dumps(about))
    assert main(["page", "comparison", "--about", str(path), "--out", str(tmp_path / "out" / "found")]) == 0
    text = (tmp_path / "out" / "found.md").read_text()
    assert "a panel for each setting" in text
    assert text.count("What was run") == 1
    assert "What was run: Part 0; Part 1; Part 2; Part 3; Part 4" in text
    assert text.count("Three rates for each variant") == 1
    assert "at an end of those tried" not in text
    figure = (tmp_path / "out" / "found.svg").read_text()
    assert figure.count('id="axes_') == 6  # the sixth is empty


def test_of_many_settings_the_answer_has_a_line_for_each(tmp_path):
    _, about = write(tmp_path, planted({"plain": 0, "good": 52}))
    (own,) = about["settings"]
    about["settings"] = [{**own, "name": f"part-{n}", "title": f"Part {n}"} for n in range(5)]
    found = compared(tmp_path, about)
    lines = content.conclusions(found.settings, found.table).sentences
    assert lines[:5] == [f"Part {n}: against `plain`, `good` better." for n in range(5)]
