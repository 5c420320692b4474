"""The compiled programs of a run: initial state, one training step, one evaluation batch.

The module is split once; the programs merge it inside ``jax.jit``, because ``nnx.jit`` per step is bound by the host
at small sizes. A step is two programs, the augmented inputs and the update: the second, which is what takes long to
compile, is then the same for all cells that differ in augmentation only. The seed is part of the state, not of a
program, so that all seeds share one compilation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import netspec
from train.cell import Cell
from train.optimizer import learning_rate, make_optimizer
from train.task import Classification


class TrainState(NamedTuple):
    """Everything a step reads and writes; what a checkpoint holds."""

    step: jax.Array  # int32, steps taken
    seed: jax.Array  # uint32
    params: Any
    rest: Any  # state that is not trained, such as running batch statistics
    optimizer: Any
    average: Any  # moving average of params, or None
    sums: dict[str, jax.Array]  # training sums since the epoch began


class Programs(NamedTuple):
    """Compiled functions of a run over a device mesh."""

    init: Callable[[int], TrainState]
    train: Callable[[TrainState, dict], TrainState]
    measure: Callable[[TrainState, dict], dict]
    rate: Callable[[int], float]
    place: Callable[[dict], dict]
    devices: int


def make_programs(cell: Cell, task: Classification, steps_per_epoch: int) -> Programs:
    """Build the programs of ``cell``, data parallel over all local devices.

    The batch is split over the devices and the state replicated; random draws do not depend on how many there are.
    """
    mesh = Mesh(jax.devices(), ("data",))
    replicated, split = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data"))
    spec = netspec.find(cell.model).with_classes(cell.dataset.classes)
    options = {"initialization": cell.initialization, "compute_dtype": jnp.dtype(cell.precision)}
    optimizer, rate = make_optimizer(cell, steps_per_epoch), learning_rate(cell, steps_per_epoch)
    graph = nnx.split(nnx.eval_shape(lambda: netspec.build(spec, nnx.Rngs(0), **options)), nnx.Param, ...)[0]

    def stream(seed, purpose):
        return jax.random.fold_in(jax.random.key(seed), purpose)

    def init(seed):
        model = netspec.build(spec, nnx.Rngs(stream(seed, 0)), **options)
        _, params, rest = nnx.split(model, nnx.Param, ...)
        params, rest = nnx.to_pure_dict(params), nnx.to_pure_dict(rest)
        return TrainState(
            step=jnp.int32(0),
            seed=jnp.uint32(seed),
            params=params,
            rest=rest,
            optimizer=optimizer.init(params),
            average=None if cell.ema_decay is None else params,
            sums={name: jnp.float32(0) for name in ("loss", "accuracy", "count")},
        )

    def network(params, rest, training):
        model = nnx.merge(graph, nnx.State(params), nnx.State(rest))
        model.train() if training else model.eval()
        return model

    def inputs(seed, step, batch):
        return task.inputs(jax.random.fold_in(stream(seed, 1), step), batch)

    def update(state, views):
        def loss_of(params):
            model = network(params, state.rest, training=True)
            loss, sums = task.train_loss(model, views)
            return loss, (sums, nnx.to_pure_dict(nnx.split(model, nnx.Param, ...)[2]))

        gradient, (sums, rest) = jax.grad(loss_of, has_aux=True)(state.params)
        updates, optimizer_state = optimizer.update(gradient, state.optimizer, state.params)
        params = optax.apply_updates(state.params, updates)
        average = state.average
        if cell.ema_decay is not None:
            average = optax.incremental_update(params, average, 1 - cell.ema_decay)
        sums = jax.tree.map(jnp.add, state.sums, sums)
        return TrainState(state.step + 1, state.seed, params, rest, optimizer_state, average, sums)

    def measure(state, batch):
        return task.measure(network(evaluated(state), state.rest, training=False), batch)

    inputs = jax.jit(inputs, in_shardings=(replicated, replicated, split), out_shardings=split)
    update = jax.jit(update, donate_argnums=0, in_shardings=(replicated, split), out_shardings=replicated)
    return Programs(
        # It runs once: optimising its code takes seconds on CPU and saves none.
        init=jax.jit(init, out_shardings=replicated, compiler_options={"xla_backend_optimization_level": 0}),
        train=lambda state, batch: update(state, inputs(state.seed, state.step, batch)),
        measure=jax.jit(measure, in_shardings=(replicated, split), out_shardings=replicated),
        rate=lambda step: float(rate(step)),
        place=lambda batch: jax.device_put(batch, split),
        devices=mesh.size,
    )


def evaluated(state: TrainState):
    """The parameters that are evaluated and published: the moving average where one is kept."""
    return state.params if state.average is None else state.average
