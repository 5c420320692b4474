"""One row per network, from the file that ``netspec run --json`` wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netspec
from netspec.columns import column
from report.engine.errors import ReportError, read_json
from train.config.printable import escaped

#: A network of so many parameters or more is traced and not run.
RUN_BELOW = 100_000_000


@dataclass(frozen=True)
class Network:
    """A row of ``networks.csv``; what was not run is empty."""

    variant: str = column("name of the spec")
    entry: str = column("heading of the catalogue")
    domain: str = column("section of the later edition, or Part 1")
    params: int = column("parameters by the layers' formulas")
    built: int = column("parameters of the flax module, tensor by tensor")
    output: str = column("shape that leaves the module, without the batch")
    macs: int = column("multiply-adds for one example by the layers' formulas")
    multiply_adds: int = column("multiply-adds of the traced matrix products and convolutions")
    compile_seconds: float | None = column("tracing, lowering and compiling the forward pass")
    forward_ms: float | None = column("median of five forward passes of one example, or of those begun in 30 s")
    memory_mib: float | None = column("weights, input, output and what XLA allocates between them")
    finite: str = column("yes: every number that left and every gradient is finite")
    backward_input: str = column("input of the gradient, smaller where the network is large")
    backward_seconds: float | None = column("that gradient, with code that is not optimised")
    without_gradient: str = column("parameters that no gradient reaches")
    faint: str = column("parameters whose gradient is below a millionth of the largest in the network")
    machine: str = column("where it ran")


def read(paths: Iterable[Path]) -> list[Network]:
    """The rows in the order of the catalogue.

    Raises:
        ReportError: if a file is missing or is not of a network of the catalogue.
    """
    found = {row.variant: row for row in map(_read, paths)}
    return [found[name] for name in netspec.names() if name in found]


def _read(path: Path) -> Network:
    found = read_json(path, "expected what `netspec run --json` writes; delete it and run again", "network")
    try:
        return _row(found)
    except netspec.SpecError as error:
        raise ReportError(f"{path}: key 'name': {escaped(str(error))}") from None


def _row(found: dict[str, Any]) -> Network:
    origin = netspec.find(found["name"]).provenance
    forward, backward = found.get("forward", {}), found.get("backward", {})
    finite = [part["finite"] for part in (forward, backward) if part]
    return Network(
        variant=found["name"],
        entry=origin.entry,
        domain=origin.domain,
        params=found["params"],
        built=found["built"],
        output=_shape(found["output_shape"]),
        macs=found["macs"],
        multiply_adds=found["multiply_adds"],
        compile_seconds=forward.get("compile_seconds"),
        forward_ms=forward.get("milliseconds"),
        memory_mib=forward.get("memory_mib"),
        finite="" if not finite else "yes" if all(finite) else "no",
        backward_input=_shape(backward["input_shape"]) if backward else "",
        backward_seconds=backward.get("seconds"),
        without_gradient=" ".join(backward.get("without_gradient", ())),
        faint=" ".join(backward.get("faint", ())),
        machine=found["machine"],
    )


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shape(part)}" for name, part in value.items())
    return "×".join(map(str, value))
