"""The resolved configuration of one ablation cell, as typed values.

A cell file is JSON written by the workflow (or by ``python -m train show``); :mod:`train.config` validates it
against ``workflow/schemas/cell.schema.yaml`` and builds these values. Nothing else is read while a run is going on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Mixup:
    """Mixup (Zhang et al. 2018, arXiv:1710.09412): mixing weight drawn from Beta(alpha, alpha)."""

    alpha: float


@dataclass(frozen=True)
class CutMix:
    """CutMix (Yun et al. 2019, arXiv:1905.04899): kept area drawn from Beta(alpha, alpha)."""

    alpha: float


@dataclass(frozen=True)
class Erasing:
    """Random erasing (Zhong et al. 2017, arXiv:1708.04896): chance per image, area fraction and aspect ranges."""

    probability: float
    area: tuple[float, float]
    aspect: tuple[float, float]


@dataclass(frozen=True)
class RandAugment:
    """RandAugment (Cubuk et al. 2019, arXiv:1909.13719): operations per image and magnitude from 0 to 10."""

    operations: int
    magnitude: float


@dataclass(frozen=True)
class ColourJitter:
    """Random brightness, contrast, saturation and hue of each image, by at most these amounts."""

    brightness: float
    contrast: float
    saturation: float
    hue: float


@dataclass(frozen=True)
class RandomResizedCrop:
    """Random-resized crop (Szegedy et al. 2015, arXiv:1409.4842): ranges of area fraction and of width over height."""

    area: tuple[float, float]
    aspect: tuple[float, float]


@dataclass(frozen=True)
class Augmentation:
    """What happens to a training batch. ``None`` switches a knob off.

    ``semantics`` is ``"book"`` (what produced the printed table of ch. 10.4), ``"imagenet"`` (the run of ch. 10.5) or
    ``"paper"`` (as first published).
    """

    semantics: Literal["book", "imagenet", "paper"]
    random_crop: bool
    horizontal_flip: bool
    mixup: Mixup | None
    cutmix: CutMix | None
    erasing: Erasing | None
    randaugment: RandAugment | None
    colour_jitter: ColourJitter | None = None
    random_resized_crop: RandomResizedCrop | None = None


@dataclass(frozen=True)
class Download:
    """Where an archive is published and its checksum in hexadecimal; the address decides nothing.

    Or, in place of both, the several archives of one data set.
    """

    url: str | None = None
    md5: str | None = None
    sha256: str | None = None
    archives: tuple[Download, ...] = ()


#: Pixels of both sides of a picture, or its height and width.
Size = int | tuple[int, int]


def sides(size: Size) -> tuple[int, int]:
    """Height and width in pixels."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


@dataclass(frozen=True)
class Scenes:
    """Scenes to be composed of digits: how many of each split, the fewest and most digits in one, their least and
    largest side in pixels, and the share of a digit that another one may cover.
    """

    train: int
    val: int
    objects: tuple[int, int]
    sizes: tuple[int, int]
    overlap: float


@dataclass(frozen=True)
class Text:
    """What the tokens of a text are, and the share of it at the end that is held out."""

    tokens: Literal["characters", "ascii", "byte-pair"]
    held_out: float


@dataclass(frozen=True)
class Recall:
    """Sequences of associative recall to be made: how many of each split, the pairs of a key and a value in one, how
    many keys and values there are to draw from, and the queries behind the pairs.
    """

    train: int
    val: int
    pairs: int
    keys: int
    values: int
    queries: int

    @property
    def length(self) -> int:
        """Tokens of a sequence."""
        return self.pairs + self.queries

    @property
    def tokens(self) -> int:
        """Tokens that there are: every pair, and a query for each key."""
        return self.keys * (self.values + 1)


@dataclass(frozen=True)
class Dataset:
    """A data set and how it is prepared; keys as in ``workflow/schemas/dataset.schema.yaml``.

    ``classes`` of a text are its tokens. Sizes, statistics and choice of pictures are there where it has pictures.
    """

    name: str
    kind: Literal[
        "sklearn-digits",
        "digit-scenes",
        "image-folder",
        "imagenet",
        "idx",
        "oxford-pets",
        "voc",
        "coco",
        "python-topics",
        "text",
        "associative-recall",
    ]
    path: str | None
    classes: int
    image_size: Size = 0
    stored_size: Size = 0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    train_per_class: int | None = None
    subset_seed: int = 0
    annotation: Literal["label", "mask", "boxes"] = "label"
    scenes: Scenes | None = None
    text: Text | None = None
    recall: Recall | None = None
    only: tuple[str, ...] | None = None
    download: Download | None = None
    store: Literal["array", "records"] = "array"
    unreadable: Literal["error", "skip"] = "error"
    checksums: Mapping[str, str] | None = None
    images: Mapping[str, int] | None = None
    title: str = ""
    source: str = ""


