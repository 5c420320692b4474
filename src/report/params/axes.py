"""The limits of the figure's axes, which its caption needs as well."""

from __future__ import annotations

from collections.abc import Iterable

from report.params.rows import Variant

MACS, PARAMS = (1.5e3, 6e13), (1.5e3, 2e10)


def outside(variants: Iterable[Variant]) -> int:
    """How many variants the axes do not show."""
    return sum(not (MACS[0] <= v.macs <= MACS[1] and PARAMS[0] <= v.built_params <= PARAMS[1]) for v in variants)
