"""What a person sees of a run: a bar in a terminal, a line per epoch in a log."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm


class Progress:
    """Shows a run of ``epochs`` epochs and ``images`` examples in all, of which ``done`` were seen before a resume.

    ``unit`` is what examples are called.
    A ``silent`` one shows nothing: of several processes, one is enough.
    """

    def __init__(
        self, label: str, epochs: int, images: int, done: int = 0, silent: bool = False, unit: str = "images"
    ) -> None:
        self.silent, self.unit = silent, unit
        self.epochs = epochs
        self.width = len(str(epochs))
        self.terminal = sys.stderr.isatty() and not silent
        self.started, self.seen = time.perf_counter(), 0
        self.left = images - done
        self.shown = 0.0
        self.bar = tqdm(
            total=images,
            initial=done,
            desc=label,
            unit=f" {unit}",
            unit_scale=True,
            disable=not self.terminal,
            dynamic_ncols=True,
            mininterval=0.2,
        )

    def advance(self, images: int, metrics: Any) -> None:
        """Count ``images``; in a terminal, at most twice a second, show the figures ``metrics()`` returns."""
        self.seen += images
        if not self.terminal:
            return
        if time.perf_counter() - self.shown > 0.5:
            self.bar.set_postfix_str(_figures(metrics()), refresh=False)
            self.shown = time.perf_counter()
        self.bar.update(images)

    def epoch(self, epoch: int, metrics: dict[str, Any]) -> None:
        """One line for a finished epoch, or above the bar when it has validation figures."""
        line = f"epoch {epoch:{self.width}d}/{self.epochs}  {_figures(metrics)}"
        if self.terminal:
            if any(name.startswith("val ") for name in metrics):
                self.bar.write(line, file=sys.stderr)
            return
        speed = self.seen / (time.perf_counter() - self.started)
        remaining = tqdm.format_interval((self.left - self.seen) / speed) if speed else "?"
        self.say(f"{line}  {speed:,.0f} {self.unit}/s  {remaining} left")

    def say(self, text: str) -> None:
        """A line of its own, above the bar if there is one."""
        if self.terminal:
            self.bar.write(text, file=sys.stderr)
        elif not self.silent:
            print(text, flush=True)

    def close(self) -> None:
        """Finish the bar."""
        self.bar.close()


class Tally:
    """Shows how much of ``total`` is done: a bar in a terminal, a line every ten seconds in a log; a context."""

    def __init__(self, label: str, total: int | None, *, unit: str, done: int = 0) -> None:
        self.label, self.total, self.unit, self.done = label, total, unit, done
        self.shown = time.perf_counter()
        self.bar = tqdm(
            total=total,
            initial=done,
            desc=label,
            unit=unit,
            unit_scale=True,
            disable=not sys.stderr.isatty(),
            dynamic_ncols=True,
            delay=0.5,
        )

    def __enter__(self) -> Tally:
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def advance(self, count: int) -> None:
        """Count ``count`` more."""
        self.done += count
        self.bar.update(count)
        if self.bar.disable and time.perf_counter() - self.shown > 10:
            self.shown = time.perf_counter()
            share = f" ({self.done / self.total:.0%})" if self.total else ""
            print(f"{self.label}: {tqdm.format_sizeof(self.done)}{self.unit}{share}", file=sys.stderr, flush=True)


def say(text: str) -> None:
    """A line of its own, above the bar if there is one."""
    tqdm.write(text, file=sys.stderr)


def _figures(metrics: dict[str, Any]) -> str:
    return "  ".join(f"{name} {_short(name, value)}" for name, value in metrics.items())


def _short(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    if "rate" in name or "gradient" in name:
        return f"{value:.2e}"
    return f"{value:.4f}" if "loss" in name else f"{value:.2f} %"
