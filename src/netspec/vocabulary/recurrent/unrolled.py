"""A cell run over a sequence: forward, for its gradient, and from both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from flax.nnx.nn.recurrent import RNNCellBase

from netspec.vocabulary import expect

#: One step: ``(state, input) -> (state, output)``, as the cells of flax.nnx and :func:`jax.lax.scan` have it.
Cell = Callable[[Any, jax.Array], tuple[Any, jax.Array]]


def unroll(cell: Cell, state: Any, inputs: jax.Array) -> tuple[Any, jax.Array]:
    """Run a cell over a sequence, one step after the other, with the state handed on.

    Formula: (h_t, y_t) = cell(h_{t−1}, x_t)
    Shapes: inputs (batch, tokens, channels); a state of any shape; outputs (batch, tokens, …).
    Parameters: those of the cell, the same at every step.
    Cost: one cell a token, none of which can begin before the one before it has ended.
    Training: gradients go back through all steps, which keeps all their intermediate values; see bptt.
    Caveats: what streams in pieces goes on with the state that the piece before has left.
    Raises: VocabularyError where the inputs have no tokens.
    Source: Elman 1990, fig. 2; vocabulary line 5374.

    >>> running_sum = lambda state, x: (state + x, state + x)
    >>> state, outputs = unroll(running_sum, jax.numpy.zeros((1, 1)), jax.numpy.arange(1.0, 5.0).reshape(1, 4, 1))
    >>> outputs.ravel().tolist()
    [1.0, 3.0, 6.0, 10.0]
    """
    expect.axes(inputs=(inputs, "batch tokens channels"))
    state, outputs = jax.lax.scan(cell, state, jnp.swapaxes(inputs, 0, 1))
    return state, jnp.swapaxes(outputs, 0, 1)


def bptt(
    loss: Callable[[Any, jax.Array], jax.Array],
    cell: Callable[[Any, Any, jax.Array], tuple[Any, jax.Array]],
    parameters: Any,
    state: Any,
    inputs: jax.Array,
    *,
    truncate: int | None = None,
) -> Any:
    """Give a recurrent network its gradient: unrolled over time it is a deep network whose layers share their weights.

    Formula: ∂L/∂W = Σ_t Σ_{s≤t} ∂L_t/∂h_t · (Π_{r=s+1..t} ∂h_r/∂h_{r−1}) · ∂h_s/∂W, ∂h_s/∂W at fixed h_{s−1}
    Shapes: inputs (batch, tokens, channels); cell(parameters, state, input) gives (state, output), loss(state, outputs)
        a number; what leaves has the shapes of the parameters.
    Parameters: none of its own.
    Cost: about three times the forward pass, and the intermediate values of all tokens in memory.
    Training: truncate cuts the gradient of the state before every so many tokens, and with it what can be learned
        of longer delays.
    Caveats: the product of Jacobians shrinks or grows exponentially with the distance (Bengio et al. 1994).
    Raises: VocabularyError where truncate is not a whole number of at least 1.
    Source: Werbos 1990; Williams and Peng 1990 for the truncated form; vocabulary line 1577.

    >>> decay = lambda w, h, x: (w * h + x, w * h + x)
    >>> x = jax.numpy.array([1.0, 0.0, 0.0]).reshape(1, 3, 1)
    >>> last = lambda h, y: h.sum()
    >>> bptt(last, decay, 0.5, jax.numpy.zeros((1, 1)), x).item()  # of w²
    1.0
    """
    expect.axes(inputs=(inputs, "batch tokens channels"))
    span = inputs.shape[1] if truncate is None else expect.whole("truncate", truncate)
    starts = jnp.arange(inputs.shape[1]) % span == 0

    def unrolled(parameters: Any) -> jax.Array:
        def step(state: Any, given: tuple[jax.Array, jax.Array]) -> tuple[Any, jax.Array]:
            x, begins = given
            state = jax.tree.map(lambda h: jnp.where(begins, jax.lax.stop_gradient(h), h), state)
            return cell(parameters, state, x)

        last, outputs = jax.lax.scan(step, state, (jnp.swapaxes(inputs, 0, 1), starts))
        return loss(last, jnp.swapaxes(outputs, 0, 1))

    return jax.grad(unrolled)(parameters)


def bidirectional(forward: RNNCellBase, backward: RNNCellBase, states: tuple[Any, Any], inputs: jax.Array) -> jax.Array:
    """Tell every token what comes after it as well as what came before: one cell runs from either end.

    Formula: y_t = [h→_t; h←_t]
    Shapes: inputs (batch, tokens, channels), a state for each cell; leaves (batch, tokens, both widths together).
    Parameters: those of both cells, which are flax's.
    Cost: both cells at every token; the two runs do not wait for each other.
    Training: as in evaluation.
    Caveats: nothing can be generated with it, since the whole sequence must be there first.
    Raises: VocabularyError where the inputs have no tokens.
    Source: Schuster and Paliwal 1997, fig. 3; vocabulary line 2132.

    >>> cells = [nnx.LSTMCell(2, 3, rngs=nnx.Rngs(seed)) for seed in (0, 1)]
    >>> start = (jax.numpy.zeros((1, 3)),) * 2
    >>> bidirectional(*cells, (start, start), jax.numpy.ones((1, 5, 2))).shape
    (1, 5, 6)
    """
    expect.axes(inputs=(inputs, "batch tokens channels"))
    both = nnx.Bidirectional(nnx.RNN(forward), nnx.RNN(backward))
    outputs: jax.Array = both(inputs, initial_carry=states)
    return outputs
