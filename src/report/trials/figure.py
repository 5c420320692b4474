"""Effects with their intervals, in multiples of the smallest difference that counts: a panel for each trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from report.engine.canvas import canvas, empty_figure, svg
from report.learned.figure import settle
from report.trials.verdicts import Claim, Tried

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colours and marks of verdicts.
STYLE = {"supported": ("#1b7837", "o"), "refuted": ("#b2182b", "s"), "undecided": ("#666666", "D")}
VERDICTS = "What became of the claims of each trial and recorded comparison."
#: How high, in inches, a figure of effects may be, so that it fits a page with its caption.
PAGE = 9.0
#: Letters of a title that fit above a panel.
LETTERS = 38
#: Panels beside each other.
ACROSS = 2
CAPTION = (
    "By how much the first variant is better than the second, in multiples of the smallest difference that counts, "
    "with 95 % intervals; what lies in the grey band does not count. Green circles are supported, red squares "
    "refuted, grey diamonds undecided; ≈ claims that both are alike."
)
#: How high, in inches, all bars of verdicts may be, so that they fit below the answer.
MOST_HIGH = 5.4
#: Beyond this many of the smallest difference the axis ends.
END = 1000


def parts(trials: Sequence[Tried]) -> list[Sequence[Tried]]:
    """The trials in parts, each of which fits a page as a figure of effects."""
    found: list[Sequence[Tried]] = []
    for at in range(0, len(trials), ACROSS):
        row = trials[at : at + ACROSS]
        if found and sum(_heights([*found[-1], *row])) <= PAGE:
            found[-1] = [*found[-1], *row]
        else:
            found.append(row)
    return found


def _heights(trials: Sequence[Tried]) -> list[float]:
    """Of each row of panels, in inches, which is that of its trial of the most claims."""
    counts = [len(trial.claims()) for trial in trials]
    return [max(counts[at : at + ACROSS]) * 0.19 + 0.62 for at in range(0, len(trials), ACROSS)]


def effects(trials: Sequence[Tried]) -> bytes:
    """A line for each claim: its mean, its interval, and one where what counts begins."""
    if not trials:
        return empty_figure()
    heights = _heights(trials)
    figure = canvas(sum(heights) + 0.35)
    panels = figure.subplots(
        len(heights), min(ACROSS, len(trials)), squeeze=False, height_ratios=heights, sharex=True
    ).ravel()
    for panel, trial in zip(panels, trials, strict=False):
        claims = trial.claims()
        panel.axvspan(-1, 1, color="#eeeeee", linewidth=0)
        panel.axvline(0, color="#999999", linewidth=0.6)
        for place, claim in enumerate(claims):
            _draw(panel, place, claim)
        panel.set_yticks(range(len(claims)), [_name(claim) for claim in claims], fontsize=6.5)
        panel.set_ylim(len(claims) - 0.4, -0.6)
        panel.set_xscale("symlog", linthresh=1)
        panel.set_xlim(-END, END)
        panel.set_xticks([-100, -10, -1, 0, 1, 10, 100], ["−100", "−10", "−1", "0", "1", "10", "100"], fontsize=7)
        title = trial.settings.title
        panel.set_title(title, fontsize=min(8, 8 * LETTERS / len(title)), loc="left")
        settle(panel)
    for panel in panels[len(trials) :]:
        panel.set_axis_off()
    figure.supxlabel("By how much better, in smallest differences that count", fontsize=8)
    return svg(figure)


def verdicts(named: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """How many claims of each trial or comparison came to which verdict: a bar each, named by its title."""
    from matplotlib.ticker import MaxNLocator

    row = min(0.165, MOST_HIGH / max(1, len(named)))
    figure = canvas(max(1.2, row * len(named) + 0.6))
    panel = figure.subplots()
    begin = [0] * len(named)
    for verdict, (shade, _) in STYLE.items():
        counts = [found.count(verdict) for _, found in named]
        panel.barh(range(len(named)), counts, left=begin, color=shade, label=verdict, height=0.7)
        begin = [b + c for b, c in zip(begin, counts, strict=True)]
    panel.set_yticks(range(len(named)), [name for name, _ in named])
    panel.set_ylim(len(named) - 0.4, -0.6)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlabel("Claims", fontsize=8)
    settle(panel)
    panel.tick_params(axis="y", labelsize=7 if row > 0.14 else 6)
    panel.legend(frameon=False, fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return svg(figure)


def _draw(panel: Axes, place: int, claim: Claim) -> None:
    if math.isnan(claim.mean) or not claim.smallest:
        return
    shade, mark = STYLE[claim.verdict]
    mean, low, high = (_inside(value / claim.smallest) for value in (claim.mean, claim.low, claim.high))
    panel.plot([low, high], [place, place], color=shade, linewidth=1.3)
    panel.plot([mean], [place], mark, color=shade, markersize=3.5)


def _inside(value: float) -> float:
    return max(-END, min(END, value))


def _name(claim: Claim) -> str:
    between = "≈" if claim.expects == "alike" else ">"
    return f"{claim.told['of']} {between} {claim.told.get('than', claim.told.get('value'))}"
