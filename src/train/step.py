"""The compiled programs of a run: initial state, one training step, one evaluation batch.

The module is split once; the programs merge it inside ``jax.jit``, because ``nnx.jit`` per step is bound by the host
at small sizes. A step is two programs, the augmented inputs and the update: the second, which is what takes long to
compile, is then the same for all cells that differ in augmentation only. Seed and learning rate are part of the state,
not of a program, so that all seeds and all rates share one compilation.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import netspec
from train import watched
from train.config.cell import Cell
from train.config.schema import ConfigError
from train.groups import Groups, head_of
from train.machine.devices import compiler_options
from train.optimizer import learning_rate, make_optimizer, peak_rate
from train.optimizers import Rule
from train.tasks.base import Learner

#: Evaluation holds no gradients, so its batches may be larger than those of training.
EVAL_FACTOR = 8


class TrainState(NamedTuple):
    """Everything a step reads and writes; what a checkpoint holds."""

    step: jax.Array  # int32, steps taken
    seed: jax.Array  # uint32
    rate: jax.Array  # float32, the peak learning rate
    params: Any
    rest: Any  # state that is not trained, such as running batch statistics
    optimizer: Any
    average: Any  # moving average of params, or None
    sums: dict[str, jax.Array]  # training sums since the epoch began


class Programs:
    """The compiled functions of a run, data parallel over all devices of all processes.

    A batch is split over the devices and the state replicated; random draws do not depend on how many there are.
    """

    def __init__(self, cell: Cell, learner: Learner, steps_per_epoch: int) -> None:
        self.learner, self.cell, self.spec = learner, cell, learner.spec
        self._devices = sorted(jax.devices(), key=lambda device: device.process_index)
        mesh = Mesh(self._devices, ("data",))
        replicated, self._split = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data"))
        self._steps_per_epoch = steps_per_epoch
        network = nnx.eval_shape(lambda: self._build(nnx.Rngs(0)))
        self.groups = Groups(network, cell.start)
        #: Says what the optimizer asks of a loop, and takes no step: see :meth:`_rule`.
        self._asks = self.groups.scaled(make_optimizer(cell, steps_per_epoch))
        self._rate = learning_rate(cell, steps_per_epoch)
        self._graph, _, self._draws, rest = parts_of(network)
        self._observed = jax.jit(self._observe, donate_argnums=0, out_shardings=replicated)
        self._prepared = jax.jit(self._prepare, out_shardings=replicated)
        self._counts = bool(jax.tree.leaves(rest))
        self._called: dict[Callable, Callable] = {}
        compiled = {"out_shardings": replicated, "compiler_options": compiler_options()}
        # It runs once: optimising its code takes seconds on CPU and saves none.
        self._begun = jax.jit(
            self._init, out_shardings=replicated, compiler_options={"xla_backend_optimization_level": 0}
        )
        self._inputs_of = jax.jit(
            self._inputs, in_shardings=(replicated, replicated, self._split), out_shardings=self._split
        )
        self._updated = jax.jit(self._update, donate_argnums=0, in_shardings=(replicated, self._split), **compiled)
        self._settle = jax.jit(self._statistics, in_shardings=(replicated, self._split, replicated), **compiled)
        self._measured = jax.jit(self._measure, in_shardings=(replicated, self._split, replicated), **compiled)

    @staticmethod
    def alike(cell: Cell) -> str:
        """What two cells have in common whose runs may share programs: all that is compiled into one."""
        named = {"name": "", "description": "", "book_row": None, "recipe": "", "purpose": "experiment", "swept": None}
        return repr(replace(cell, **named, fingerprint="", optimizer=replace(cell.optimizer, learning_rate=1.0)))

    def of(self, cell: Cell) -> Programs:
        """The same compiled functions for a cell that is :meth:`alike`; raises ``ValueError`` for another one."""
        if self.alike(cell) != self.alike(self.cell):
            raise ValueError(f"{cell.name} and {self.cell.name} differ in more than the learning rate")
        shared = copy.copy(self)
        shared.cell, shared._rate = cell, learning_rate(cell, self._steps_per_epoch)
        return shared

    def init(self, seed: int) -> TrainState:
        """The state before the first step of the run with ``seed``, at the rate of the cell."""
        return self._begun(seed, peak_rate(self.cell))

    @property
    def devices(self) -> int:
        """Devices that share a batch."""
        return len(self._devices)

    @property
    def must_wait(self) -> bool:
        """Virtual CPU devices deadlock on few cores when steps are queued (see the notes in CONTRIBUTING)."""
        return self.devices > 1 and jax.default_backend() == "cpu"

    def train(self, state: TrainState, batch: dict) -> TrainState:
        """One step; the buffers of ``state`` are used up."""
        return self._updated(state, self._inputs_of(state.seed, state.step, batch))

    def measure(self, state: TrainState, batch: dict, index: int = 0) -> dict:
        """Sums over validation batch number ``index``, which decides what is drawn for it."""
        return self._measured(state, batch, index)

    def run(self, state: TrainState) -> Callable:
        """A function that gives ``function(network, *arrays)`` with the weights of ``state`` that are published, in
        evaluation mode; compiled once for each ``function``.
        """

        def run(function: Callable, *arrays: Any) -> Any:
            if function not in self._called:

                def call(params: Any, rest: Any, *arrays: Any) -> Any:
                    return function(self._network(params, rest, None), *arrays)

                self._called[function] = jax.jit(call)
            return self._called[function](self.evaluated(state), state.rest, *arrays)

        return run

    def network(self, state: TrainState) -> nnx.Module:
        """The network as it is evaluated and published."""
        return self._network(self.evaluated(state), state.rest, None)

    def loaded(self, state: TrainState, arrays: Mapping[str, Any]) -> TrainState:
        """``state`` with published weights; raises ``ValueError`` as :func:`netspec.load_canonical_state` does."""
        network = self.network(state)
        netspec.load_canonical_state(network, arrays)
        _, params, _, rest = parts_of(network)
        params, rest = nnx.to_pure_dict(params), nnx.to_pure_dict(rest)
        # What is read is what was published: it stands where it is not made of an optimizer's memory.
        average = None if self._asks.evaluated is None else params
        return state._replace(params=params, rest=rest, average=average)

    def started(
        self, state: TrainState, arrays: Mapping[str, Any], head: Literal["auto", "new", "kept"] = "auto"
    ) -> tuple[TrainState, list[str]]:
        """An initial ``state`` with published weights, but for a new ``head``, the names in which are returned too.

        It is new where one is asked for, or the shapes of the last layer with parameters are others, unless that of the
        weights is to be kept. Raises ``ValueError`` naming an array that is missing, unknown, or of another shape
        elsewhere.
        """
        own = netspec.canonical_state(self.network(state))
        begin = head_of(own)
        replaced = [name for name in own if name.startswith(begin)]
        changed = any(name in arrays and arrays[name].shape != own[name].shape for name in replaced)
        if head == "kept" or not (changed or head == "new"):
            replaced = []
        else:
            arrays = {name: array for name, array in arrays.items() if not name.startswith(begin)}
        started = self.loaded(state, {**arrays, **{name: own[name] for name in replaced}})
        params, rest = (
            jax.tree.map(lambda new, old: jax.device_put(new, old.sharding), after, before)
            for after, before in ((started.params, state.params), (started.rest, state.rest))
        )
        average = None if state.average is None else jax.tree.map(jnp.copy, params)
        optimizer = self._prepared(params, state.rate)  # some remember where they started
        return state._replace(params=params, rest=rest, optimizer=optimizer, average=average), replaced

    @property
    def must_settle(self) -> bool:
        """Whether the network that is published has other statistics than the one that is trained.

        Averaged weights make other activations than those that the running statistics of normalisation are of.
        """
        return self._counts and (self.cell.ema_decay is not None or self._asks.evaluated is not None)

    def settled(self, state: TrainState, batches: Iterable[dict]) -> TrainState:
        """``state`` with the statistics that the published weights have on training ``batches``, for evaluation.

        They are running ones, which forget: so their mean over the second half of the batches is taken. Each batch has
        draws of its own, or every statistic would be that of the same few. Training goes on from the state given.
        """
        found = []
        for index, batch in enumerate(batches):
            state = state._replace(rest=self._settle(state, self.place(batch), index))
            if self.must_wait:
                jax.block_until_ready(state.rest)
            found.append(state.rest)
        late = found[len(found) // 2 :]
        mean = jax.tree.map(lambda *x: sum(x) / len(x) if jnp.issubdtype(x[0].dtype, jnp.floating) else x[-1], *late)
        return state._replace(rest=mean)

    def rate(self, step: int, state: TrainState) -> float:
        """The learning rate of step 0, 1, …, which led to ``state``."""
        scale = self._asks.rate_scale
        return float(self._rate(step)) * (1.0 if scale is None else float(scale(state.optimizer)))

    def observed(self, state: TrainState, loss: float | None) -> TrainState:
        """``state`` after an evaluation that gave ``loss``, ``None`` where it was no number."""
        if self._asks.observed is None:
            return state
        value = jnp.float32(jnp.nan if loss is None else loss)
        return state._replace(optimizer=self._observed(state.optimizer, value, state.rate))

    def evaluated(self, state: TrainState) -> Any:
        """The parameters that are evaluated and published: a moving average where one is kept, else the optimizer's."""
        if state.average is not None:
            return state.average
        return self._own(state.params, state.optimizer, state.rate)

    def place(self, batch: dict) -> dict:
        """The rows of a batch that this process has read, on its devices."""
        if self.devices == 1 and jax.default_backend() == "cpu":
            return batch  # is there already, and a compiled program takes host arrays as they are, four times as fast
        return jax.make_array_from_process_local_data(self._split, batch)

    def rows(self, size: int) -> slice:
        """Which rows of a batch of ``size`` this process is to read."""
        own = [place for place, device in enumerate(self._devices) if device.process_index == jax.process_index()]
        return slice(size * own[0] // self.devices, size * (own[-1] + 1) // self.devices)

    def memory(self, state: TrainState, batch: dict) -> int:
        """Bytes of each device while a step runs: state, inputs and what is kept for the backward pass."""
        views = jax.eval_shape(self._inputs, state.seed, state.step, batch)
        used = self._updated.lower(state, views).compile().memory_analysis()
        held = used.argument_size_in_bytes + used.output_size_in_bytes - used.alias_size_in_bytes
        return held + used.temp_size_in_bytes

    def _rule(self, rate: Any) -> Rule:
        """The optimizer at the rate of a state: one that is written into a program would compile anew for each."""
        return self.groups.scaled(make_optimizer(self.cell, self._steps_per_epoch, rate))

    def _prepare(self, params: Any, rate: jax.Array) -> Any:
        return self._rule(rate).init(self.groups.split(params)[0])

    def _own(self, params: Any, optimizer: Any, rate: jax.Array) -> Any:
        """The weights that an optimizer stands for, which some keep beside those that gradients are taken at."""
        evaluated = self._rule(rate).evaluated
        if evaluated is None:
            return params
        trained, frozen = self.groups.split(params)
        return self.groups.whole(evaluated(optimizer, trained), frozen)

    def _observe(self, optimizer: Any, loss: jax.Array, rate: jax.Array) -> Any:
        observed = self._rule(rate).observed
        assert observed is not None
        return observed(optimizer, loss)

    def _build(self, rngs: nnx.Rngs) -> nnx.Module:
        cell = self.cell
        return netspec.build(
            self.spec,
            rngs,
            initialization=cell.initialization,
            compute_dtype=jnp.dtype(cell.precision),
            dropout=cell.dropout,
            stochastic_depth=cell.stochastic_depth,
        )

    def _init(self, seed: jax.Array, rate: jax.Array) -> TrainState:
        _, params, _, rest = parts_of(self._build(nnx.Rngs(_stream(seed, 0))))
        params, rest = nnx.to_pure_dict(params), nnx.to_pure_dict(rest)
        return TrainState(
            step=jnp.int32(0),
            seed=jnp.uint32(seed),
            rate=jnp.float32(rate),
            params=params,
            rest=rest,
            optimizer=self._prepare(params, rate),
            average=None if self.cell.ema_decay is None else params,
            sums=jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, jnp.float32), self._sums()),
        )

    def _sums(self) -> dict[str, jax.ShapeDtypeStruct]:
        """Names and shapes of the sums of a training step, by the loss of a network that gives zeros."""
        batch = self.learner.example_batch(self.cell.batch_size, training=True)

        def of(batch: Any) -> Any:
            views = self.learner.inputs(jax.random.key(0), batch, jnp.int32(0))
            sums = self.learner.train_loss(partial(zeros_of, self.spec), views)[1]
            return sums | (dict.fromkeys(watched.NAMES, jnp.float32(0)) if self.cell.watch_gradients else {})

        return jax.eval_shape(of, batch)

    def _network(self, params: Any, rest: Any, key: jax.Array | None) -> nnx.Module:
        """In training mode when there is a ``key`` to draw from."""
        drawn = keyed(self._draws, jax.random.key(0) if key is None else key)
        model = nnx.merge(self._graph, nnx.State(params), drawn, nnx.State(rest))
        if key is None:
            model.eval()
        else:
            model.train()
            self.groups.hold(model)
        return model

    def _inputs(self, seed: jax.Array, step: jax.Array, batch: dict) -> Any:
        return self.learner.inputs(jax.random.fold_in(_stream(seed, 1), step), batch, step)

    def _update(self, state: TrainState, views: Any) -> TrainState:
        cell, key = self.cell, jax.random.fold_in(_stream(state.seed, 2), state.step)
        trained, frozen = self.groups.split(state.params)

        def whole(trained: Any) -> tuple[Any, Any, Any]:
            def gradient_of(rest: Any, part: Any, index: Any) -> Any:
                def loss_of(params: Any) -> Any:
                    drawn = key if cell.accumulate == 1 else jax.random.fold_in(key, index)
                    model = self._network(self.groups.whole(params, frozen), rest, drawn)
                    loss, sums = self.learner.train_loss(model, part)
                    return loss, (sums, nnx.to_pure_dict(parts_of(model)[3]))

                gradient, (sums, after) = jax.grad(loss_of, has_aux=True)(trained)
                return gradient, sums, after

            return accumulated(gradient_of, state.rest, views, cell.accumulate)

        gradient, sums, rest = whole(trained)
        if cell.watch_gradients:
            sums = {**sums, **watched.norms(gradient)}
        updates, optimizer_state = self._rule(state.rate).update(
            gradient,
            state.optimizer,
            trained,
            gradient_at=lambda params: whole(params)[0],
            key=jax.random.fold_in(_stream(state.seed, 4), state.step),
        )
        trained = optax.apply_updates(trained, updates)
        params = self.groups.whole(trained, frozen)
        average = state.average
        if cell.ema_decay is not None:  # what is frozen is its own average, to the last bit
            own = self.groups.split(self._own(params, optimizer_state, state.rate))[0]
            before, kept = self.groups.split(average)
            average = self.groups.whole(optax.incremental_update(own, before, 1 - cell.ema_decay), kept)
        sums = jax.tree.map(jnp.add, state.sums, sums)
        return TrainState(state.step + 1, state.seed, state.rate, params, rest, optimizer_state, average, sums)

    def _statistics(self, state: TrainState, batch: dict, index: jax.Array) -> Any:
        """What is not trained, moved by batch number ``index``, which the published weights see as in training."""
        input_key, key = jax.random.split(jax.random.fold_in(_stream(state.seed, 3), index))
        model = self._network(self.evaluated(state), state.rest, key)
        self.learner.train_loss(model, self.learner.inputs(input_key, batch, state.step))
        return nnx.to_pure_dict(parts_of(model)[3])

    def _measure(self, state: TrainState, batch: dict, index: jax.Array) -> dict:
        key = jax.random.fold_in(jax.random.key(0), index)
        return self.learner.measure(self._network(self.evaluated(state), state.rest, None), batch, key)


