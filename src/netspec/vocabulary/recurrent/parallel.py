"""What does the work of a recurrence on all tokens at once."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect
from netspec.vocabulary.convolutions import causal_conv1d, long_conv


def tcn(x: jax.Array, kernels: tuple[tuple[jax.Array, jax.Array], ...]) -> jax.Array:
    """Model a sequence without recurrence: causal convolutions whose dilation doubles from level to level.

    Formula: x ← ReLU(x + F_l(x)), F_l two causal convolutions of dilation 2^l with ReLUs, l = 0 … L − 1
    Shapes: x (batch, tokens, channels); a pair of kernels (taps, channels, channels) for each of the L levels.
    Parameters: 2L·taps·channels².
    Cost: 2L·taps·channels² multiply-adds a token, all tokens at once.
    Training: the paper has weight normalisation and dropout behind each convolution, which are left out here.
    Caveats: it sees 1 + 2(taps − 1)(2^L − 1) tokens back and nothing of what lies before them.
    Raises: VocabularyError where channels do not match or there is no level.
    Source: Bai et al. 2018 [arXiv:1803.01271], fig. 1; vocabulary line 2141.

    >>> one = jax.numpy.ones((2, 1, 1))
    >>> tcn(jax.numpy.eye(1, 5)[..., None], ((one, one),)).ravel().tolist()  # 1 + 2 − 0 back
    [2.0, 2.0, 1.0, 0.0, 0.0]
    """
    expect.whole("levels", len(kernels))
    for level, (first, second) in enumerate(kernels):
        branch = jax.nn.relu(causal_conv1d(x, first, dilation=2**level))
        x = jax.nn.relu(x + jax.nn.relu(causal_conv1d(branch, second, dilation=2**level)))
    return x


class StateSpace(NamedTuple):
    """A linear system with one input and one output: ``x' = A x + B u``, ``y = C x + D u``.

    ``transition`` A (states, states), ``write`` B (states), ``read`` C (states), ``skip`` D, a number.
    """

    transition: jax.Array
    write: jax.Array
    read: jax.Array
    skip: jax.Array | float

    def discrete(self, step: jax.Array | float) -> StateSpace:
        """The recurrence ``x_k = Ā x_{k−1} + B̄ u_k`` that follows it in steps of that length, by the bilinear rule."""
        half = step / 2 * self.transition
        one = jnp.eye(half.shape[0])
        both = jnp.linalg.solve(one - half, jnp.concatenate([one + half, step * self.write[:, None]], axis=1))
        return StateSpace(both[:, :-1], both[:, -1], self.read, self.skip)


def legs(states: int) -> tuple[jax.Array, jax.Array]:
    """A and B of HiPPO-LegS, whose state are Legendre coefficients of all that was read (Gu et al. 2020, thm. 2)."""
    n = jnp.arange(expect.whole("states", states))
    root = jnp.sqrt(2.0 * n + 1)
    return -(jnp.tril(root[:, None] * root, -1) + jnp.diag(n + 1.0)), root


def s4(u: jax.Array, system: StateSpace, *, step: float) -> jax.Array:
    """Remember very long inputs by a linear system in continuous time, which is one long convolution in training.

    Formula: y = K ∗ u + D u, K_i = C Ā^i B̄, Ā = (I − ΔA/2)⁻¹(I + ΔA/2), B̄ = (I − ΔA/2)⁻¹ΔB
    Shapes: u (batch, tokens); what leaves has the same. A layer has such a system for every channel.
    Parameters: states² + 2·states + 1 here; S4 stores A as diagonal plus low rank, in 3·states numbers.
    Cost: tokens·states² to make the kernel here, (tokens + states)·log² in S4's form, then one Fourier transform.
    Training: by the convolution, all tokens at once; in generation by the recurrence, states² a token.
    Caveats: nothing in it depends on the input, so that it cannot choose what to remember; see mamba.
    Raises: VocabularyError where shapes do not match or the step is not positive.
    Source: Gu et al. 2022 [arXiv:2111.00396], eqs. 3-5; vocabulary line 2150.

    >>> decay = StateSpace(jax.numpy.array([[-1.0]]), jax.numpy.ones(1), jax.numpy.ones(1), 0.0)
    >>> s4(jax.numpy.eye(1, 4), decay, step=2 / 3)[0].round(4).tolist()  # halved at every step
    [0.5, 0.25, 0.125, 0.0625]
    """
    expect.axes(u=(u, "batch tokens"))
    expect.axes(A=(system.transition, "states states"), B=(system.write, "states"), C=(system.read, "states"))
    expect.positive("step", step)
    small = system.discrete(step)

    def power(state: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        return small.transition @ state, small.read @ state

    taps = jax.lax.scan(power, small.write, None, u.shape[1])[1]
    return long_conv(u[..., None], taps[:, None])[..., 0] + small.skip * u
