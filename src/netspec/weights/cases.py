"""Which network of ours is the twin of a recorded case: what its constructor says."""

from __future__ import annotations

from netspec.weights import constructors
from netspec.weights.parity import Case, Twin
from netspec.weights.plan import WeightsError


def twin_of(case: Case) -> Twin:
    """Our side of ``case``; raises :class:`WeightsError` where none is known."""
    definition = case.folder / "definition.py"
    code = definition.read_text(encoding="utf-8") if definition.is_file() else ""
    text = case.manifest["constructor"]
    try:
        found = constructors.constructed(text, code)
    except WeightsError as error:
        raise WeightsError(f"{case.name}: {error}; name a network with --model") from None
    if found is None:
        raise WeightsError(f"{case.name}: no network is known for {text}; name one with --model")
    return found
