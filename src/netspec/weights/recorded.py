"""The two forms in which a case of recorded outputs is written, as one.

The long form is that in which cases are made. The short one, of the cases that are kept here, writes a tensor, an
input and an output as a line each and has what follows from the rest left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

#: Layouts of inputs that are neither images nor have their channels last behind an axis of examples, by what a
#: constructor has in its name.
LAYOUTS = {"Whisper": "N, mel bins, frames", "Evoformer": "residues", "IPA": "residues"}

#: Kinds of tensors that are no parameters.
STATISTICS = ("running_mean", "running_var", "buffer_fixed", "fixed_table")


def long_form(
    name: str, manifest: dict[str, Any], arrays: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """``manifest`` and ``arrays`` in the long form, whichever they were in."""
    if "state_dict" in manifest:
        return manifest, dict(arrays)
    entries = [line.split() for line in manifest["tensors"]]
    tensors = [(key, _sides(sides), kind, scale, "") for key, sides, kind, scale in entries]
    outputs = [_output(key, *text.split()) for key, text in manifest["outputs"].items()]
    for output in outputs:
        output["tolerance_f64"] = 1e-6 * float(np.abs(arrays[output["name"]]).max())
    found: dict[str, Any] = {
        **manifest,
        "case": name,
        "state_dict": tensors,
        "inputs": [_input(key, text, manifest["constructor"]) for key, text in manifest["inputs"].items()],
        "outputs": outputs,
        "parameters": manifest.get("parameters", _count(tensors)),
    }
    arrays = dict(arrays)
    if "gradients" in manifest:
        pairs = arrays.pop("gradients")
        kept = [place for place, pair in enumerate(pairs) if not np.isnan(pair[0])]
        given = manifest["gradients"]
        found["gradients"] = {
            "loss": given["loss"],
            "tolerance_f32": given["tolerance"],
            "parameters": [tensors[place][0] for place in kept],
            "inputs": {key: {"l2": pair[0], "projection": pair[1]} for key, pair in given["inputs"].items()},
        }
        arrays["grad_l2"], arrays["grad_projection"] = pairs[kept].T
    return found, arrays


def _count(tensors: list[tuple[str, list[int], str, str, str]]) -> int:
    """Numbers in all tensors that are neither statistics nor there before."""
    return sum(int(np.prod(sides)) for _, sides, kind, *_ in tensors if kind not in (*STATISTICS, "tied"))


def _sides(text: str) -> list[int]:
    return [] if text == "-" else [int(side) for side in text.split("x")]


def _input(name: str, text: Any, constructor: str) -> dict[str, Any]:
    if not isinstance(text, str):
        return {"name": name, "kind": "values", "values": text, "dtype": np.asarray(text).dtype.name, "layout": ""}
    kind, sides, *bounds = text.split()
    shape = _sides(sides)
    layout = "NCHW" if len(shape) == 4 else next((words for key, words in LAYOUTS.items() if key in constructor), "")
    one = {"name": name, "seed_name": name, "kind": kind, "shape": shape, "layout": layout}
    return one | ({"low": int(bounds[0]), "high": int(bounds[1])} if bounds else {})


def _output(name: str, sides: str, stride: str, tolerance: str) -> dict[str, Any]:
    return {"name": name, "shape": _sides(sides), "stride": int(stride), "tolerance_f32": float(tolerance)}
