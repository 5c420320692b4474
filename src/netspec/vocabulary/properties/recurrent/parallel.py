"""What does the work of a recurrence on all tokens at once."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.modules.mamba_block import selective_scan
from netspec.vocabulary import recurrent
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.convolutions import causal_conv1d
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.recurrent import StateSpace
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _kernels(case: Case, levels: int = 2) -> tuple[Any, ...]:
    drawn = [case.uniform(2, 2, 2, low=0.1, seed=i) for i in range(2 * levels)]
    return tuple(zip(drawn[::2], drawn[1::2], strict=True))


def _field(network: Implementation, case: Case) -> float:
    """Positive inputs and kernels keep every ReLU open, so that what is seen is what is reached."""
    x = case.uniform(1, 10, 2, low=0.5, seed=5)
    seen = plain.reaches(lambda each: program(network)(each, _kernels(case)), x)
    distance = np.arange(10)[:, None] - np.arange(10)
    return wrong(np.array_equal(seen, (distance >= 0) & (distance < 1 + 2 * (2 - 1) * (2**2 - 1))))


def _levels(network: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, kernels = case.normal(case.batch, case.tokens, 2), [[k - 0.5 for k in pair] for pair in _kernels(case)]
    y = x
    for level, pair in enumerate(kernels):
        branch = y
        for kernel in pair:
            branch = np.maximum(plain.correlate(branch, kernel, dilation=2**level, padding=(2**level, 0)), 0)
        y = np.maximum(y + branch, 0)
    return apart(program(network)(x, kernels), y)


def _undilated(x: Any, kernels: Any) -> Any:
    for pair in kernels:
        x = recurrent.tcn(x, (pair,))
    return x


def _backwards(network: Implementation) -> Implementation:
    return lambda x, kernels: network(x[:, ::-1], kernels)[:, ::-1]


def _no_residual(x: Any, kernels: Any) -> Any:
    for level, pair in enumerate(kernels):
        for kernel in pair:
            x = jax.nn.relu(causal_conv1d(x, kernel, dilation=2**level))
    return x


TCN = Term(
    "tcn",
    recurrent.tcn,
    (
        Property(
            "Output t depends on the 1 + 2(k − 1)(2^L − 1) tokens up to t, no more and no fewer.",
            _field,
            0.0,
            (
                Mistake("the same dilation at every level", _undilated),
                Mistake("a look ahead", _backwards(recurrent.tcn)),
            ),
        ),
        Property(
            "It is the loop of its convolutions over sequences padded in front, with a residual at each level.",
            _levels,
            ROUNDING,
            (
                Mistake("no residual", _no_residual),
                Mistake("the same dilation at every level", _undilated),
            ),
        ),
    ),
)


def _system(case: Case) -> StateSpace:
    states = 4
    a, b = recurrent.legs(states)
    return StateSpace(np.asarray(a), np.asarray(b), case.normal(states, seed=1), 0.5)


def _by_recurrence(layer: Implementation, case: Case) -> float:
    case = plain.few(case)
    system, u, step = _system(case), case.normal(case.batch, case.tokens), 0.3
    half, one = step / 2 * system.transition, np.eye(4)
    kept = np.linalg.inv(one - half) @ (one + half)
    write = np.linalg.inv(one - half) @ (step * system.write)
    state, y = np.zeros((case.batch, 4)), []
    for t in range(case.tokens):
        state = state @ kept.T + u[:, t, None] * write
        y.append(state @ system.read + system.skip * u[:, t])
    return apart(program(layer)(u, system, step=step), np.stack(y, 1))


def _gain(layer: Implementation, case: Case) -> float:
    """A constant input settles where the continuous system does: y = (D − C A⁻¹ B) u, whatever the step."""
    system = _system(case)
    found = program(layer)(np.ones((1, 200)), system, step=0.5)
    return apart(found[0, -1], system.skip - system.read @ np.linalg.solve(system.transition, system.write))


class _Euler(StateSpace):
    """Ā = I + Δ A."""

    def discrete(self, step: Any) -> StateSpace:
        return super().discrete(step)._replace(transition=jnp.eye(4) + step * self.transition)


class _Scaled(StateSpace):
    """B̄ = Δ B."""

    def discrete(self, step: Any) -> StateSpace:
        return super().discrete(step)._replace(write=step * self.write)


class _Unscaled(StateSpace):
    """B̄ = B."""

    def discrete(self, step: Any) -> StateSpace:
        return super().discrete(step)._replace(write=self.write)


S4 = Term(
    "s4",
    recurrent.s4,
    (
        Property(
            "The convolution is the recurrence x ← Ā x + B̄ u, y = C x + D u.",
            _by_recurrence,
            1e-11,
            (
                Mistake("Euler's rule for Ā", lambda u, s, step: recurrent.s4(u, _Euler(*s), step=step)),
                Mistake("B̄ = Δ B", lambda u, s, step: recurrent.s4(u, _Scaled(*s), step=step)),
                Mistake("no D", lambda u, s, step: recurrent.s4(u, s._replace(skip=0.0), step=step)),
            ),
        ),
        Property(
            "A constant input settles at (D − C A⁻¹ B) u, as in continuous time.",
            _gain,
            1e-11,
            (Mistake("B̄ = B", lambda u, s, step: recurrent.s4(u, _Unscaled(*s), step=step)),),
        ),
    ),
)


def _selection(case: Case) -> tuple[np.ndarray, ...]:
    e, n, shape = case.channels, 2, (case.batch, case.tokens)
    step = case.uniform(*shape, e, low=0.1, seed=1)
    return (
        case.normal(*shape, e),
        step,
        -case.uniform(e, n, low=0.5, high=2, seed=2),
        case.normal(*shape, n, seed=3),
        case.normal(*shape, n, seed=4),
    )


def _scanned(scan: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, step, decay, write, read = _selection(case)
    state, y = np.zeros((*x.shape[::2], 2)), []
    for t in range(case.tokens):
        state = np.exp(step[:, t, :, None] * decay) * state + (step * x)[:, t, :, None] * write[:, t, None]
        y.append((state * read[:, t, None]).sum(-1))
    return apart(program(scan)(x, step, decay, write, read), np.stack(y, 1))


def _unselective(scan: Implementation, case: Case) -> float:
    """Where step, write and read do not depend on the token it is a convolution with K_i = Σ_n C_n e^{iΔA_n} Δ B_n."""
    case = plain.few(case)
    x, step, decay, write, read = _selection(case)
    step, write, read = (np.broadcast_to(part[:1, :1], part.shape) for part in (step, write, read))
    times = np.arange(case.tokens)[:, None, None]
    taps = (read[0, 0] * np.exp(times * step[0, 0][:, None] * decay) * step[0, 0][:, None] * write[0, 0]).sum(-1)
    past = np.array([[taps[t - s] if s <= t else 0 * taps[0] for s in range(case.tokens)] for t in range(case.tokens)])
    return apart(program(scan)(x, step, decay, write, read), np.einsum("tsc,bsc->btc", past, x))


def _one_late(x: Any, step: Any, decay: Any, write: Any, read: Any) -> Any:
    """What is read of a state is what it was one token ago."""
    late = jnp.pad(jnp.asarray(x), ((0, 0), (1, 0), (0, 0)))[:, :-1]
    return selective_scan(late, step, decay, write, read)


MAMBA = Term(
    "mamba",
    selective_scan,
    (
        Property(
            "The associative scan is the recurrence h ← e^{ΔA} h + Δ B x, y = C h.",
            _scanned,
            ROUNDING,
            (
                Mistake("a state that grows", lambda x, d, a, b, c: selective_scan(x, d, -a, b, c)),
                Mistake(
                    "the step left out of what is written", lambda x, d, a, b, c: selective_scan(x / d, d, a, b, c)
                ),
                Mistake("read before it is written", _one_late),
            ),
        ),
        Property(
            "With Δ, B and C the same at all tokens it is a convolution: a diagonal S4.",
            _unselective,
            1e-11,
            (
                Mistake(
                    "the step left out of what is written", lambda x, d, a, b, c: selective_scan(x / d, d, a, b, c)
                ),
                Mistake("read before it is written", _one_late),
            ),
        ),
    ),
)
