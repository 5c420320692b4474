"""An estimate in words and units for people."""

from __future__ import annotations

from typing import Any


def as_text(found: dict) -> str:
    """The estimate as a table for people, and a sum for each target."""
    layout = "{:11} {:22} {:>4} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}"
    lines = [layout.format("target", "cell", "runs", "steps", "step", "images/s", "a run", "a process", "its step")]
    for row in found["cells"]:
        about = "~" if row["in_proportion"] else " "
        steps = "?" if row["steps"] is None else f"{row['steps']:,}"
        figures = (f"{row['runs']}", steps, about + duration(row["step_seconds"]), f"{row['images_per_second']:,.0f}")
        needs = (duration(row["run_seconds"]), about + size(row["process_bytes"]), about + size(row["memory_bytes"]))
        lines.append(layout.format(row["experiment"], row["cell"], *figures, *needs))
    lines.append("")
    for name in dict.fromkeys(row["experiment"] for row in found["cells"]):
        lines.append(_sum(name, [row for row in found["cells"] if row["experiment"] == name], found["at_once"]))
    lines += [_data_line(name, about) for name, about in found["data"].items()]
    machine = found["machine"]
    lines.append(
        f"Measured on {machine['device']} ({machine['cpu']}), load {machine['load_average']:.1f}, "
        f"{size(machine['memory_bytes'])} of memory, {size(machine['disk_free_bytes'])} of disk free. "
        "~ in proportion from a smaller batch."
    )
    lines.append(
        "Memory: a process is its largest resident memory on the host, with interpreter, libraries and compiler; its "
        "step is what one step holds on each device (weights, optimiser, activations), on a CPU a part of the process. "
        "What it reads of a store comes on top."
    )
    return "\n".join(lines)


def measured_line(target: str, cell: str, measured: Any) -> str:
    """What has been measured of a cell, on a line."""
    return (
        f"{target} {cell}: {duration(measured.step_seconds)} a step of {measured.batch_size}, "
        f"compiled in {duration(measured.compile_seconds)}, {size(measured.process_bytes)} of memory"
    )


def _sum(name: str, rows: list[dict], at_once: int) -> str:
    runs = sum(row["runs"] for row in rows)
    if any(row["run_seconds"] is None for row in rows):
        return f"{name}: {runs} runs; give key 'images' of the data set, or prepare it, to know for how long"
    total = sum(row["runs"] * row["run_seconds"] for row in rows)
    kept = sum(row["runs"] * row["kept_bytes"] for row in rows)
    beside = min(at_once, runs)
    together = f", {duration(total / beside)} with {beside} at a time" if beside > 1 else ""
    return (
        f"{name}: {runs} runs, {duration(total)} one after another{together}; {size(kept)} for weights and checkpoints"
    )


def _data_line(name: str, about: dict) -> str:
    counts = about["images"]
    images = "unknown number of images" if counts is None else f"{counts['train']:,} + {counts['val']:,} images"
    stored = "unknown" if about["store_bytes"] is None else size(about["store_bytes"])
    state = f"prepared, read at {about['read']:,.0f} images/s" if about["prepared"] else "not prepared yet"
    return f"data {name}: {images}, store {stored}, {state}"


def duration(seconds: float | None) -> str:
    """Seconds for people: three digits and the unit that suits them."""
    if seconds is None:
        return "?"
    for limit, unit, text in ((1, 1e-3, "ms"), (120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.3g} {text}"
    return f"{seconds / 86400:.3g} d"


def size(count: float) -> str:
    """Bytes for people, in powers of ten."""
    for limit, unit, text in ((1e6, 1e3, "kB"), (1e9, 1e6, "MB"), (1e12, 1e9, "GB")):
        if count < limit:
            return f"{count / unit:.3g} {text}"
    return f"{count / 1e12:.3g} TB"
