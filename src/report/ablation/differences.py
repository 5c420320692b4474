"""How a run differs from the book's ablation, in every setting that both sides state.

A run with the book's protocol lists next to nothing; a run that is smaller in images, pixels, parameters or epochs is
recognised as such.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from report.ablation import book
from report.ablation.book import BookRow
from report.engine.formats import count, listing
from report.runs.comparison import Aspect, Difference, compare, same_protocol
from report.runs.load import Cell
from report.runs.smoke import is_smoke

# What the schemes that the book's runs started from are called.
INITIAL = {"book": "the book’s, corrected", "book-faulty": "defective"}
FLOAT32 = {"fp32", "float32"}


def _number(column: str) -> Callable[[BookRow], float | None]:
    """A column of the book's table; empty where the knob is off."""
    return lambda row: float(row.columns[column]) if row.columns[column] not in ("", "none", "no") else None


def _summary(key: str) -> Callable[[Cell], Any]:
    return lambda cell: cell.first.summary.get(key)


def _config(key: str) -> Callable[[Cell], Any]:
    return lambda cell: cell.config.get(key)


def _side(cell: Cell) -> int:
    """Of pictures that are not square the longer one, which the book's never has."""
    size = cell.first.summary.get("image_size")
    return size if isinstance(size, int) else max(size)


def _knob(key: str) -> Callable[[Cell], Any]:
    return _config(f"augmentation.{key}")


def _granularity(row: BookRow) -> str:
    """``epoch`` or ``step``: the file describes the schedule as ``per-epoch linear warmup then ...``."""
    return row.columns["schedule"].split()[0].removeprefix("per-")


def _yes(value: bool) -> str:
    return "yes" if value else "no"


ASPECTS = (
    Aspect("Classes", _summary("classes"), lambda row: row.classes),
    Aspect("Image side (px)", _side, _number("image_size"), unit="pixels a side"),
    Aspect("Stored side before the crop (px)", _config("dataset.stored_size"), _number("stored_train_size")),
    Aspect("Training images", _summary("train_images"), _number("train_images"), count, unit="training images"),
    Aspect(
        "Validation images scored",
        lambda cell: (cell.first.summary.get("val_images"),) * 2,
        lambda row: (row.integer("val_images_scored"), row.integer("val_images_total")),
        lambda pair: f"all {count(pair[1])}" if pair[0] == pair[1] else f"{count(pair[0])} of {count(pair[1])}",
        protocol=False,
    ),
    Aspect("Parameters", _summary("params"), _number("params"), count, unit="parameters"),
    Aspect("Epochs", _summary("epochs"), _number("epochs"), count, unit="epochs"),
    Aspect("Steps per run", _summary("steps"), lambda row: row.number("steps_per_epoch") * row.number("epochs"), count),
    Aspect("Batch size", _summary("batch_size"), _number("batch"), count),
    Aspect("Peak learning rate", _config("optimizer.learning_rate"), _number("learning_rate")),
    Aspect("Schedule changes once per", _config("schedule.granularity"), _granularity, str),
    Aspect("Warm-up epochs", _config("schedule.warmup_epochs"), _number("warmup_epochs")),
    Aspect("Weight decay", _config("optimizer.weight_decay"), _number("weight_decay")),
    Aspect("First-moment decay", _config("optimizer.beta1"), _number("beta1")),
    Aspect("Second-moment decay", _config("optimizer.beta2"), _number("beta2")),
    Aspect(
        "Initial weights",
        lambda cell: INITIAL.get(cell.config.get("initialization"), cell.config.get("initialization")),
        lambda row: INITIAL["book-faulty" if row.faulty_initialisation else "book"],
        str,
        protocol=False,
    ),
    Aspect("Gradient clipping norm", _config("optimizer.clip_norm"), _number("grad_clip")),
    Aspect("Label smoothing", _config("label_smoothing"), _number("label_smoothing")),
    Aspect("Dropout", _config("dropout"), _number("dropout")),
    Aspect("Stochastic depth", _config("stochastic_depth"), _number("stochastic_depth")),
    Aspect("Weight averaging decay", _config("ema_decay"), _number("ema")),
    Aspect(
        "Matrix products in",
        lambda cell: "float32" if cell.config.get("precision") in FLOAT32 else cell.config.get("precision"),
        lambda _: "float32" if book.PROTOCOL["precision"] in FLOAT32 else book.PROTOCOL["precision"],
        str,
    ),
    Aspect(
        "Random crop",
        _config("augmentation.random_crop"),
        lambda row: row.columns["crop"].startswith("random"),
        _yes,
    ),
    Aspect("Horizontal flip", _config("augmentation.horizontal_flip"), lambda row: row.number("hflip_prob") > 0, _yes),
    Aspect("Augmentation semantics", _config("augmentation.semantics"), lambda _: book.PROTOCOL["semantics"], str),
    Aspect("Mixup alpha", _knob("mixup.alpha"), _number("mixup_alpha")),
    Aspect("CutMix alpha", _knob("cutmix.alpha"), _number("cutmix_alpha")),
    Aspect("Erasing probability", _knob("erasing.probability"), _number("random_erasing_prob")),
    Aspect("RandAugment operations", _knob("randaugment.operations"), _number("randaugment_n")),
    Aspect("RandAugment magnitude", _knob("randaugment.magnitude"), _number("randaugment_m")),
    Aspect("Seeds per cell", lambda cell: len(cell.runs), _number("seed_runs"), protocol=False),
)


def differences(cells: Sequence[Cell]) -> list[Difference]:
    """Every aspect in which a cell differs from its row in the book; empty when no cell has one."""
    pairs = [(cell, book.comparable()[cell.book_row]) for cell in cells if cell.book_row]
    if not pairs:
        return []
    found = _data_and_model(*pairs[0]) + compare(pairs, ASPECTS)
    random = Difference("Random numbers", "JAX keys from seed and step", book.PROTOCOL["streams"], protocol=False)
    return [*found, random]


def comparable(cell: Cell) -> bool:
    """Whether a cell is its row of the book's ablation, run again: the same data, model and recipe."""
    if not cell.book_row or is_smoke(cell):
        return False
    row = book.comparable()[cell.book_row]
    return not _data_and_model(cell, row) and same_protocol(cell, row, ASPECTS)


def _data_and_model(cell: Cell, row: BookRow) -> list[Difference]:
    """Names are compared where they identify the thing: the data set by its name, the model by its parameters."""
    found = []
    if not book.is_dataset(cell.config.get("dataset.name")):
        title = cell.config.get("dataset.title")
        found.append(Difference("Data set", title, row.columns["dataset"].split(" (")[0]))
    if cell.first.summary.get("params") != row.integer("params"):
        found.append(Difference("Model", cell.config.get("model"), row.columns["architecture"].split(":")[0]))
    return found


def notice(found: Sequence[Difference], smoke: bool = False) -> str | None:
    """Sentences that label a run on other data or of smaller size, for the top of the page; None for the book's own."""
    other = next((d for d in found if d.aspect == "Data set"), None)
    smaller = [d for d in found if d.smaller]
    if not other and not smaller:
        return None
    size = listing(f"{d.ours} instead of {d.book} {d.unit}" for d in smaller)
    data = f"This run is on “{other.ours}”, not on {other.book}" if other else "This run is on the book’s data set"
    sized = f", with {size}" if smaller else ""
    rest = "" if smoke else "; signs and order of the differences may be"
    return f"{data}{sized}. Accuracies are not comparable with the book’s, and no gap to them is given{rest}."
