"""Types of command-line options: numbers within limits and names; argparse says in one line what it refuses."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable

from train.config.printable import shown
from train.config.schema import NAME_IN_WORDS, is_name

#: Largest seed: jax's keys and numpy's generators take more, but 32 bits are read alike everywhere.
LARGEST_SEED = 2**31 - 1


def whole(least: int, most: int) -> Callable[[str], int]:
    """A type for whole numbers from ``least`` to ``most``, in plain decimal digits."""

    def number(text: str) -> int:
        value = int(text) if re.fullmatch("0|[1-9][0-9]{0,17}", text) else -1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{shown(text)!r} is not a whole number from {least} to {most}")
        return value

    return number


seed = whole(0, LARGEST_SEED)
count = whole(1, 1_000_000)


def number(least: float, most: float, what: str) -> Callable[[str], float]:
    """A type for finite numbers from ``least`` to ``most``, called ``what`` where it refuses."""

    def value(text: str) -> float:
        try:
            found = float(text) if text.isascii() else math.nan
        except ValueError:
            found = math.nan
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(f"{shown(text)!r} is not {what} from {least:g} to {most:g}")
        return found

    return value


seconds = number(0, 86_400, "a number of seconds")
temperature = number(0, 100, "a temperature")


def gpus(text: str) -> int | None:
    """A number of GPUs, or ``None`` for all."""
    if text == "all":
        return None
    try:
        return whole(0, 1_000_000)(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{shown(text)!r} is neither a whole number from 0 nor all") from None


def name(text: str) -> str:
    """The name of a cell, a data set or a recipe."""
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{shown(text)!r} is no name, expected {NAME_IN_WORDS}")
    return text


def address(text: str) -> str:
    """``HOST:PORT``."""
    host, _, port = text.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\]", host):
        raise argparse.ArgumentTypeError(f"{shown(text)!r} is not HOST:PORT")
    whole(1, 65_535)(port)
    return text
