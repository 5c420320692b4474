"""Every metric of both during training, one panel each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from report.compare.sides import Side
from report.engine.canvas import BOOK, FAINT, OURS, canvas, empty_figure, legend, svg
from report.runs.load import metrics

if TYPE_CHECKING:
    import pandas as pd

ACROSS = 3


def curves(side: Side) -> pd.DataFrame:
    """The metrics of the runs that count: ``seed, epoch, split, metric, value``."""
    import pandas as pd

    parts = [metrics(run).assign(seed=seed) for seed, run in side.counted.items()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["seed", "epoch", "split", "metric"])


def curves_figure(first: Side, second: Side, names: tuple[str, str]) -> bytes:
    """The curves as SVG: single seeds thin, their mean thick; a panel for every metric that either has."""
    import pandas as pd

    frames = [curves(first), curves(second)]
    shown = pd.concat([frame[["split", "metric"]] for frame in frames]).drop_duplicates()
    if shown.empty:
        return empty_figure()
    rows = math.ceil(len(shown) / ACROSS)
    figure = canvas(1.6 * rows + 0.65)
    panels = figure.subplots(rows, min(ACROSS, len(shown)), sharex=True, squeeze=False).ravel()
    for panel, (split, metric) in zip(panels, shown.itertuples(index=False), strict=False):
        for frame, name, colour in zip(frames, names, (OURS, BOOK), strict=True):
            own = frame[(frame["split"] == split) & (frame["metric"] == metric)]
            seeds = own.groupby("seed")
            for _, run in seeds if len(seeds) > 1 else ():
                panel.plot(run["epoch"], run["value"], color=colour, linewidth=0.6, alpha=0.5)
            if not own.empty:
                panel.plot(own.groupby("epoch")["value"].mean(), color=colour, linewidth=1.5, label=name)
        panel.set_title(f"{split} {metric}", fontsize=9, pad=3)
        panel.tick_params(labelsize=7.5, length=2)
        panel.grid(color=FAINT, linewidth=0.4)
        panel.set_axisbelow(True)
    for panel in panels[len(shown) :]:
        panel.set_axis_off()
    panels[0].xaxis.get_major_locator().set_params(integer=True)
    figure.supxlabel("Epoch", fontsize=9)
    legend(figure, panels)
    return svg(figure)
