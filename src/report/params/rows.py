"""The rows of the tables, as values: what each column means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from netspec.columns import column

BYTES_PER_SCALAR = 4  # single precision

PART_1 = "Part 1"

#: Names of fixtures that the catalogue keeps for tests: they belong to no paper.
_FIXTURE = ("tiny-", "tiny ")


@dataclass(frozen=True)
class Variant:
    """One variant with all its counts: a row of ``params.csv`` and of ``other_forms.csv``."""

    entry: str = column("heading of the catalogue")
    variant: str = column("name of the spec")
    domain: str = column("section of the later edition, or Part 1")
    image: str = column("shape of the input, channels last; extra inputs follow with their names")
    n_layers: int = column("layers of the listing")
    book_params: int = column("parameters by the chapter's formulas on the chapter's listing")
    book_printed: str = column("the figure as the chapter prints it")
    built_params: int = column("parameters of the built network, tensor by tensor")
    reference_params: int | None = column("parameters of the reference implementation")
    reference_source: str = column("library, version and constructor, or the layer table that was summed")
    paper_printed: str = column("the figure as a paper or its repository prints it")
    paper: str = column("where that figure is printed, or else the paper of the architecture")
    delta_reference: int | None = column("built_params minus reference_params")
    count: str = column("exact, differs (convention, approximation or partial view) or not compared")
    function: str = column(
        "outputs beside the reference's, with the same weights: exact, differs (in what) or not compared"
    )
    macs: int = column("multiply-adds for one example")
    new_primitives: int | None = column("primitives new to the reader in the later edition; empty: no such entry")
    new_primitives_earlier: int | None = column("the same in the earlier edition; empty: the edition does not say")
    new_primitive_names: str = column("which, in the later edition")
    new_primitive_names_earlier: str = column("which, in the earlier edition")
    activations: int = column("scalars that leave the primitives, for one example")
    activation_bytes: int = column("the same in bytes of single precision")
    output: str = column("shape of the output")
    reason: str = column("why built and reference differ, in one line")
    remark: str = column("what to know before comparing")
    book_printed_counts: str = column("spec whose count gives book_printed")
    book_printed_params: int | None = column("that count")
    book_printed_agreement: str = column("rounded, truncated or not reproduced")
    book_printed_note: str = column("the convention behind it, or why no count gives the figure")
    paper_quoted: str = column("the paper's figure as the chapter quotes it")
    paper_checked: str = column("yes: paper_printed was found in the text of the source")
    paper_covers: str = column("what paper_printed counts, if more than the spec")
    repository_params: int | None = column("total that the companion repository pins")
    reference: str = column("row of the reference counts: family/variant/piece/classes; several are summed")
    reference_provenance: str = column("instantiated, or computed-from-definition")
    earlier_domain: str = column("section of the earlier edition; empty: no such entry")
    origin: str = column("paper of the architecture")
    year: int | None = column("its year")
    role: str = column("variant, alternative form, or whole system")
    alternative_of: str = column("variant that an alternative is another form of")
    primitives: str = column("primitives used, in order of appearance")
    book: str = column("where the chapters keep the entry")

    @property
    def kind(self) -> str:
        """Why the counts differ, in a word; ``exact`` or ``no reference`` where they do not."""
        return {"exact": "exact", "not compared": "no reference"}.get(self.count) or self.count[len("differs (") : -1]

    @property
    def is_fixture(self) -> bool:
        """Whether this is a miniature made for tests."""
        return self.variant.lower().startswith(_FIXTURE)

    @property
    def relative(self) -> float | None:
        """Difference from the reference in percent of it."""
        return None if self.delta_reference is None else 100 * self.delta_reference / self.reference_params


@dataclass(frozen=True)
class Layer:
    """One layer where it stands in a spec: a row of ``entries/*.csv``."""

    variant: str = column("name of the spec")
    path: str = column("place: 3, or 3.policy.0 inside a combinator")
    depth: int = column("0 for a layer of the spec, 1 inside a combinator, which already counts it, and so on")
    layer: str = column("the layer as the listing writes it")
    input: str = column("shape that arrives; saved tensors that are read follow")
    output: str = column("shape that leaves")
    book_params: int = column("parameters by the chapter's formula")
    built_params: int = column("parameters of the built module")
    macs: int = column("multiply-adds for one example")
    activations: int = column("scalars that leave, for one example")


@dataclass(frozen=True)
class Part:
    """A figure that a chapter prints for some layers of a network: a row of ``parts.csv``."""

    part: str = column("what the chapter counts")
    variant: str = column("name of the spec")
    layers: str = column("places of its layers")
    book_params: int = column("parameters of these layers by the chapter's formulas")
    book_printed: str = column("the figure as the chapter prints it")
    book_printed_agreement: str = column("rounded, truncated or not reproduced")


@dataclass(frozen=True)
class Catalogue:
    """All that is counted, in catalogue order: the 208 variants, their other forms, and printed parts."""

    variants: tuple[Variant, ...]
    others: tuple[Variant, ...]
    parts: tuple[Part, ...]

    @cached_property
    def domains(self) -> dict[str, tuple[Variant, ...]]:
        """Variants by section, sections in the order of the later edition and Part 1 last."""
        groups = _group(self.variants, "domain")
        return dict(sorted(groups.items(), key=lambda group: group[0] == PART_1))

    @cached_property
    def entries(self) -> dict[str, tuple[Variant, ...]]:
        """Variants and other forms by heading."""
        return _group((*self.variants, *self.others), "entry")


def _group(rows: Iterable[Variant], by: str) -> dict[str, tuple[Variant, ...]]:
    groups: dict[str, list[Variant]] = {}
    for row in rows:
        groups.setdefault(getattr(row, by), []).append(row)
    return {name: tuple(group) for name, group in groups.items()}
