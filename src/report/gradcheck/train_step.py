"""The gradient of a training step: of the loss on soft labels, accumulated, over several devices, and in bfloat16.

All of a Vision Transformer of one small block on random images. Run with four virtual devices: see :data:`DEVICES`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from netspec import NetSpec
from netspec import layers as L
from netspec.gradcheck import primitives, results
from netspec.gradcheck.checks import DIFFERENCES, SAFETY, UNIT, Check
from netspec.gradcheck.fixtures import Fixture
from netspec.gradcheck.primitives import Program
from netspec.gradcheck.results import Result
from report.engine.errors import ReportError
from train.data.augment import smoothed_one_hot
from train.data.augment.mix import apply_mix, draw_cutmix
from train.step import accumulated

#: Virtual devices; ``XLA_FLAGS=--xla_force_host_platform_device_count=4`` makes them.
DEVICES = 4
BATCH, CLASSES, SIZE = 8, 5, 8
SMOOTHING = 0.1

NETWORK = NetSpec(
    "small ViT",
    (SIZE, SIZE, 3),
    (L.PatchEmbed(3, 12, 4, 4), L.TransformerEncoder(12, 3, 24, 1, readout="class_token"), L.Dense(12, CLASSES)),
)

#: Matrix products that a number passes on its way through :data:`NETWORK`: embedding, q·k and ·v with their
#: projections, two of the MLP, the head.
PRODUCTS = 8


def check() -> Iterator[Result]:
    """A row for each of the four claims.

    Raises:
        ReportError: where there are not :data:`DEVICES` devices.
    """
    if jax.device_count() < DEVICES:
        flag = f"XLA_FLAGS=--xla_force_host_platform_device_count={DEVICES}"
        raise ReportError(f"the training step is checked on {DEVICES} devices, found {jax.device_count()}; set {flag}")
    with jax.enable_x64(True):
        program = loss_program(jnp.float64)
        gradient = gradient_of(program)
        whole = gradient(program.tensors, *_batch())
        roundings = primitives.longest_path(_jaxpr(program))
        yield _row(
            "soft labels",
            "mean cross-entropy of smoothed, CutMix labels: the gradient is the slope",
            list(primitives.compare(_closed(program), np.random.default_rng(0))),
        )
        yield _row(
            "accumulation",
            f"the mean of the gradients of {DEVICES} parts of a batch is the gradient of the batch",
            list(_differences(whole, in_parts(gradient, program.tensors), roundings)),
        )
        yield _row(
            "data parallel",
            f"the gradient of a batch split over {DEVICES} devices is that of one device",
            list(_differences(whole, distributed(gradient, program.tensors), roundings)),
        )
    single, half = (gradient_of(loss_program(dtype)) for dtype in (jnp.float32, jnp.bfloat16))
    tensors, batch = (jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), part) for part in (program.tensors, _batch()))
    yield _row(
        "bfloat16",
        "the gradient with products in bfloat16 is near that in float32, in the norm of each tensor",
        list(_near(single(tensors, *batch), half(tensors, *batch))),
    )


def loss_program(dtype: Any) -> Program:
    """Loss and random parameters of the network, its batch still open."""
    network, tensors = primitives.taken_apart(Fixture(NETWORK), primitives.ONLY, np.random.default_rng(0), dtype)

    def loss(tensors: Any, images: Any, targets: Any) -> Any:
        return optax.softmax_cross_entropy(network(tensors)(images), targets).mean()

    return Program(loss, tensors)


def gradient_of(program: Program) -> Any:
    """The compiled gradient by the parameters."""
    return jax.jit(jax.grad(program.loss))


def in_parts(gradient: Any, tensors: Any) -> Any:
    """The gradient as the trainer accumulates it, over as many parts of the batch as there are devices."""
    found = accumulated(lambda rest, part, _: (gradient(tensors, *part), {}, rest), {}, _batch(), DEVICES)
    return found[0]


def distributed(gradient: Any, tensors: Any) -> Any:
    """The gradient with the batch split over the devices and the parameters on all of them, as the trainer has it."""
    mesh = Mesh(jax.devices()[:DEVICES], ("data",))
    split, everywhere = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("data",), ()))
    placed = jax.device_put(tensors, everywhere), *(jax.device_put(part, split) for part in _batch())
    return jax.block_until_ready(jax.jit(gradient, out_shardings=everywhere)(*placed))


def _batch() -> tuple[np.ndarray, np.ndarray]:
    """Random images and their labels, smoothed and mixed with the trainer's own functions."""
    rng = np.random.default_rng(0)
    images, labels = rng.standard_normal((BATCH, SIZE, SIZE, 3)), jnp.arange(BATCH) % CLASSES
    mix = draw_cutmix(jax.random.key(0), BATCH, SIZE, 1.0, "paper")
    mixed, targets = apply_mix(mix, jnp.asarray(images, jnp.float32), smoothed_one_hot(labels, CLASSES, SMOOTHING))
    return np.asarray(mixed, np.float64), np.asarray(targets, np.float64)


def _closed(program: Program) -> Program:
    batch = _batch()

    def loss(tensors: Any) -> Any:
        value = program.loss(tensors, *batch)  # type: ignore[call-arg]  # this program is given its batch
        return value, value

    return Program(loss, program.tensors)


def _jaxpr(program: Program) -> Any:
    return jax.make_jaxpr(jax.grad(program.loss))(program.tensors, *_batch()).jaxpr


def _differences(expected: Any, found: Any, roundings: int) -> Iterator[Check]:
    """Entry by entry; both sums of the same terms, each within ``n·u`` of the exact one."""
    tolerance = SAFETY * 2 * roundings * UNIT
    total = max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(expected))
    for name, leaf in expected.items():
        apart = np.abs(np.asarray(found[name]) - np.asarray(leaf))
        index = np.unravel_index(np.argmax(apart), apart.shape)
        size = float(np.abs(leaf).max())
        error = float(apart[index]) / (size if size > 1e-9 * total else total)
        yield Check(DIFFERENCES, error, tolerance, f"{name}[{', '.join(map(str, index))}]", f"n = {roundings}")


def _near(expected: Any, found: Any) -> Iterator[Check]:
    """In norm, since single entries cancel. A product rounds two factors and its result, forward and twice backward.

    Rounding errors of ``k`` such steps add up to ``√k·u``, with ``u = 2⁻⁸`` for eight significant bits (Higham & Mary
    2019, SIAM J. Sci. Comput. 41(5), whose factor λ is taken as :data:`SAFETY`).
    """
    roundings = 3 * 3 * PRODUCTS
    bound = SAFETY * math.sqrt(roundings) * 2.0**-8
    total = math.sqrt(sum(float(jnp.sum(jnp.square(leaf))) for leaf in jax.tree.leaves(expected)))
    for name, leaf in expected.items():
        size = float(jnp.linalg.norm(leaf))
        error = float(jnp.linalg.norm(found[name] - leaf)) / (size if size > 1e-3 * total else total)
        yield Check(DIFFERENCES, error, bound, name, f"{roundings} roundings to bfloat16")


def _row(key: str, claim: str, found: list[Check]) -> Result:
    result = results.of_module(key, claim, "–", found)
    result = replace(result, group="training step", statement=claim)
    # Float64 must stay below the ceiling of the other checks; bfloat16 has a bound of its own.
    passed = all(check.error <= check.tolerance for check in found)
    return replace(result, verdict="pass" if passed else "fail", failures="" if passed else result.failures)
