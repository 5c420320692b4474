"""What ``--json`` prints: specs, rows and counts as plain dictionaries, numbers exact, shapes as lists."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from netspec.counts import Count, count
from netspec.layers import Value
from netspec.layers.base import Several
from netspec.spec import NetSpec
from netspec.walk import Row


def dump(value: object) -> str:
    """``value`` as JSON text, in ASCII so that no terminal or pipe changes it; what JSON lacks as text or ``null``."""
    return json.dumps(_plain(value), indent=2, allow_nan=False, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shape(value: Value) -> Any:
    """A list of sides, or one by name for each of several tensors."""
    return {name: shape(part) for name, part in value.items()} if isinstance(value, Several) else list(value)


def summary(spec: NetSpec) -> dict[str, Any]:
    """One spec without its layers: what ``list`` prints."""
    provenance = spec.provenance
    return {
        "name": spec.name,
        "entry": provenance.entry,
        "domain": provenance.domain,
        "role": provenance.role,
        "year": provenance.year,
        "input_shape": list(spec.input_shape),
        "output_shape": shape(spec.output_shape),
        "n_layers": spec.n_layers,
        "params": spec.params,
        "book_params": spec.book_params,
        "macs": spec.macs,
        "activations": spec.activations,
        "primitives": list(spec.primitives),
    }


def full(spec: NetSpec) -> dict[str, Any]:
    """One spec with provenance, layers and counts: what ``show`` prints."""
    return {
        **summary(spec),
        "extra_inputs": {name: list(sides) for name, sides in spec.extra_inputs},
        "conventions": asdict(spec.conventions),
        "provenance": asdict(spec.provenance),
        "layers": [row(one) for one in spec.rows],
        "counts": counts(count(spec)),
    }


def row(one: Row) -> dict[str, Any]:
    """One layer; ``inside`` holds the layers of a combinator."""
    return {
        "path": one.path,
        "layer": type(one.layer).__name__,
        "text": str(one.layer),
        "input_shape": shape(one.arrived),
        "output_shape": shape(one.leaves),
        "params": one.params,
        "book_params": one.book_params,
        "macs": one.macs,
        "activations": one.activations,
        "inside": [row(inner) for inner in one.inside],
    }


def counts(one: Count) -> dict[str, Any]:
    """All counts of one spec: what ``count`` prints."""
    printed = one.printed and {**asdict(one.printed), "agreement": one.printed.agreement}
    return {
        "name": one.spec.name,
        "book": one.book,
        "built": one.built,
        "repository": one.repository,
        "printed": printed,
        "reference": one.reference and {key: v for key, v in asdict(one.reference).items() if key != "differs"},
        "delta_reference": one.delta_reference,
        "paper": one.paper and asdict(one.paper),
        "paper_quoted": one.paper_quoted,
        "count": asdict(one.in_count),
        "function": asdict(one.in_function),
        "macs": one.spec.macs,
        "activations": one.spec.activations,
    }
