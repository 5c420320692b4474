"""What is put around an optimizer: a slow copy, a look at the neighbourhood, a rate for each part of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import optax

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def lookahead(
    optimizer: optax.GradientTransformation, period: int = 5, rate: float = 0.5
) -> optax.GradientTransformation:
    """Let an optimizer run ahead, and follow it half of the way: what it does back and forth cancels out.

    Formula: every k steps of θ_fast: θ_slow ← θ_slow + α (θ_fast − θ_slow), θ_fast ← θ_slow
    Shapes: an `optax.LookaheadParams` of two trees, fast and slow.
    Parameters: none that are trained; a second copy of all parameters.
    Cost: that of the optimizer, and one addition a parameter every k steps.
    Training: gradients are taken at the fast parameters; the slow ones are evaluated.
    Caveats: the memory of the optimizer inside goes on over the return.
    Raises: VocabularyError where the period is below 1 or the rate outside [0, 1].
    Source: Zhang et al. 2019 (arXiv:1907.08610), alg. 1; vocabulary line 3503.

    >>> import jax.numpy as jnp
    >>> optimizer, w = lookahead(optax.sgd(0.1), period=2), optax.LookaheadParams.init_synced(jnp.array(1.0))
    >>> state = optimizer.init(w)
    >>> for _ in range(2):
    ...     steps, state = optimizer.update(jnp.array(1.0), state, w)
    ...     w = optax.apply_updates(w, steps)
    >>> round(float(w.fast), 4), round(float(w.slow), 4)
    (0.9, 0.9)
    """
    expect.whole("period", period)
    expect.probability("rate", rate)
    return optax.lookahead(optimizer, period, rate)


def sam(optimizer: optax.GradientTransformation, radius: float = 0.05) -> optax.GradientTransformationExtraArgs:
    """Look for flat minima: step by the gradient at the worst place nearby, which is lower the flatter it is around.

    Formula: ε = ρ g / ‖g‖, g = ∇L(w); w ← w − α ∇L(w + ε), or whatever the optimizer makes of ∇L(w + ε)
    Shapes: a tree of arrays; the norm is over all of them.
    Parameters: none that are trained; the state of the optimizer.
    Cost: twice: two passes forward and two back.
    Training: `update` takes ∇L(w) and, as `grad_fn`, a function of parameters and a number that gives their gradient.
    Caveats: at a gradient of exactly zero the direction is not defined, and the result is no number.
    Raises: VocabularyError where the radius is negative.
    Source: Foret et al. 2021 (arXiv:2010.01412), alg. 1; vocabulary line 3543.

    >>> import jax.numpy as jnp
    >>> slope = jax.grad(lambda w: w**2)
    >>> optimizer, w = sam(optax.sgd(0.1), radius=0.5), jnp.array(1.0)
    >>> step, _ = optimizer.update(slope(w), optimizer.init(w), w, grad_fn=lambda w, _: slope(w))
    >>> round(float(step), 4)  # by the slope at 1.5
    -0.3
    """
    expect.not_negative("radius", radius)
    uphill = optax.chain(optax.contrib.normalize(), optax.sgd(radius))
    return optax.contrib.sam(optimizer, uphill, opaque_mode=True)


def rates_by_group(
    rates: Mapping[str, float],
    groups: Any,
    optimizer: Callable[[float], optax.GradientTransformation] = optax.sgd,
) -> optax.GradientTransformation:
    """Let parts of a network learn at rates of their own: what should last slowly, what should adapt quickly.

    Formula: θ_k ← θ_k − α_k u_k for the parameters of each group k, u_k the optimizer's direction
    Shapes: a tree of arrays, and `groups` a tree of names that begins as it does.
    Parameters: none that are trained; an optimizer's state for each group.
    Cost: that of the optimizer.
    Training: a group of rate 0 stays as it is, to the bit.
    Caveats: unequal rates make forgetting slower and do not prevent it, and directions that depend on all gradients
        (such as clipping by their norm) see one group at a time.
    Raises: VocabularyError where there is no group, a rate is negative, or a name has no rate.
    Source: Howard and Ruder 2018 (arXiv:1801.06146), sec. 3.2; vocabulary line 4821.

    >>> import jax.numpy as jnp
    >>> network = {"identity": jnp.ones(()), "prediction": jnp.ones(())}
    >>> optimizer = rates_by_group({"slow": 0.0, "fast": 0.5}, {"identity": "slow", "prediction": "fast"})
    >>> steps, _ = optimizer.update(network, optimizer.init(network), network)
    >>> {name: float(step) for name, step in optax.apply_updates(network, steps).items()}
    {'identity': 1.0, 'prediction': 0.5}
    """
    if not rates:
        raise VocabularyError("rates: arrived empty, expected at least one group")
    for name, rate in rates.items():
        expect.not_negative(f"rates[{name!r}]", rate)
    for name in sorted(set(jax.tree.leaves(groups))):
        expect.one_of("groups", name, tuple(rates))
    return optax.partition({name: optimizer(rate) for name, rate in rates.items()}, groups)
