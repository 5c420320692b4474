"""What netspec counts, as rows. Nothing here, nor anything it imports, needs jax."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netspec import NetSpec, Several, catalogue
from netspec.counts import Count, count, counts, parts
from netspec.walk import Row
from report.params.rows import BYTES_PER_SCALAR, Catalogue, Layer, Part, Variant

#: Roles of specs that stand beside the variants: other forms of them, and systems composed of them.
OTHER_ROLES = ("alternative", "system")


def collect() -> Catalogue:
    """The whole catalogue, counted."""
    others = [count(spec) for spec in catalogue.specs() if spec.provenance.role in OTHER_ROLES]
    return Catalogue(tuple(map(_variant, counts())), tuple(map(_variant, others)), tuple(map(_part, parts())))


def layers(rows: Iterable[Variant]) -> list[Layer]:
    """Every layer of the given variants, those inside combinators after the combinator."""
    return [_layer(spec.name, row) for spec in (catalogue.find(v.variant) for v in rows) for row in spec.flat()]


def shape(value: object) -> str:
    """A shape as text: ``224×224×3``; several tensors with their names."""
    if isinstance(value, Several):
        return ", ".join(f"{name} {shape(part)}" for name, part in value.items())
    return "×".join(map(str, value))


def _variant(counted: Count) -> Variant:
    spec, origin = counted.spec, counted.spec.provenance
    printed, reference, paper = counted.printed, counted.reference, counted.paper
    return Variant(
        entry=origin.entry,
        variant=spec.name,
        domain=origin.domain,
        image=_inputs(spec),
        n_layers=spec.n_layers,
        book_params=counted.book,
        book_printed=printed.figure if printed else "",
        built_params=counted.built,
        reference_params=reference.params if reference else None,
        reference_source=reference.source if reference else "",
        paper_printed=paper.figure if paper else "",
        paper=paper.paper if paper else origin.paper,
        delta_reference=counted.delta_reference,
        count=str(counted.in_count),
        function=str(counted.in_function),
        macs=spec.macs,
        new_primitives=_number(origin.new_primitives),
        new_primitives_earlier=_number(origin.earlier_new_primitives),
        new_primitive_names=" ".join(origin.new_primitives or ()),
        new_primitive_names_earlier=" ".join(origin.earlier_new_primitives or ()),
        activations=spec.activations,
        activation_bytes=BYTES_PER_SCALAR * spec.activations,
        output=shape(spec.output_shape),
        reason=counted.reason,
        remark=origin.remark,
        book_printed_counts=printed.counted if printed else "",
        book_printed_params=printed.count if printed else None,
        book_printed_agreement=printed.agreement if printed else "",
        book_printed_note=printed.note if printed else "",
        paper_quoted=counted.paper_quoted,
        paper_checked=("yes" if paper.checked else "no") if paper else "",
        paper_covers=paper.covers if paper else "",
        repository_params=counted.repository,
        reference=reference.implementation if reference else "",
        reference_provenance=reference.provenance if reference else "",
        earlier_domain=origin.earlier_domain,
        origin=origin.paper,
        year=origin.year,
        role=origin.role,
        alternative_of=origin.alternative_of,
        primitives=" ".join(spec.primitives),
        book=origin.book,
    )


def _inputs(spec: NetSpec) -> str:
    return ", ".join([shape(spec.input_shape), *(f"{name} {shape(extra)}" for name, extra in spec.extra_inputs)])


def _number(names: tuple[str, ...] | None) -> int | None:
    return None if names is None else len(names)


def _layer(name: str, row: Row) -> Layer:
    return Layer(
        variant=name,
        path=row.path,
        depth=row.depth,
        layer=str(row.layer),
        input=" + ".join(map(shape, (row.arrived, *row.read))),
        output=shape(row.leaves),
        book_params=row.book_params,
        built_params=row.params,
        macs=row.macs,
        activations=row.activations,
    )


def _part(part: Any) -> Part:
    paths = [row.path for row in part.rows]
    places = paths[0] if len(paths) == 1 else f"{paths[0]}–{paths[-1]}"
    return Part(part.part, part.spec.name, places, part.count, part.figure, part.agreement)
