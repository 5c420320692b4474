"""One row per network whose training step was timed, from what ``python -m train bench-step`` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from report.engine.errors import ReportError, read_json

COLUMNS = (
    "model",
    "batch_size",
    "image_size",
    "precision",
    "ours_ms",
    "pytorch_ms",
    "pytorch_form",
    "ratio",
    "ratio_lower_quartile",
    "ratio_upper_quartile",
    "rounds",
    "starts",
    "images_per_second",
    "matmul_gflops",
    "share_of_matmul",
    "device",
    "cpu",
    "threads",
    "jax",
    "torch",
    "nchw_ms",
    "channels_last_ms",
    "nchw_compiled_ms",
    "channels_last_compiled_ms",
)
#: Forms of a network in PyTorch by their names in :data:`train.measure.step.FORMS`.
FORMS = {
    "nchw": "NCHW",
    "channels_last": "channels-last",
    "nchw_compiled": "NCHW, compiled",
    "channels_last_compiled": "channels-last, compiled",
}
#: The same of a row that was measured before forms were compared.
ONLY = "NCHW, no other tried"


def row_of(path: Path) -> dict[str, Any]:
    """The row of one file that ``python -m train bench-step`` wrote. Raises :class:`ReportError`.

    A file that names no form is of a time when PyTorch was timed in NCHW only; forms without a time have ``None``.
    """
    advice = "expected the output of `python -m train bench-step`; delete it and run again"
    found = read_json(path, advice, "step")
    lower, upper = found["quartiles"]
    found |= {"ratio_lower_quartile": lower, "ratio_upper_quartile": upper, **found["versions"]}
    times, form = found.get("pytorch_forms_ms", {}), found.get("pytorch_form")
    found |= {f"{name}_ms": times.get(name) for name in FORMS}
    found["pytorch_form"] = FORMS[form] if form else ONLY
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise ReportError(f"{path}: key 'versions.{missing[0]}' is missing; {advice}")
    return {name: found[name] for name in COLUMNS}
