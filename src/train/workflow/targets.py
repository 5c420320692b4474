"""What results, reports and targets of the workflow are called: functions of the experiments, and nothing else.

Every name stands for one thing: ``results/<label>`` for a data set, recipe and semantics, ``reports/<experiment>`` for
the report of an experiment as its file describes it, ``reports/<experiment>/<label>`` for that of another
configuration, by ``config.yaml`` or the command line, and the target ``<experiment>/<cell>`` for all seeds of a cell.
So nothing asked for can replace something else that is finished. Importing this imports neither jax nor Snakemake.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from train.config import datasets, sweep
from train.config.schema import ConfigError

if TYPE_CHECKING:
    from train.config import Experiment

SEMANTICS = ("book", "imagenet", "paper")
#: What a report consists of, after its stem.
FILES = (".csv", "_runs.csv", "_curves.csv", ".svg", "_curves.svg", ".md", ".pdf")
#: Bytes of a stem beyond which the names of cells give way to a digest; a file name holds 255.
LONGEST = 160


def label(dataset: str, recipe: str | None, semantics: str, folder: Path) -> str:
    """Folder of results: the data set, a recipe other than the data set's own, semantics other than the book's.

    Raises :class:`ConfigError` where the files in ``folder`` (``config``) give another combination the same label.
    """
    name = "-".join([dataset, *[recipe] * (recipe is not None), *[semantics] * (semantics != "book")])
    recipes = [None, *sorted(p.stem for p in (folder / "recipes").glob("*.yaml"))]
    for path in sorted(p for p in (folder / "datasets").glob("*.yaml") if name.startswith(p.stem)):
        for other in recipes:
            for drawn in SEMANTICS:
                parts = [path.stem, *[other] * (other is not None), *[drawn] * (drawn != "book")]
                if "-".join(parts) != name or (path.stem, other, drawn) == (dataset, recipe, semantics):
                    continue
                if other is not None and datasets.load(path)["recipe"] == other:
                    continue  # left out of the label
                raise ConfigError(
                    f"{path}: data set {path.stem!r}{f' with recipe {other!r}' if other else ''} and {drawn} semantics "
                    f"would share results/{name} with data set {dataset!r}"
                    f"{f' with recipe {recipe!r}' if recipe else ''} and {semantics} semantics, "
                    "expected names that tell them apart"
                )
    return name


def report(experiment: Experiment, own: Experiment) -> str:
    """Stem of an experiment's report under ``reports/``, to which :data:`FILES` are added.

    ``own`` is the experiment as its file has it, without changes, whose report is called like the experiment. Seeds do
    not enter: the report with more of them is the same one, better.
    """
    stem, chosen, every = experiment.label, experiment.bases(experiment.shown), experiment.bases(experiment.cells)
    usual = own.bases(own.shown)
    if experiment.cells_file != own.cells_file:
        stem, usual = f"{stem}+{experiment.cells_file}", every
    if experiment.sweep:
        stem += _short(sweep.stem(experiment.sweep), "~swept-")
    if chosen != usual:
        shown = "all" if chosen == every else "+".join(chosen)
        if len(f"{stem}@{shown}".encode()) > LONGEST:
            shown = f"{len(chosen)}-cells-{hashlib.sha256(shown.encode()).hexdigest()[:8]}"
        stem = f"{stem}@{shown}"
    if stem.endswith(("_runs", "_curves")):
        stem += "+"  # else its table would be called as the other tables of a shorter stem are
    usual_stem = own.label + (_short(sweep.stem(own.sweep), "~swept-") if own.sweep else "")
    return experiment.name if stem == usual_stem else f"{experiment.name}/{stem}"


def _short(text: str, instead: str) -> str:
    """``text``, or where it is long a digest of it behind ``instead``."""
    return text if len(text.encode()) < LONGEST // 2 else f"{instead}{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def shortened(stem: str) -> str:
    """A stem, or its beginning and a digest where it is too long for the name of a file."""
    if len(stem.encode()) <= LONGEST:
        return stem
    return f"{stem[:40]}-{hashlib.sha256(stem.encode()).hexdigest()[:8]}"


def other_names(experiment: Experiment) -> dict[str, str]:
    """File by the name that it has in the experiment's own report, for a report of another configuration.

    So that ``reports/ablation.pdf`` can always be asked for, and never is another one's file.
    """
    stem = experiment.stem
    if stem == experiment.name:
        return {}
    files = {f"reports/{experiment.name}{end}": f"reports/{stem}{end}" for end in FILES}
    previews = experiment.shown if experiment.report == "ablation" else ()
    return files | {f"reports/{experiment.name}/{cell}.png": f"reports/{stem}/{cell}.png" for cell in previews}


def cells(experiments: Mapping[str, Experiment]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Experiments and cells by the targets that may mean them: ``zoo/swin`` and ``swin``.

    A short form that several experiments have means all of them, and so is no target: see :func:`mistake`.
    """
    full = {
        f"{name}/{cell}": ((name, cell),) for name, e in experiments.items() for part in e.parts for cell in part.cells
    }
    short: dict[str, tuple[tuple[str, str], ...]] = {}
    for ((name, cell),) in full.values():
        short[cell] = (*short.get(cell, ()), (name, cell))
    return {**short, **full}


def mistake(target: str, known: Iterable[str], meant: Mapping[str, tuple[tuple[str, str], ...]]) -> str:
    """What is wrong with a target that is none, and what it may have been.

    ``known`` are the targets and files that can be asked for, ``meant`` the result of :func:`cells`.
    """
    if len(meant.get(target, ())) > 1:
        names = [name for name, _ in meant[target]]
        full = [f"{name}/{cell}" for name, cell in meant[target]]
        return (
            f"target {target!r}: {_listing(names, 'and')} each have a cell of this name, "
            f"expected {_listing(full, 'or')}"
        )
    near = _nearest(target, known)
    hint = f"; did you mean {_listing(near, 'or')}?" if near else "; snakemake --list-target-rules shows the targets"
    return f"target {target!r}: nothing of this name can be made under this configuration{hint}"


def _nearest(target: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names most like a mistyped one: first those of the same last part, if few, then by spelling."""
    by_spelling: dict[str, str] = {}
    for name in known:
        by_spelling.setdefault(name.lower(), name)
    last = target.rpartition("/")[2].lower()
    same = [name for lower, name in by_spelling.items() if lower.rpartition("/")[2] == last]
    close = difflib.get_close_matches(target.lower(), by_spelling, n=most, cutoff=0.6)
    # Far behind the best one, a name only distracts.
    alike = [difflib.SequenceMatcher(None, name, target.lower()).ratio() for name in close]
    close = [by_spelling[name] for name, ratio in zip(close, alike, strict=True) if ratio > alike[0] - 0.1]
    return list(dict.fromkeys([*(same if len(same) <= most else []), *close]))[:most]


def _listing(names: Iterable[str], word: str) -> str:
    *most, last = names
    return f"{', '.join(most)} {word} {last}" if most else last