def _stream(seed: jax.Array, purpose: int) -> jax.Array:
    """The key of all draws for one purpose: 0 initial weights, 1 inputs, 2 the network while it trains,
    3 statistics of averaged weights, 4 the optimizer.
    """
    return jax.random.fold_in(jax.random.key(seed), purpose)


def zeros_of(spec: netspec.NetSpec, x: jax.Array, **named: jax.Array) -> Any:
    """What a network of ``spec`` would return for the batch ``x``, as zeros."""
    shape = spec.output_shape
    if isinstance(shape, netspec.Several):
        return {name: jnp.zeros((len(x), *inner)) for name, inner in shape.items()}
    return jnp.zeros((len(x), *shape))


def check_divisible(cell: Cell, devices: int) -> None:
    """Raise :class:`ConfigError` unless the devices share every batch, and every part of one, evenly."""
    if cell.batch_size % (cell.accumulate * devices):
        parts = f" in {cell.accumulate} parts (key 'accumulate')" if cell.accumulate > 1 else ""
        raise ConfigError(
            f"key 'batch_size' is {cell.batch_size}{parts}, expected a multiple of {cell.accumulate * devices} for "
            f"the {devices} devices of a run"
        )


def accumulated(gradient_of: Callable, rest: Any, batch: Any, parts: int) -> tuple[Any, Any, Any]:
    """Mean gradient, sums and last state of ``parts`` equal parts of a batch, of which one is in memory at a time.

    ``gradient_of(rest, part, index)`` gives the gradient of the mean loss over a part, sums over its examples, and the
    state after it. The leaves of ``batch`` are ``(B, …)`` with B divisible by ``parts``.

    The mean of the parts' gradients is the gradient of the batch wherever examples do not meet. In BatchNorm they do:
    each part is normalised by its own statistics, as on as many devices without exchange, and the running statistics
    move once per part.
    """
    if parts == 1:
        return gradient_of(rest, batch, 0)
    # Part i has the examples i, i + parts, …: so each device has as much of every part as of the batch.
    split = jax.tree.map(lambda leaf: leaf.reshape(-1, parts, *leaf.shape[1:]).swapaxes(0, 1), batch)
    first = jax.tree.map(lambda leaf: leaf[0], split)
    shapes = jax.eval_shape(gradient_of, rest, first, 0)[:2]
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)

    def add(carry: Any, part_and_index: Any) -> Any:
        gradient, sums, rest = carry
        *found, rest = gradient_of(rest, *part_and_index)
        return (*jax.tree.map(jnp.add, (gradient, sums), tuple(found)), rest), None

    (gradient, sums, rest), _ = jax.lax.scan(add, (*zeros, rest), (split, jnp.arange(parts)))
    return jax.tree.map(lambda leaf: leaf / parts, gradient), sums, rest


def parts_of(model: nnx.Module) -> tuple[nnx.GraphDef, nnx.State, nnx.State, nnx.State]:
    """Structure, parameters, streams of random numbers, and what else is not trained."""
    return nnx.split(model, nnx.Param, nnx.RngState, ...)


def keyed(draws: nnx.State, key: jax.Array) -> nnx.State:
    """The streams of random numbers of a step: each with a key of its own, nothing drawn yet.

    They are a function of seed and step, and so no part of the state that a checkpoint holds.
    """
    leaves, structure = jax.tree.flatten(draws)
    fresh = [
        jax.random.fold_in(key, index) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else jnp.zeros_like(leaf)
        for index, leaf in enumerate(leaves)
    ]
    return jax.tree.unflatten(structure, fresh)
