"""Files in ``config/trials``: which trial, which seeds and rates, and what is claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from train.config import terms
from train.config.schema import ConfigError
from train.trials import TRIALS
from train.trials.data import Data

KEYS = {
    "title", "question", "trial", "seeds", "tuning_seeds", "rates", "baseline", "claims", "settings", "lines",
    "drawing", "remarks", "data",
}  # fmt: skip
REQUIRED = ("title", "question", "trial", "seeds", "rates", "baseline", "claims")
CLAIM_KEYS = {
    "says", "line", "of", "than", "figure", "smallest", "expects", "value", "term", "table", "row", "column",
}  # fmt: skip
EXPECTS = ("better", "alike")
#: What a smoke run has: seeds, and the first claims, whose variants alone it runs.
SMOKE_SEEDS, SMOKE_CLAIMS = 2, 1


@dataclass(frozen=True)
class Settings:
    """One file. ``claims`` are mappings with the keys of :data:`CLAIM_KEYS`.

    Of an example of the document, ``lines`` are its first and last line, ``drawing`` its boxes and arrows, and
    ``remarks`` sentences on what was mended or left out. ``data`` is where a person's own copy lies that a trial needs.
    """

    name: str
    title: str
    question: str
    trial: str
    seeds: tuple[int, ...]
    tuning_seeds: tuple[int, ...]
    rates: tuple[float, ...]
    baseline: str
    claims: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]
    lines: tuple[int, int] | None = None
    drawing: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    data: Data | None = None

    @property
    def compared(self) -> frozenset[str]:
        """The variants that a claim is about, and the baseline."""
        return frozenset(
            {self.baseline} | {claim[key] for claim in self.claims for key in ("of", "than") if key in claim}
        )


def read(path: Path, *, smoke: bool = False) -> Settings:
    """The settings in a file, with fewer seeds and claims and one rate in a smoke run.

    Raises :class:`ConfigError` naming the file and the first key that is wrong.
    """
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}, expected a file of settings") from None
    if not isinstance(given, dict):
        raise ConfigError(f"{path}: holds {type(given).__name__}, expected keys with values")
    if unknown := sorted(given.keys() - KEYS):
        raise ConfigError(f"{path}: key '{unknown[0]}' is unknown, expected one of {', '.join(sorted(KEYS))}")
    if missing := [key for key in REQUIRED if key not in given]:
        raise ConfigError(f"{path}: key '{missing[0]}' is missing")
    if given["trial"] not in TRIALS:
        raise ConfigError(f"{path}: key 'trial' is {given['trial']!r}, expected one of {', '.join(TRIALS)}")
    seeds, tuning = _whole(path, given, "seeds"), _whole(path, given, "tuning_seeds") if "tuning_seeds" in given else ()
    rates = given["rates"]
    if not isinstance(rates, list) or not rates or not all(isinstance(one, int | float) and one > 0 for one in rates):
        raise ConfigError(f"{path}: key 'rates' is {rates!r}, expected learning rates above zero")
    if shared := {*seeds} & {*tuning}:
        raise ConfigError(f"{path}: key 'tuning_seeds' has {min(shared)}, which is judged; expected others")
    if len(rates) > 1 and not tuning:
        raise ConfigError(f"{path}: key 'tuning_seeds' is missing, by which one of {len(rates)} rates is chosen")
    claims = given["claims"]
    for place, claim in enumerate(claims if isinstance(claims, list) else [None]):
        _check_claim(path, place, claim)
    return Settings(
        path.stem,
        str(given["title"]),
        str(given["question"]),
        given["trial"],
        seeds[:SMOKE_SEEDS] if smoke else seeds,
        tuning[:1] if smoke else tuning,
        tuple(map(float, rates[:1] if smoke else rates)),
        str(given["baseline"]),
        tuple(claims[:SMOKE_CLAIMS] if smoke else claims),
        dict(given.get("settings") or {}),
        _lines(path, given),
        _drawing(path, given.get("drawing") or {}),
        tuple(map(str, given.get("remarks") or ())),
        Data.of(path, given["data"]) if "data" in given else None,
    )


def _lines(path: Path, given: Mapping[str, Any]) -> tuple[int, int] | None:
    lines = given.get("lines")
    if lines is None:
        return None
    if not isinstance(lines, list) or [type(one) for one in lines] != [int, int] or not 0 < lines[0] <= lines[1]:
        raise ConfigError(f"{path}: key 'lines' is {lines!r}, expected the first and the last line of the document")
    return lines[0], lines[1]


def _drawing(path: Path, drawing: Any) -> Mapping[str, Any]:
    """Boxes by name, each ``{text, at: [column, row]}``, and arrows ``[from, to]`` or ``[from, to, label]``."""
    if not drawing:
        return {}
    if not isinstance(drawing, dict) or {*drawing} != {"boxes", "arrows"}:
        raise ConfigError(f"{path}: key 'drawing' is {drawing!r}, expected boxes and arrows")
    for name, box in drawing["boxes"].items():
        if not isinstance(box, dict) or not {"text", "at"} <= {*box} <= {"text", "at", "mended"}:
            raise ConfigError(f"{path}: key 'drawing.boxes.{name}' is {box!r}, expected text, at and maybe mended")
        if not isinstance(box["at"], list) or len(box["at"]) != 2:
            raise ConfigError(f"{path}: key 'drawing.boxes.{name}.at' is {box['at']!r}, expected [column, row]")
    for arrow in drawing["arrows"]:
        if not isinstance(arrow, list) or len(arrow) not in (2, 3) or not {*arrow[:2]} <= {*drawing["boxes"]}:
            raise ConfigError(f"{path}: key 'drawing.arrows' has {arrow!r}, expected [from, to] with names of boxes")
    return drawing


def _whole(path: Path, given: Mapping[str, Any], key: str) -> tuple[int, ...]:
    values = given[key]
    if not isinstance(values, list) or not values or not all(type(one) is int and one >= 0 for one in values):
        raise ConfigError(f"{path}: key '{key}' is {values!r}, expected whole numbers from 0")
    if len({*values}) < len(values):
        raise ConfigError(f"{path}: key '{key}' has a number twice, expected each once")
    return tuple(values)


def _check_claim(path: Path, place: int, claim: Any) -> None:
    where = f"{path}: key 'claims[{place}]'"
    if not isinstance(claim, dict):
        raise ConfigError(f"{where} is {claim!r}, expected says, line, of, than")
    if unknown := sorted(claim.keys() - CLAIM_KEYS):
        raise ConfigError(f"{where} has {unknown[0]!r}, expected one of {', '.join(sorted(CLAIM_KEYS))}")
    for key in ("says", "line", "of"):
        if key not in claim:
            raise ConfigError(f"{where} has no {key!r}")
    if type(claim["line"]) is not int or claim["line"] < 1:
        raise ConfigError(f"{where}: 'line' is {claim['line']!r}, expected a line of the document")
    if said := terms.mistake(claim):
        raise ConfigError(f"{where}: {said}")
    if ("than" in claim) == ("value" in claim):
        raise ConfigError(f"{where}: expected either 'than', a variant, or 'value', a number")
    if (cell := {"table", "row", "column"} & {*claim}) and len(cell) < 3:
        raise ConfigError(f"{where} has {min(cell)!r} alone, expected table, row and column")
    if claim.get("expects", "better") not in EXPECTS:
        raise ConfigError(f"{where}: 'expects' is {claim['expects']!r}, expected one of {', '.join(EXPECTS)}")


def check_names(settings: Settings, variants: Mapping[str, str], figures: list[str], path: Path) -> None:
    """Raise :class:`ConfigError` for a variant or figure that the trial does not have."""
    known = ", ".join(variants)
    if settings.baseline not in variants:
        raise ConfigError(f"{path}: key 'baseline' is {settings.baseline!r}, expected one of {known}")
    for place, claim in enumerate(settings.claims):
        where = f"{path}: key 'claims[{place}]'"
        for key in ("of", "than"):
            if key in claim and claim[key] not in variants:
                raise ConfigError(f"{where}: {key!r} is {claim[key]!r}, expected one of {known}")
        if claim.get("figure", figures[0]) not in figures:
            raise ConfigError(f"{where}: 'figure' is {claim['figure']!r}, expected one of {', '.join(figures)}")
