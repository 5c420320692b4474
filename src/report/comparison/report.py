"""The page of a comparison and its files, which comparisons of their own kind add to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.ownership import write_all
from report.comparison import content, figure, others, tables
from report.comparison.claims import Verdict, verdict
from report.comparison.settings import Setting, variants
from report.engine.errors import ReportError, read_json
from report.engine.escape import phrase
from report.engine.files import ending, files
from report.engine.page import Block, Page, Picture, Section
from report.engine.table import encode, rounded
from report.runs import provenance, smoke
from report.runs.command import CURVES, DATA, FIRST
from report.runs.load import Cell, load
from report.vocabulary import source

if TYPE_CHECKING:
    import pandas as pd

#: The table of claims beside the others.
CLAIMS = "*_claims.csv"


@dataclass(frozen=True)
class Compared:
    """What the page is made from: the settings with their cells, and what is claimed."""

    title: str
    question: str
    settings: tuple[Setting, ...]
    claims: Sequence[dict[str, Any]] = field(default=())
    lengths: Path | None = None  # of attentions: what they cost at growing length
    beside: Path | None = None  # runs of another implementation, of a record

    @property
    def cells(self) -> list[Cell]:
        """All cells of all settings."""
        return [cell for setting in self.settings for cell in setting.cells]

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per variant."""
        return rounded(tables.per_variant(self.settings))

    @cached_property
    def curves(self) -> pd.DataFrame:
        """The metrics of the judged runs."""
        return rounded(tables.curves(self.settings))

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """What became of every claim about variants that are shown."""
        found = (verdict(claim, self.settings) for claim in self.claims)
        return [one for one in found if one is not None]


def _during(compared: Compared) -> bytes:
    return figure.during(compared.settings, compared.curves)


@dataclass(frozen=True)
class Comparison:
    """The report; ``more`` gives blocks of a comparison of its own kind, after the tables of its settings.

    ``second`` draws its second figure where that is not of the curves while training, with a ``caption``. Curves are
    left out where runs are validated at their ends only, which the first figure shows.
    """

    more: Callable[[Compared], list[Block]] = lambda compared: []
    second: Callable[[Compared], bytes] = _during
    caption: str = (
        "The same figure on the validation data during training, mean over seeds, each at the rate it is judged at."
    )

    def read(self, path: Path) -> Compared:
        """What a file of ``results/comparisons`` compares, with its runs.

        Raises :class:`ReportError` naming the file and key of the first thing that is missing or malformed.
        """
        about = read_json(path, f"delete it, and `snakemake {path}` makes it again")
        try:
            steps = _steps(Path(about["steps"])) if about.get("steps") else {}
            settings = tuple(_setting(one, steps) for one in about["settings"])
            lengths, beside = (Path(about[key]) if about.get(key) else None for key in ("lengths", "beside"))
            said = phrase(about["title"]), phrase(about["question"])
            return Compared(*said, settings, tuple(about["claims"]), lengths, beside)
        except (KeyError, TypeError) as error:
            raise ReportError(f"{path}: is not what a comparison is described by ({error}); delete it") from None

    def write(self, compared: Compared, stem: Path) -> None:
        """Write four tables, two figures, the page in Markdown and as PDF: whole, or nothing."""
        drawings = {FIRST: figure.first(compared.settings), CURVES: self.second(compared)}
        runs, claims = rounded(tables.per_run(compared.settings)), rounded(tables.of_claims(compared.verdicts))
        frames = dict(zip((*DATA, CLAIMS), (compared.table, runs, compared.curves, claims), strict=True))
        contents = {name: encode(frame) for name, frame in frames.items()} | drawings
        made = {ending(stem, name.removeprefix("*")): data for name, data in contents.items()}
        write_all(made | files(self.page(compared), stem, drawings))

    def page(self, compared: Compared) -> Page:
        """Assemble the page; a smoke run concludes nothing."""
        settings, banner = compared.settings, smoke.banner(compared.cells)
        second: list[Block] = []
        if self.second is not _during or figure.has_curves(compared.curves):
            second = [Picture(CURVES, self.caption, floats=len(settings) > figure.ROWS)]
        concluded: list[Block] = [] if banner else [content.conclusions(settings, compared.table)]
        return Page(
            title=compared.title,
            subtitle="; ".join(one.title for one in settings),
            question=compared.question,
            book=source.sentence(),
            notice=smoke.opening(banner, None),
            blocks=[
                *concluded,
                Picture(FIRST, _caption(settings), floats=len(settings) > figure.ROWS),
                *second,
                *_facts(settings),
            ],
            wide=[
                *(content.main_table(one, compared.table) for one in settings),
                *(block for one in settings for block in content.gradients(one, compared.curves)),
                *self.more(compared),
                *([] if compared.beside is None or banner else [others.table(compared.beside, settings)]),
                *([] if banner else content.claims(compared.verdicts)),
                *([] if banner else content.document_tables(compared.verdicts)),
            ],
            footer=f"{compared.title}; commit {provenance.commit(_runs(compared.cells), short=True)}",
            data=(*DATA, CLAIMS),
        )


def _runs(cells: Sequence[Cell]) -> list:
    return [run for cell in cells for run in cell.runs]


def _facts(settings: Sequence[Setting]) -> list[Block]:
    """What was run, once for all settings whose results are in one folder: they share data and recipe."""
    folders: dict[Path, list[Setting]] = {}
    for setting in settings:
        folders.setdefault(setting.cells[0].config.path.parents[1], []).append(setting)
    made: list[Block] = []
    for some in folders.values():
        cells = {cell.name: cell for setting in some for cell in setting.cells}
        title = "; ".join(one.title for one in some)
        made.append(Section(f"What was run: {title}", facts=provenance.what_was_run([*cells.values()])))
    return made


def _setting(one: dict[str, Any], steps: dict[str, float]) -> Setting:
    seeds, tuning = tuple(one["seeds"]), tuple(one["tuning_seeds"])
    results = Path(one["results"])
    found = variants(load(results, one["cells"], [*seeds, *tuning]))
    timed = {v.name: steps[at] for v in found for cell in v.cells if (at := f"{results.name}/{cell.name}") in steps}
    return Setting(one["name"], phrase(one["title"]), found, seeds, tuning, one["baseline"], timed)


def _steps(path: Path) -> dict[str, float]:
    """Milliseconds of a step by ``<results>/<cell>``; raises :class:`ReportError` where it is another file."""
    found = read_json(path, f"delete it, and `snakemake {path}` makes it again")
    try:
        return {name: float(one["milliseconds"]) for name, one in found["steps"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ReportError(f"{path}: is not what `python -m train bench-turns` writes ({error}); delete it") from None


def _caption(settings: Sequence[Setting]) -> str:
    each = ", a row for each setting" if len(settings) > 1 else ""
    if len(settings) > figure.ROWS:
        return (
            "Every judged run (circles), their mean (strokes) and runs that diverged (crosses at the worst figure), a "
            "panel for each setting."
        )
    return (
        "Left: every judged run (circles), their mean (strokes) and runs that diverged (crosses at the worst figure). "
        f"Right: the mean over all seeds at each rate, in the colours of the left, where no run diverged{each}; "
        "figures far from the best lie beyond the axis."
    )