#: The task of a recipe that names none.
DEFAULT_TASK = "classification"
#: What an example of a text is annotated with: the token that follows each.
NEXT = "next token"
#: What sequences of associative recall are annotated with.
QUERIES = "queries for values"


def annotation_of(dataset: Mapping[str, Any]) -> str:
    """What the examples of a resolved data set are annotated with."""
    if dataset.get("recall"):
        return QUERIES
    return NEXT if dataset.get("text") else dataset.get("annotation", "label")


@dataclass(frozen=True)
class Lookahead:
    """Slow weights that follow an optimizer: how many steps apart, and which share of the way."""

    period: int
    rate: float


@dataclass(frozen=True)
class SharpnessAware:
    """SAM: how far away from the weights the gradient is taken."""

    radius: float


@dataclass(frozen=True)
class RateScaling:
    """The rate as one of a batch of ``of_batch`` examples, and how it grows with the batch."""

    by: Literal["linear", "square-root"]
    of_batch: int


@dataclass(frozen=True)
class Optimizer:
    """Settings of an optimizer, as in ``workflow/schemas/recipe.schema.yaml``; ``None`` where only others have them."""

    name: str
    learning_rate: float
    weight_decay: float
    decay_mask: Literal["kernels", "all"]
    clip_norm: float | None
    beta1: float | None = None
    beta2: float | None = None
    epsilon: float | None = None
    momentum: float | None = None
    beta3: float | None = None
    rho: float | None = None
    gamma: float | None = None
    interval: int | None = None
    trust: float | None = None
    factored_from: int | None = None
    decay_exponent: float | None = None
    relative: bool | None = None
    clip_update: float | None = None
    newton_schulz_steps: int | None = None
    lookahead: Lookahead | None = None
    sam: SharpnessAware | None = None
    rate_scaling: RateScaling | None = None


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up, then a fall to ``floor`` times the base rate; constant within an epoch, or changing every step.

    Warm-up is counted in what the run is counted in; the other one is ``None``.
    """

    name: Literal["cosine", "constant", "linear", "step", "exponential", "one-cycle", "restarts", "plateau"]
    floor: float
    granularity: Literal["epoch", "step"]
    warmup_epochs: int | None = None
    warmup_steps: int | None = None
    #: Of ``step``: shares of the fall at which the rate drops.
    drops: tuple[float, ...] | None = None
    #: Of ``step`` and ``plateau``: what the rate is multiplied by at each drop.
    factor: float | None = None
    #: Of ``restarts``: cosines in a row.
    cycles: int | None = None
    #: Of ``plateau``: evaluations in a row without a new least loss.
    patience: int | None = None


@dataclass(frozen=True)
class Start:
    """Weights that a run starts from, and what of the network is then trained otherwise than the rest.

    ``{seed}`` in ``file`` stands for the seed of the run. ``network`` and ``rules`` say of which network the file is
    and by which table its names go, where they are not those of this project; keys as in
    ``workflow/schemas/recipe.schema.yaml``.
    """

    file: str
    network: str | None = None
    rules: str | None = None
    head: Literal["auto", "new", "kept"] = "auto"
    freeze: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)

    def path(self, seed: int) -> Path:
        """The file of the run with ``seed``."""
        return Path(self.file.replace("{seed}", str(seed)))


@dataclass(frozen=True)
class Cell:
    """One cell of a comparison, complete: data set, model, recipe and augmentation.

    Its lengths are in epochs or in steps, and those in the other unit ``None``.
    """

    name: str
    dataset: Dataset
    augmentation: Augmentation
    model: str
    initialization: str
    batch_size: int
    accumulate: int
    optimizer: Optimizer
    schedule: Schedule
    label_smoothing: float
    dropout: float
    stochastic_depth: float
    ema_decay: float | None
    precision: Literal["float32", "bfloat16"]
    on_divergence: Literal["stop", "continue"]
    start: Start | None
    epochs: int | None = None
    evaluate_every_epochs: int | None = None
    checkpoint_every_epochs: int | None = None
    steps: int | None = None
    evaluate_every_steps: int | None = None
    checkpoint_every_steps: int | None = None
    description: str = ""
    book_row: str | None = None
    recipe: str = ""
    purpose: Literal["experiment", "smoke"] = "experiment"
    task: str = DEFAULT_TASK
    #: Keys that only its task has.
    task_settings: Mapping[str, Any] = field(default_factory=dict)
    swept: Mapping[str, Any] | None = None
    #: ``FILE.py:NAME`` of an optimizer in place of the named one, and a hash of the file's text.
    own_optimizer: str | None = None
    own_text: str | None = None
    #: Whether norms of gradients are figures of training, see :mod:`train.watched`.
    watch_gradients: bool = False
    #: Hash of everything above that decides the result; see :func:`train.config.fingerprint`.
    fingerprint: str = ""
