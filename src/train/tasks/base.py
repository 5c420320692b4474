"""What the loop, the reports and the configuration know of a task, and what they do not.

A :class:`Task` describes it without jax: its figures, and the network with the head that it needs. Its :class:`Learner`
is what the loop is given: how a batch becomes inputs, what the loss is, what is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

from netspec import NetSpec
from train.config.cell import Cell
from train.config.places import Places

if TYPE_CHECKING:
    import jax
    import numpy as np

    from train.data.store import Store

#: Sums over examples by name, with their ``count``; float32, most of them scalars.
Sums = Mapping[str, Any]


@dataclass(frozen=True)
class Metric:
    """A figure that a run ends with: its name in results, what readers call it, its unit, and which way is better.

    ``of_examples`` are figures in percent that are a share of the examples.
    """

    name: str
    label: str
    unit: str
    better: Literal["up", "down"]
    of_examples: bool = False

    def text(self, value: float) -> str:
        """A value as it is shown while a run goes on."""
        return f"{value:.2f} %" if self.unit == "%" else f"{value:.4f}"


@dataclass(frozen=True)
class Task:
    """A task by its name in ``task:``. The first of its ``metrics`` is the headline.

    ``spec(cell)`` is the network that is trained, with the head that the task needs; it raises
    :class:`netspec.SpecError` where the model cannot have one. ``check(cell, places)`` raises
    :class:`train.config.schema.ConfigError` where keys of a resolved cell do not go together, naming one of its
    ``places``. ``learner`` is where its :class:`Learner` is defined, as ``module:class``: it imports jax, which a
    configuration is read without. ``files`` are the names of what it leaves beside metrics, weights and summary.
    ``reads`` says what its examples may be annotated with (:func:`train.config.cell.annotation_of`), and
    ``examples(cell, store)`` makes them of what was prepared, where they are not the rows of its arrays; ``unit`` is
    what they are called, and ``tokens(spec)`` how many tokens each has where it is a text. ``predict`` and ``sample``
    are what the commands of these names call, as ``module:function``;
    see :mod:`train.use`.
    """

    name: str
    metrics: tuple[Metric, ...]
    spec: Callable[[Cell], NetSpec]
    check: Callable[[Mapping[str, Any], Places], None]
    learner: str
    files: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    unit: str = "images"
    tokens: Callable[[NetSpec], int] | None = None
    predict: str = ""
    sample: str = ""
    examples: Callable[[Cell, Store], Store] | None = None

    @property
    def headline(self) -> Metric:
        """The figure that a run is judged by."""
        return self.metrics[0]

    @property
    def module(self) -> str:
        """The module of the learner, whose file results depend on."""
        return self.learner.partition(":")[0]

    def learn(self, cell: Cell) -> Learner:
        """What the loop is given to train ``cell``."""
        module, _, name = self.learner.partition(":")
        return getattr(import_module(module), name)(self, cell)


class Learner(Protocol):
    """The task of one cell as functions of arrays.

    ``network`` maps a batch ``(B, *input_shape)`` as :class:`netspec.modules.Network` does; in training mode where a
    loss is asked for. All that is random is a function of the key given.
    """

    task: Task
    spec: NetSpec

    def example_batch(self, count: int, *, training: bool) -> dict[str, np.ndarray]:
        """A made-up batch of ``count`` examples as the store delivers them: what shapes and times are taken from."""

    def inputs(self, key: jax.Array, batch: dict[str, jax.Array], step: jax.Array) -> Any:
        """What a training step is given; every leaf has the batch as its first axis."""

    def train_loss(self, network: Callable, inputs: Any) -> tuple[jax.Array, Sums]:
        """Mean loss over the inputs, and sums over them."""

    def measure(self, network: Callable, batch: dict[str, jax.Array], key: jax.Array) -> Sums:
        """Sums over the examples of ``batch`` that are ``real`` (bool), and no filling of the last batch; a batch
        has the same key at every epoch.
        """

    def figures(self, sums: Sums) -> dict[str, float]:
        """The figures that are written down, from sums."""

    def glance(self, run: Callable, store: Store) -> dict[str, float]:
        """Further figures at each validation, which are no sums over examples: cheap ones, or none.

        ``run`` is that of :meth:`finish`.
        """

    def finish(self, run: Callable, store: Store) -> tuple[dict[str, float], dict[str, bytes]]:
        """Further figures, which are no sums over examples, and files by the names in ``task.files``.

        Called once, when training has ended. ``run(function, *arrays)`` computes ``function(network, *arrays)``,
        compiled once for each function, with the network in evaluation mode and the weights that are published.
        """
