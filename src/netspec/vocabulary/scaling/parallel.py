"""Training on several devices, simulated on one: a mapped axis stands for the devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from netspec.vocabulary import expect

#: The name of the axis that stands for the devices.
DEVICES = "devices"


class Piped(NamedTuple):
    """What comes out, ``(micro-batches, …)``, and which stage was at work when, ``(ticks, stages)``."""

    outputs: jax.Array
    busy: jax.Array


def data_parallel(loss: Callable[[Any, Any], jax.Array], parameters: Any, batch: Any, devices: int) -> Any:
    """Share a batch out: each device has all weights, takes the gradient of its part, and they agree on the mean.

    Formula: g = 1/N Σ_d ∇L(θ; batch_d)
    Shapes: leaves of batch (examples, …), examples a multiple of N; the gradient has an axis of N in front: every
        device's copy of it.
    Parameters: all of them on every device.
    Cost: a step's over N, and the exchange of one gradient (an all-reduce).
    Training: as on one device, but for BatchNorm, whose statistics are those of a part unless they are exchanged too.
    Caveats: the loss must be a mean over examples; sums come in another order, so float32 differs in its last bits.
    Raises: VocabularyError where leaves disagree about the number of examples or N does not divide it.
    Source: Goyal et al. 2017 (arXiv:1706.02677), sec. 3; vocabulary line 3269.

    >>> loss = lambda w, x: jnp.mean((x - w) ** 2)
    >>> data_parallel(loss, 1.0, jnp.array([1.0, 2.0, 3.0, 6.0]), devices=2).tolist()
    [-4.0, -4.0]
    """
    sizes: dict[str, int] = {}
    for number, leaf in enumerate(jax.tree.leaves(batch)):
        shape = jnp.shape(leaf)
        sizes = expect.axes(sizes, **{f"batch[{number}]": (leaf, " ".join(["examples", *map(str, shape[1:])]))})
    expect.divides("devices", expect.whole("devices", devices), "examples", sizes["examples"])
    parts = jax.tree.map(lambda leaf: jnp.reshape(leaf, (devices, -1, *jnp.shape(leaf)[1:])), batch)

    def on_device(part: Any) -> Any:
        return lax.pmean(jax.grad(loss)(parameters, part), DEVICES)

    return jax.vmap(on_device, axis_name=DEVICES)(parts)


def tensor_parallel(x: jax.Array, first: jax.Array, second: jax.Array, devices: int) -> jax.Array:
    """Share the weights of an MLP out so that its devices have to talk only once.

    Formula: y = Σ_d gelu(x W₁^d) W₂^d, W₁ cut by columns and W₂ by rows; the sum is one all-reduce
    Shapes: x (batch, width) on every device; first W₁ (width, hidden), second W₂ (hidden, outputs), hidden a multiple
        of N; y (batch, outputs).
    Parameters: one N-th of both kernels on each device.
    Cost: one N-th of the products, and the exchange of y.
    Training: back, one more all-reduce, of the gradient by x.
    Caveats: cut the other way round, by rows first, the sum would be due before gelu, which does not go through sums. A
        bias of the second layer is added once, after the sum.
    Raises: VocabularyError where shapes disagree or N does not divide the hidden width.
    Source: Shoeybi et al. 2019 (arXiv:1909.08053), sec. 3; vocabulary line 4712.

    >>> x, first, second = jnp.ones((1, 2)), jnp.ones((2, 4)), jnp.ones((4, 1))
    >>> [round(float(tensor_parallel(x, first, second, devices)[0, 0]), 3) for devices in (1, 2, 4)]
    [7.818, 7.818, 7.818]
    """
    sizes = expect.axes(x=(x, "batch width"), first=(first, "width hidden"), second=(second, "hidden outputs"))
    expect.divides("devices", expect.whole("devices", devices), "hidden", sizes["hidden"])
    columns = jnp.reshape(first, (sizes["width"], devices, -1))
    rows = jnp.reshape(second, (devices, -1, sizes["outputs"]))

    def on_device(columns: jax.Array, rows: jax.Array) -> jax.Array:
        return lax.psum(jax.nn.gelu(x @ columns) @ rows, DEVICES)

    return jax.vmap(on_device, in_axes=(1, 0), axis_name=DEVICES)(columns, rows)[0]


def pipeline_parallel(stage: Callable[[Any, jax.Array], jax.Array], parameters: Any, x: jax.Array) -> Piped:
    """Share the layers out: each device has a stage, and micro-batches follow each other through them.

    Formula: at tick t stage p works on micro-batch t − p; of (M + P − 1) ticks a stage idles (P − 1)/(M + P − 1)
    Shapes: leaves of parameters (P, …), one entry a stage; x (M, …), M micro-batches; stage maps (…) to the same shape.
    Parameters: one P-th on each device.
    Cost: M + P − 1 ticks, each as long as the slowest stage.
    Training: back in the other order; gradients of all micro-batches are added up before the step.
    Caveats: few micro-batches leave devices idle: with M = P nearly half of the time. What is between two stages has
        one shape for all.
    Raises: VocabularyError where leaves disagree about the number of stages or nothing arrived.
    Source: Huang et al. 2019 (arXiv:1811.06965), sec. 2.3; vocabulary line 4716.

    >>> piped = pipeline_parallel(lambda w, x: w * x, jnp.array([2.0, 3.0]), jnp.array([1.0, 10.0, 100.0]))
    >>> piped.outputs.tolist(), round(float(1 - piped.busy.mean()), 4)
    ([6.0, 60.0, 600.0], 0.25)
    """
    expect.axes(x=(x, "..."))
    sizes: dict[str, int] = {}
    for number, leaf in enumerate(jax.tree.leaves(parameters)):
        shape = jnp.shape(leaf)
        sizes = expect.axes(sizes, **{f"parameters[{number}]": (leaf, " ".join(["stages", *map(str, shape[1:])]))})
    stages, count = sizes["stages"], len(x)

    def on_device(own: Any, arrived: jax.Array, sent: jax.Array) -> tuple[jax.Array, jax.Array]:
        """A tick: the first stage takes what arrives (not what the last has sent), others what is sent to them."""
        place = lax.axis_index(DEVICES)
        before = lax.ppermute(sent, DEVICES, [(p, (p + 1) % stages) for p in range(stages)])
        made = stage(own, jnp.where(place == 0, arrived, before))
        return made, place

    tick = jax.vmap(on_device, in_axes=(0, None, 0), axis_name=DEVICES)

    def run(sent: jax.Array, time: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        made, place = tick(parameters, x[jnp.minimum(time, count - 1)], sent)
        batch = time - place
        return made, (made[-1], (batch >= 0) & (batch < count))

    start = jnp.zeros((stages, *jnp.shape(x)[1:]), jnp.result_type(x))
    _, (last, busy) = lax.scan(run, start, jnp.arange(count + stages - 1))
    return Piped(last[stages - 1 :], busy)


def zero(optimizer: optax.GradientTransformation, devices: int) -> optax.GradientTransformation:
    """Keep the optimizer's state once instead of on every device: each has, and steps, a part of the weights.

    Formula: g^d = part d of 1/N Σ g, a reduce-scatter; θ^d ← θ^d + step(g^d, state^d); θ gathered from all
    Shapes: weights θ (n,), n a multiple of N; gradients (N, n), one a device; leaves of the state (N, n/N) or (N,).
    Parameters: all weights on every device (stage 1), a state of one N-th.
    Cost: the exchange of one gradient, as with data parallelism: a reduce-scatter and a gather are an all-reduce.
    Training: the same numbers as on one device, for optimizers that treat every weight by itself.
    Caveats: LAMB and clipping look at norms over all weights, which then have to be exchanged too. Stages 2 and 3 share
        out gradients and weights as well.
    Raises: VocabularyError where N does not divide the number of weights, or gradients are not one a device.
    Source: Rajbhandari et al. 2020 (arXiv:1910.02054), sec. 5; vocabulary line 4720.

    >>> optimizer, w = zero(optax.adam(0.1), devices=2), jnp.zeros(4)
    >>> state = optimizer.init(w)
    >>> step, _ = optimizer.update(jnp.array([[1.0, 2.0, -3.0, 4.0]] * 2), state, w)
    >>> [round(float(each), 3) for each in step], [leaf.shape for leaf in jax.tree.leaves(state)]
    ([-0.1, -0.1, 0.1, -0.1], [(2,), (2, 2), (2, 2)])
    """
    expect.whole("devices", devices)

    def parts(weights: jax.Array) -> jax.Array:
        sizes = expect.axes(weights=(weights, "n"))
        expect.divides("devices", devices, "n", sizes["n"])
        return jnp.reshape(weights, (devices, -1))

    def init(weights: jax.Array) -> Any:
        return jax.vmap(optimizer.init)(parts(weights))

    def update(gradients: jax.Array, state: Any, weights: jax.Array) -> tuple[jax.Array, Any]:
        expect.axes({"n": len(weights)}, gradients=(gradients, f"{devices} n"))

        def on_device(gradient: jax.Array, state: Any, own: jax.Array) -> tuple[jax.Array, Any]:
            mine = lax.psum_scatter(gradient, DEVICES, tiled=True) / devices
            step, state = optimizer.update(mine, state, own)
            return lax.all_gather(step, DEVICES, tiled=True), state

        steps, state = jax.vmap(on_device, axis_name=DEVICES)(gradients, state, parts(weights))
        return steps[0], state

    return optax.GradientTransformation(init, update)
