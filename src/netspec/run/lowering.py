"""The StableHLO program of a network: its forward pass, or a training step of a classifier."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from netspec.errors import SpecError
from netspec.run.traced import Traced
from netspec.spec import NetSpec

#: Rate and decay of the step that is lowered: numbers in the text, which do not change its size.
OPTIMIZER = optax.adamw(1e-3, weight_decay=1e-4)

#: An accelerator, so that the text does not depend on where it is made, and a convolution is one in it: for CPU
#: depthwise ones are written out tap by tap.
PLATFORM = "tpu"


def lower_forward(spec: NetSpec, batch: int) -> str:
    """The text of the forward pass of ``batch`` examples in evaluation mode; weights are arguments."""
    return Traced(spec, batch).traced.lower(lowering_platforms=(PLATFORM,)).as_text()


def lower_train_step(spec: NetSpec, batch: int) -> str:
    """The text of one training step: softmax cross-entropy, its gradient, running statistics, AdamW.

    Raises :class:`SpecError` for a network that does not leave one vector of logits.
    """
    if isinstance(spec.output_shape, dict) or len(spec.output_shape) != 1:
        raise SpecError(f"{spec.name} leaves {spec.output_shape}, expected (classes,) to train a classifier on")
    traced = Traced(spec, batch, training=True)
    parameters = nnx.to_pure_dict(traced.parameters)
    moments = jax.eval_shape(OPTIMIZER.init, parameters)
    labels = jax.ShapeDtypeStruct((batch,), jnp.int32)

    def step(parameters: Any, rest: Any, moments: Any, first: Any, further: Any, labels: Any) -> tuple[Any, ...]:
        def loss(parameters: Any) -> tuple[Any, Any]:
            logits, after = traced.call(nnx.State(parameters), rest, first, further)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), after

        (value, after), gradient = jax.value_and_grad(loss, has_aux=True)(parameters)
        updates, moments = OPTIMIZER.update(gradient, moments, parameters)
        return optax.apply_updates(parameters, updates), after, moments, value

    arguments = (parameters, traced.rest, moments, traced.first, traced.further, labels)
    return jax.jit(step).trace(*arguments).lower(lowering_platforms=(PLATFORM,)).as_text()
