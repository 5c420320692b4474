"""The tables that the chapters print, with their columns: the configuration read off the layers, the figure as printed.

Beside each printed figure stand the exact counts; nothing else is added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from netspec import NetSpec, catalogue
from report.params.rows import Catalogue, Variant

#: Columns after the configuration, in the CSV files.
FIGURES = ("book_printed", "book_params", "book_printed_agreement", "built_params", "reference_params", "paper_quoted")


@dataclass(frozen=True)
class Row:
    """One line: a variant, what configures it, the figure printed in this table and whether its count gives it."""

    variant: Variant
    configuration: tuple[str, ...]
    printed: str
    agreement: str


@dataclass(frozen=True)
class Table:
    """A table of the chapters. ``slug`` names its file, ``columns`` what configures a variant.

    ``of_other_heads`` are variants that the table prints with fewer or more classes than its other rows have, each
    with the variant of the catalogue that has as many as they.
    """

    slug: str
    title: str
    section: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    of_other_heads: tuple[tuple[Variant, Variant], ...]

    @property
    def header(self) -> tuple[str, ...]:
        """Columns of the CSV file."""
        return ("variant", *(name.lower().replace(" ", "_").replace("-", "_") for name in self.columns), *FIGURES)

    def lines(self) -> Iterable[tuple]:
        """Rows of the CSV file."""
        for row in self.rows:
            v = row.variant
            counts = (row.printed, v.book_params, row.agreement, v.built_params, v.reference_params, v.paper_quoted)
            yield (v.variant, *row.configuration, *counts)


@dataclass(frozen=True)
class _Printed:
    slug: str
    title: str
    section: str
    columns: tuple[str, ...]
    variants: tuple[str, ...]
    configuration: Callable[[NetSpec], tuple[str, ...]]


def tables(counted: Catalogue) -> list[Table]:
    """All tables of the chapters that list parameters, in the order of the text."""
    known = {v.variant: v for v in counted.variants}
    # A table may print a figure of its own for a variant, with fewer digits than elsewhere.
    own = {part.variant: part for part in counted.parts if "table" in part.part}
    found = []
    for printed in _PRINTED:
        rows = []
        for name in printed.variants:
            variant, part = known[name], own.get(name) if printed.section.startswith("11") else None
            figure = part.book_printed if part else variant.book_printed
            agreement = part.book_printed_agreement if part else variant.book_printed_agreement
            rows.append(Row(variant, printed.configuration(catalogue.find(name)), figure, agreement))
        heads = _of_other_heads(rows, counted.variants)
        found.append(Table(printed.slug, printed.title, printed.section, printed.columns, tuple(rows), heads))
    return found


def _of_other_heads(rows: Sequence[Row], known: Sequence[Variant]) -> tuple[tuple[Variant, Variant], ...]:
    classes, _ = Counter(row.variant.output for row in rows).most_common(1)[0]
    odd = [row.variant for row in rows if row.variant.output != classes]
    return tuple(
        (v, other)
        for v in odd
        for other in known
        if other.output == classes and other.variant.startswith(f"{v.variant} (") and other.image == v.image
    )


def _named(spec: NetSpec, primitive: str) -> list:
    return [layer for layer in spec.layers if getattr(layer, "primitive", None) == primitive]


def _counts(values: Iterable[int]) -> str:
    return f"({', '.join(map(str, values))})"


def _vgg(spec: NetSpec) -> tuple[str, ...]:
    stages = [0]
    for layer in spec.layers:
        if layer.primitive == "conv2d":
            stages[-1] += 1
        elif layer.primitive == "max_pool":
            stages.append(0)
    return (_counts(stages[:-1]),)


def _resnet(spec: NetSpec) -> tuple[str, ...]:
    basic, bottleneck = _named(spec, "residual_block"), _named(spec, "bottleneck_block")
    return "basic" if basic else "bottleneck", _counts(stage.n_blocks for stage in basic or bottleneck)


def _wide_resnet(spec: NetSpec) -> tuple[str, ...]:
    stages = _named(spec, "residual_block")
    # Two convolutions per block; the stem, the head and the two widening projections make up the other four.
    depth = 2 * sum(stage.n_blocks for stage in stages) + 4
    return str(depth), str(stages[0].out_channels // stages[0].in_channels)


def _squeezenet(spec: NetSpec) -> tuple[str, ...]:
    stem = spec.layers[0]
    fires, pools = 1, []
    for layer in spec.layers[2:]:
        fires += layer.primitive == "fire_module"
        pools += [f"Fire{fires}"] if layer.primitive == "max_pool" else []
    return f"{stem.kernel}×{stem.kernel} stride {stem.stride} ({stem.out_channels} ch)", ", ".join(pools)


def _densenet(spec: NetSpec) -> tuple[str, ...]:
    return (_counts(block.n_layers for block in _named(spec, "dense_block")),)


def _nothing(spec: NetSpec) -> tuple[str, ...]:
    return ()


_PRINTED: Sequence[_Printed] = (
    _Printed(
        "imagenette_models",
        "The networks of Part 1 on Imagenette",
        "10.3",
        (),
        ("ResNet-34", "MobileNet-v2", "EfficientNet-B0", "ConvNeXt-T (10 classes)", "ViT-Tiny"),
        _nothing,
    ),
    _Printed(
        "vgg",
        "VGG",
        "11.2.1",
        ("Per-stage convs",),
        ("VGG-11", "VGG-13", "VGG-16", "VGG-19"),
        _vgg,
    ),
    _Printed(
        "resnet",
        "ResNet",
        "11.2.1",
        ("Block", "Stage block counts"),
        ("ResNet-18", "ResNet-34", "ResNet-50", "ResNet-101", "ResNet-152"),
        _resnet,
    ),
    _Printed(
        "wide_resnet",
        "Wide ResNet",
        "11.2.1",
        ("Depth", "k"),
        ("WRN-28-10", "WRN-40-2", "WRN-22-8"),
        _wide_resnet,
    ),
    _Printed(
        "squeezenet",
        "SqueezeNet",
        "11.2.1",
        ("Stem", "Later pools after"),
        ("SqueezeNet 1.0", "SqueezeNet 1.1"),
        _squeezenet,
    ),
    _Printed(
        "densenet",
        "DenseNet",
        "11.2.1",
        ("Block counts",),
        ("DenseNet-121", "DenseNet-169", "DenseNet-201"),
        _densenet,
    ),
)
