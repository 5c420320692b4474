"""Networks that find the noise in pictures: how like the real ones their samples are, and the samples themselves."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from report.engine.formats import count, listing, plain
from report.engine.page import Block, Column, Table
from report.learned.about import About, Panel
from report.learned.figure import SHADES
from report.learned.files import pictures as shown
from report.learned.files import rows_of
from report.learned.page import report_of
from report.runs import statistics
from report.runs.load import Cell, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from report.runs.command import Trained

#: Samples in the rarest class below which a network has lost a class: half of an even share of 500 in ten classes.
EVEN = 25
MEASURES = {"frechet": 3, "frechet_ratio": 2, "coverage": 0, "copies": 1}


def judged(run: Run) -> dict[tuple[str, str], float]:
    """What was measured of the samples of a run, by sampler and measure; empty where nothing was."""
    return {(row["sampler"], row["measure"]): row["value"] for row in rows_of(run, "judged.csv", "value")}


def tables(trained: Trained) -> list[Block]:
    """Both samplers of every cell by every measure."""
    rows: list[list[str]] = []
    for cell in trained.cells:
        found = [judged(run) for run in cell.counted]
        for sampler in dict.fromkeys(sampler for some in found for sampler, _ in some if sampler != "real"):
            values = {name: [some[sampler, name] for some in found] for name in MEASURES}
            said = (_spread(values[name], places) for name, places in MEASURES.items())
            rows.append([f"`{cell.name}`", _said(sampler), *said])
    if not rows:
        return []
    real = judged(trained.cells[0].first)
    caption = (
        "Samples (500 a run) in the features of a small classifier that is trained on the same pictures "
        f"({plain(real['real', 'accuracy'], 1)} % right on held-out ones). Distance: of Fréchet, the mean from twenty "
        f"sets of real pictures, two of which are {plain(real['real', 'frechet'], 3)} ± "
        f"{plain(real['real', 'deviation'], 3)} from each other; ratio: over that. Rarest: samples in the class that "
        "has fewest. Copies: samples nearer to a training picture than one in a hundred held-out pictures is."
        + _skipped(trained)
    )
    header = (Column("Cell"), Column("Sampler", "1fr"), "Distance", "Ratio", "Rarest", "Copies (%)")
    return [Table(caption, header, rows)]


def _skipped(trained: Trained) -> str:
    """A sentence where ancestral sampling leaves times out that the network was trained at."""
    run = trained.cells[0].first
    steps = {int(sampler.rpartition("-")[2]) for sampler, _ in judged(run) if sampler.startswith("ancestral")}
    times = max((row["last_time"] for row in rows_of(run, "error_by_time.csv", "last_time")), default=0)
    if not steps or max(steps) >= times:
        return ""
    return (
        f" Ancestral sampling takes {count(max(steps))} of the {count(times)} times, evenly spaced, which saves the "
        "rest of the time that it would take."
    )


def _said(sampler: str) -> str:
    kind, _, steps = sampler.rpartition("-")
    return f"{'DDIM' if kind == 'ddim' else 'ancestral'}, {steps} steps"


def _spread(values: Sequence[float], places: int) -> str:
    return plain(fmean(values), places) + (f" ± {plain(statistics.sd(values), places)}" if len(values) > 1 else "")


def findings(trained: Trained) -> list[str]:
    """Whether any network has lost a class, which is what a collapse of samples looks like."""
    least = {
        cell.name: min(run.metric("coverage") for run in cell.counted)
        for cell in trained.cells
        if cell.counted and all(run.metric("coverage") == run.metric("coverage") for run in cell.counted)
    }
    if not least:
        return []
    lost = [f"`{name}` ({count(value)})" for name, value in least.items() if value < EVEN]
    if lost:
        return [f"Fewer than {EVEN} of 500 samples in some class, on some seed: {listing(lost)}."]
    return [
        f"No network has lost a class: of 500 samples, at least {EVEN} are of each on every seed "
        f"(least: {count(min(least.values()))})."
    ]


def by_time(panel: Axes, cells: Sequence[Cell]) -> None:
    """The error of the noise at each tenth of the times, mean over seeds."""
    for cell, shade in zip(cells, SHADES * len(cells), strict=False):
        runs = [rows_of(run, "error_by_time.csv", "first_time", "last_time", "error") for run in cell.counted]
        if runs:
            at = [(row["first_time"] + row["last_time"]) / 2 for row in runs[0]]
            means = [fmean(row["error"] for row in rows) for rows in zip(*runs, strict=True)]
            panel.plot(at, means, color=shade, label=cell.name, linewidth=1)
    panel.set_yscale("log")
    panel.set_xlabel("Time (0: picture, 1000: noise)")
    panel.set_ylabel("Noise error")


def pictures(trained: Trained) -> list[Block]:
    """Samples of every cell, one on its way, and some beside what they are most like."""
    cells = trained.cells
    return [
        *shown(cells, "samples.png", "Samples by 50 steps of DDIM, the first 64 of each cell; the same noise for all."),
        *shown(cells, "trajectory.png", "What is seen of one picture along its steps, from noise on the left."),
        *shown(cells, "neighbours.png", "Samples above, and below each the training picture that is nearest to it."),
    ]


REPORT = report_of(
    About(
        task="diffusion",
        title="Pictures out of noise",
        question=(
            "Ch. 11.2.7 gives a U-Net the time as one plane of t/T behind the picture. Is that enough, beside sines "
            "and cosines? And does attention at the bottom make samples collapse, as the "
            "companion repository saw? Samples are compared with real pictures, beside two sets of real ones."
        ),
        metrics=("frechet_ratio", "frechet", "coverage", "copies", "loss"),
        demos=("DDPM",),
        panel=Panel("error of the noise by time, mean over seeds.", by_time),
        tables=tables,
        pictures=pictures,
        findings=findings,
        decimals={"frechet_ratio": 2, "coverage": 1, "loss": 4},
    )
)
