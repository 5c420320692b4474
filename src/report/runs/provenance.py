"""What was run, on what, in how long and at which commit, gathered from every run's summary."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from report.engine.formats import count, duration, listing, number, spelled, words
from report.kept.about import about
from report.runs.divergence import described
from report.runs.load import Cell, Run
from report.runs.optimizers import title
from train.tasks import TASKS

#: Models that are named; of more, the first is, and what all of them cost.
NAMED = 6


def what_was_run(cells: Sequence[Cell], only: Collection[str] | None = None) -> list[tuple[str, str]]:
    """Facts as (what, text), of all or those named; where runs differ, all their values stand."""
    runs = [run for cell in cells for run in cell.runs]
    facts = [
        ("Data", _data(cells[0], runs)),
        ("Model", _model(cells)),
        ("Training", _training(cells)),
        ("Runs", _runs(cells)),
        ("Date", _date(runs)),
        ("Hardware", _hardware(runs)),
        ("Wall time", _wall_time(runs)),
        ("Throughput", _throughput(runs)),
        ("Commit", commit(runs) + "."),
        ("Software", _software(runs)),
        ("Remark", about(cells[0].config.path.parents[1]).get("remark", "")),
    ]
    return [(what, text) for what, text in facts if text and (only is None or what in only)]


def footer(cells: Sequence[Cell]) -> str:
    """One line that says where a page came from."""
    runs = [run for cell in cells for run in cell.runs]
    return f"{cells[0].config.get('dataset.name')}, {words(len(runs), 'run')}, commit {commit(runs, short=True)}"


def commit(runs: Sequence[Run], short: bool = False) -> str:
    """The commits the runs were made at, those with uncommitted changes marked."""
    found = {}
    for run in runs:
        name = str(run.summary.get("provenance.git_commit", "unknown"))
        found[(name[: 10 if short else 40], bool(run.summary.get("provenance.git_dirty", False)))] = None
    return listing(name + (" with uncommitted changes" if dirty else "") for name, dirty in found)


def _values(runs: Iterable[Run], key: str) -> list[Any]:
    """The values of a key over all runs that have it."""
    return [value for run in runs if (value := run.summary.get(key)) is not None]


def _distinct(values: Iterable[Any], write: Callable[[Any], str] = number) -> str:
    return listing(dict.fromkeys(write(value) for value in values))


def _data(cell: Cell, runs: Sequence[Run]) -> str:
    summary, sizes = runs[0].summary, _values(runs, "image_size")
    source, unit = cell.config.get("dataset.source"), TASKS[summary.get("task")].unit
    seen = f"classes, seen at {_distinct(sizes, _size)} pixels." if sizes else "tokens."
    return (
        f"{cell.config.get('dataset.title')}: {_distinct(_values(runs, 'train_images'), count)} training and "
        f"{count(summary.get('val_images'))} validation {unit} in {count(summary.get('classes'))} {seen}"
        + (f" Source: {source.rstrip('.')}." if source else "")
    )


def _model(cells: Sequence[Cell]) -> str:
    models, every, work = {}, [], []
    for cell in cells:
        summary = cell.first.summary
        macs = summary.get("macs")
        one = TASKS[summary.get("task")].unit.removesuffix("s")
        every.append(int(summary.get("params")))
        work.append(int(macs or 0))
        cost = f", {_scaled(macs)} multiply–accumulates per {one}" if macs else ""
        models[f"`{cell.config.get('model')}`, {count(summary.get('params'))} parameters{cost}"] = None
    if len(models) > NAMED:
        name = cells[0].config.get("model")
        return (
            f"`{name}` and {count(len(models) - 1)} others, {count(min(every))} to {count(max(every))} parameters, "
            f"{_scaled(min(work))} to {_scaled(max(work))} multiply–accumulates per {one}."
        )
    return listing(models) + "."


def _training(cells: Sequence[Cell]) -> str:
    def recipe(key: str, write: Callable[[Any], str] = number) -> str:
        return _distinct([cell.config.get(key) for cell in cells], write)

    steps = _distinct([cell.first.summary.get("steps") for cell in cells], count)
    epochs = _distinct([cell.first.summary.get("epochs") for cell in cells], count)
    length = f"{epochs} epoch{'' if epochs == '1' else 's'} ({steps} steps) at batch {recipe('batch_size', count)}"
    rates = f"peak learning rate {recipe('optimizer.learning_rate')}, weight decay {recipe('optimizer.weight_decay')}"
    schedule = _distinct([cell.config.get("schedule") for cell in cells], _schedule)
    smoothing = f"label smoothing {recipe('label_smoothing')}"
    optimizer = listing(
        dict.fromkeys(title(cell.config.get("optimizer"), cell.config.get("own_optimizer")) for cell in cells)
    )
    return f"{length}; {optimizer}, {rates}; {schedule}; {smoothing}; {recipe('precision', str)}.{_starts(cells)}"


def _starts(cells: Sequence[Cell]) -> str:
    """Which cells start from weights, and where these lie; nothing where none does."""
    starts = [start for cell in cells if (start := cell.config.get("start"))]
    files = {f"`{start if isinstance(start, str) else start.get('file')}`": None for start in starts}
    if not starts:
        return ""
    which = "All" if len(starts) == len(cells) else f"{words(len(starts), 'cell').capitalize()} of {len(cells)}"
    return f" {which} start{'s' if len(starts) == 1 < len(cells) else ''} from weights: {listing(files)}."


def _size(size: int | Sequence[int]) -> str:
    """Height and width of pictures."""
    return " × ".join(map(number, (size, size) if isinstance(size, int) else size))


def _schedule(schedule: Mapping[str, Any]) -> str:
    """How the rate rises and falls, in words."""
    steps = schedule.get("warmup_steps")
    warmup = f"{number(schedule.get('warmup_epochs') or 0)} epochs" if steps is None else f"{count(steps)} steps"
    floor = schedule.get("floor") or 0.0
    end = f"{number(100 * floor)} % of the peak" if floor else "zero"
    falls = {"cosine": f"then half a cosine to {end}", "linear": f"then a line to {end}", "constant": "then constant"}
    falls |= {"step": "then in drops", "exponential": f"then exponentially to {end}"}
    falls |= {"restarts": f"then cosines in a row, each to {end}", "one-cycle": "one cycle up and down"}
    if schedule.get("name") == "plateau":
        falls["plateau"] = f"then times {number(schedule['factor'])} where the loss no longer falls"
    fall = falls[schedule.get("name", "cosine")]
    return f"linear warm-up over {warmup}, {fall}, one value per {schedule['granularity']}"


def _runs(cells: Sequence[Cell]) -> str:
    seeds = [run.seed for run in cells[0].runs]
    semantics = _distinct([cell.config.get("augmentation.semantics") for cell in cells], lambda s: f"“{s}”")
    drawn = f"; augmentation semantics {semantics}" if cells[0].first.classifies else ""
    resumed = sum(1 for cell in cells for run in cell.runs if run.summary.get("timing.resumes", 0))
    again = f" {words(resumed, 'run').capitalize()} resumed after an interruption." if resumed else ""
    named = f"{'seed' if len(seeds) == 1 else 'seeds'} {listing(map(str, seeds))}"
    total = words(len(cells) * len(seeds), "run")
    lost = described(cells)
    diverged = f" Diverged: {listing(lost)}." if lost else ""
    return f"{words(len(cells), 'cell').capitalize()} with {named}: {total}{drawn}.{again}{diverged}"


def _date(runs: Sequence[Run]) -> str:
    """From the first start to the last finish; ISO times sort as text."""
    first, last = min(_values(runs, "timing.started"), default=""), max(_values(runs, "timing.finished"), default="")
    return f"{_minute(first)} to {_minute(last)}." if first and last else ""


def _minute(time: str) -> str:
    zone = " UTC" if time.endswith(("Z", "+00:00")) else ""
    return time[:16].replace("T", " ") + zone


def _hardware(runs: Sequence[Run]) -> str:
    machines = {}
    for run in runs:
        kind, devices = run.summary.get("timing.device_kind"), run.summary.get("timing.device_count", 1)
        if kind is None:
            continue
        cpu, threads = run.summary.get("timing.cpu"), run.summary.get("timing.cpu_threads")
        host = f"{cpu}, {words(threads, 'thread')}" if cpu and threads else cpu or ""
        device = f"{devices} × {kind}" if devices > 1 else str(kind)
        # A run on the processor has no accelerator worth naming.
        machines[host if run.summary.get("timing.device") == "cpu" and host else f"{device}; {host}".strip("; ")] = None
    return listing(machines) + "." if machines else ""


def _wall_time(runs: Sequence[Run]) -> str:
    wall = _values(runs, "timing.wall_seconds")
    text = f"{duration(sum(wall))} summed over the runs"
    if len(wall) > 1:
        text += f"; per run {duration(median(wall))} (median; {duration(min(wall))} to {duration(max(wall))})"
    parts = []
    for name, key in (
        ("training steps", "train_seconds"),
        ("compilation", "compile_seconds"),
        ("validation", "eval_seconds"),
        ("waiting for input", "input_seconds"),
    ):
        values = _values(runs, f"timing.{key}")
        if values:
            parts.append(f"{name} {duration(sum(values))}")
    return text + (f". Of that: {', '.join(parts)}." if parts else ".")


def _throughput(runs: Sequence[Run]) -> str:
    parts = []
    if speed := _values(runs, "timing.images_per_second"):
        parts.append(f"{count(median(speed))} {TASKS[runs[0].summary.get('task')].unit}/s")
    if step := _values(runs, "timing.step_milliseconds"):
        parts.append(f"{median(step):.1f} ms per step")
    if memory := _values(runs, "timing.peak_memory_mib"):
        parts.append(f"peak memory {count(max(memory))} MiB")
    return ", ".join(parts) + " (medians; memory: largest)." + _feeding(runs) if parts else ""


def _feeding(runs: Sequence[Run]) -> str:
    """Reading alone against training alone, and the runs in which the device waited for images."""
    keys = ("timing.input_images_per_second", "timing.step_images_per_second")
    known = [rates for run in runs if None not in (rates := tuple(run.summary.get(key) for key in keys))]
    if not known:
        return ""
    reading, training = zip(*known, strict=True)
    unit = TASKS[runs[0].summary.get("task")].unit
    text = f" Reading alone {count(median(reading))} {unit}/s, training alone {count(median(training))} {unit}/s."
    starved = sum(read < train for read, train in known)
    if not starved:
        return text
    return f"{text} Starved: {spelled(starved)} of {words(len(known), 'run')} read more slowly than they train."


def _software(runs: Sequence[Run]) -> str:
    versions: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, version in run.summary.get("provenance.versions", {}).items():
            versions.setdefault(name, {})[str(version)] = None
    return ", ".join(f"{name} {listing(found)}" for name, found in versions.items()) + "." if versions else ""


def _scaled(value: float) -> str:
    """A large count with its SI prefix: 1.23 M, 1.08 G."""
    for size, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {prefix}"
    return count(value)
