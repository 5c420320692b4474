"""The table of timed steps."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from synthetic_results import STEP

from report.bench import rows as bench
from report.bench.__main__ import main
from report.bench.page import page
from report.engine import markdown
from train.measure import step as bench_step

ROOT = Path(__file__).parents[3]


def test_a_row_per_network(tmp_path):
    faster = {"model": "ResNet-34", "matmul_gflops": STEP["matmul_gflops"] + 10}
    for name, row in (("vit", STEP), ("resnet", {**STEP, **faster})):
        (tmp_path / f"{name}.json").write_text(json.dumps(row))
    steps = [str(tmp_path / f"{name}.json") for name in ("vit", "resnet")]
    assert main([*steps, "--out", str(tmp_path / "bench")]) == 0
    assert (tmp_path / "bench.pdf").read_bytes().startswith(b"%PDF-")
    table = pd.read_csv(tmp_path / "bench.csv")
    assert list(table.columns) == list(bench.COLUMNS)
    assert table.loc[0, ["ratio", "ratio_lower_quartile", "torch"]].tolist() == [1.25, 1.2, 2.13]
    page = (tmp_path / "bench.md").read_text()
    assert "| ViT-Tiny | 32 × 224 px | 2,000 | 1,600 | channels-last | 1.25 | 1.20–1.30 | 16.0 | 50% |" in page
    assert "| ViT-Tiny | 1,900 | 1,610 | – | – |" in page
    assert "no other form" not in page
    assert "in PyTorch 2.13, jax 0.10: medians of 9 steps each, taken in turns by two processes that were" in page
    assert "started 3 times, on a processor, 2 threads, float32" in page
    assert "square matrices, 150 to 160 GFLOP/s" in page


@pytest.mark.parametrize(("device", "mode"), [("cpu", "eager"), ("H100", "compiled")])
def test_a_row_of_before_forms_were_compared(tmp_path, device, mode):
    """It is shown, as a comparison with NCHW, which is not PyTorch at its best."""
    old = {key: value for key, value in STEP.items() if not key.startswith("pytorch_form")}
    (tmp_path / "vit.json").write_text(json.dumps({**old, "device": device}))
    row = bench.row_of(tmp_path / "vit.json")
    assert (row["pytorch_ms"], row["pytorch_form"], row["nchw_ms"]) == (1600, bench.ONLY, None)
    text = markdown.document(page([row], {}), tmp_path / "bench")
    assert "| 1,600 | NCHW, no other tried | 1.25 |" in text
    assert f"PyTorch was {mode} and may be faster in another" in text
    assert "Table 2" not in text


def test_every_form_that_is_timed_has_a_name():
    assert tuple(bench.FORMS) == bench_step.FORMS


DAMAGED = ["", "{", "[]", "3", json.dumps({**STEP, "quartiles": [1]}), json.dumps({**STEP, "ours_ms": float("inf")})]
WRONG = [json.dumps({**STEP, **change}) for change in ({"versions": {}}, {"rounds": 1.5}, {"pytorch_form": "nhwc"})]


@pytest.mark.parametrize("text", [*DAMAGED, *WRONG])
def test_another_file(tmp_path, text, capsys):
    (tmp_path / "vit.json").write_text(text)
    assert main([str(tmp_path / "vit.json"), "--out", str(tmp_path / "a")]) == 1
    assert "vit.json" in (shown := capsys.readouterr().err)
    assert "expected the output of `python -m train bench-step`" in shown
    assert not (tmp_path / "a.csv").exists()


def test_the_readme_says_of_the_recorded_steps_what_they_say():
    """Which networks PyTorch's fastest form is behind and ahead for."""
    ratios = {}
    for path in sorted((ROOT / "results/recorded/bench").glob("*.json")):
        if path.name != "about.json":
            found = json.loads(path.read_text())
            ratios[found["model"]] = found["ratio"]
    text = " ".join((ROOT / "README.md").read_text().split())
    behind, ahead = re.search(r"which is behind for (.*?), and ahead for (.*?);", text).groups()

    def key(name):
        return re.sub("[^a-z0-9]", "", name.partition("(")[0].lower())

    for said, slower in ((behind, True), (ahead, False)):
        names = {key(name) for name in re.split(", | and ", said)}
        assert names == {key(name) for name, ratio in ratios.items() if (ratio < 1) == slower}
