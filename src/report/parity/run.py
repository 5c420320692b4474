"""Every case compared once: what was found, as rows."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from netspec.weights import cases
from netspec.weights.blind import blind
from netspec.weights.parity import Case, compare
from netspec.weights.plan import WeightsError

COLUMNS = (
    "case", "family", "library", "network", "params", "reference_params", "float32", "float64", "gradients", "rules",
    "seconds", "count", "function", "reason",
)  # fmt: skip
BLIND = ("case", "convention", "value", "at_input", "at_larger")


def folders(places: Iterable[Path]) -> list[Path]:
    """The cases in each place: itself, or the folders in it."""
    found = []
    for place in places:
        inside = [place] if (place / "manifest.json").is_file() else sorted(place.glob("*/manifest.json"))
        found += [path if path.is_dir() else path.parent for path in inside]
    return found


def row(folder: Path, largest: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A case's row, and what it cannot tell apart. In float64 up to ``largest`` parameters, beyond in float32 only."""
    case = Case(folder)
    about = {
        "case": case.name,
        "family": case.manifest.get("family", case.name),
        "library": case.manifest["library"],
    }
    empty = dict.fromkeys(COLUMNS, "")
    try:
        twin = cases.twin_of(case)
        small = twin.spec.params <= largest
        found = compare(case, twin, double=small)
        unseen = [one._asdict() for one in blind(case, twin)] if small else []
    except WeightsError as error:
        return {**empty, **about, "count": "not compared", "function": "not compared", "reason": str(error)}, []
    except Exception as error:  # a network that cannot run is a row, and no reason to lose the others
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return {**empty, **about, "count": "not compared", "function": "not compared", "reason": reason}, []
    errors = {"float32": found.float32, "float64": found.float64, "gradients": found.gradients}
    beyond = [f"{name} {error:.3g}" for name, error in errors.items() if error is not None and not error <= 1]
    return {
        **about,
        **{name: getattr(found, name) for name in ("network", "params", "reference_params", "rules")},
        **{name: "" if error is None else float(f"{error:.4g}") for name, error in errors.items()},
        "seconds": round(found.seconds, 1),
        "count": "exact" if found.params == found.reference_params else "differs",
        "function": "differs" if beyond else "exact",
        "reason": ", ".join(beyond),
    }, unseen
