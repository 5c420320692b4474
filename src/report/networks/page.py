"""The page on all networks, built and run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from report.engine import citation
from report.engine.formats import NONE, count, scaled, signed_count, words
from report.engine.page import Band, Column, Page, Section, Table
from report.networks.rows import RUN_BELOW, Network

HEADER = (
    Column("Variant", "1.35fr"), "Built", "Difference", Column("Output", "1fr"), "Multiply-adds", "Compile (s)",
    "Forward (ms)", "Memory (MiB)", Column("Backward at"), "Backward (s)", "No gradient", "Faint",
)  # fmt: skip

CAPTION = (
    "Built: scalars in the parameters of the module. Difference: of that from the layers’ formulas. Forward: median of "
    "five passes of one example in evaluation mode, or of those begun in 30 seconds. Memory: weights, input, output "
    "and what lies between. Backward: one gradient in training mode, of two examples (sixteen of small networks), at "
    "the stated input, by code that is not optimised. Faint: parameters whose gradient is below a millionth of the "
    "largest; networks.csv names them. "
    f"Networks of {count(RUN_BELOW // 10**6)} million parameters and more were traced only."
)


def page(rows: Sequence[Network], kept: Mapping[str, str] = MappingProxyType({})) -> Page:
    """The report in reading order; ``kept`` is what :func:`report.kept.about.about` says of rows that are a record."""
    at = f", commit {kept['commit'][:10]}" if "commit" in kept else ""
    sections: dict[str, list[Network]] = {}
    for row in rows:
        sections.setdefault(row.domain, []).append(row)
    lines: list[Band | list[str]] = []
    for name, members in sections.items():
        lines += [Band(name[:1].upper() + name[1:]), *map(cells, members)]
    machines = "; ".join(sorted({row.machine for row in rows}))
    remark = [kept["remark"]] if "remark" in kept else []
    return Page(
        title="Every architecture, built and run",
        subtitle=f"The {count(len(rows))} variants of the catalogue as flax.nnx modules{at}",
        question="",
        book=citation.sentence("10", "11"),
        blocks=(),
        wide=[
            Section("", sentences=[*findings(rows), *remark, f"Run on {machines}."]),
            Table(CAPTION, HEADER, lines, band="Section"),
        ],
        footer="Every architecture, built and run",
    )


def cells(row: Network) -> list[str]:
    """The row of a network, in the columns of :data:`HEADER`."""
    missing, faint = (len(paths.split()) for paths in (row.without_gradient, row.faint))
    return [
        row.variant,
        count(row.built),
        signed_count(row.built - row.params),
        row.output,
        " ".join(filter(None, scaled(row.multiply_adds))),
        _seconds(row.compile_seconds),
        NONE if row.forward_ms is None else f"{row.forward_ms:,.1f}",
        NONE if row.memory_mib is None else f"{row.memory_mib:,.1f}",
        row.backward_input or NONE,
        _seconds(row.backward_seconds),
        *([NONE, NONE] if row.backward_seconds is None else [count(missing), count(faint)]),
    ]


def findings(rows: Sequence[Network]) -> list[str]:
    """What the table says, written from its numbers."""
    run = [row for row in rows if row.forward_ms is not None]
    trained = [row for row in rows if row.backward_seconds is not None]
    differing = [row.variant for row in rows if row.built != row.params]
    silent = {row.variant: row.without_gradient for row in trained if row.without_gradient}
    slowest = max(run, key=lambda row: row.compile_seconds, default=None)
    found = [
        f"{count(len(rows) - len(differing))} of {count(len(rows))} modules hold exactly as many parameters as the "
        "layers’ formulas say" + (f"; not {', '.join(differing)}." if differing else "."),
        f"{count(len(run))} were run forward and {count(len(trained))} backward; the others were traced. "
        f"Numbers that are not finite left {words(sum(row.finite == 'no' for row in rows), 'network')}.",
        "Every parameter received a gradient"
        + (
            " but in " + "; ".join(f"{name}: {', '.join(paths.split())}" for name, paths in silent.items()) + "."
            if silent
            else "."
        ),
    ]
    faint = [row for row in trained if row.faint]
    if faint:
        found.append(
            f"In {words(len(faint), 'network')} some gradients are faint. In exact arithmetic that of a bias before a "
            "batch norm, or of what all logits of a softmax share, is zero; through a hundred gated layers it fades."
        )
    if slowest:
        found.append(f"The forward pass of {slowest.variant} took longest to compile, {slowest.compile_seconds:.1f} s.")
    return found


def _seconds(value: float | None) -> str:
    return NONE if value is None else f"{value:,.2f}"
