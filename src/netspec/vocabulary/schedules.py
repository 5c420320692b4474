"""Schedules: the learning rate as a function of the step. Warm-up and half a cosine are the trainer's."""

from __future__ import annotations

import optax

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def lr_scaling(rate: float, batch: int, base_batch: int = 256, rule: str = "linear") -> float:
    """Say which rate another batch size needs, so that what was found for one serves for others.

    Formula: α = α₀ B/B₀ for SGD ("linear"), α = α₀ √(B/B₀) for Adam and LAMB ("root")
    Shapes: one number of the unit of the rate.
    Parameters: none; base_batch B₀ is what α₀ was found for.
    Cost: nothing.
    Training: a batch k times as large with k times the rate goes as far as k steps, as long as gradients change little
        meanwhile; so it begins with a warm-up. Steps of Adam have about one size, and noise then calls for the root.
    Caveats: it ends where the rate is so large that training diverges, which is long before the batch is the data set.
    Raises: VocabularyError where the rate is not above zero, a batch below 1, or the rule unknown.
    Source: Goyal et al. 2017 (arXiv:1706.02677), sec. 2.1; You et al. 2020 (arXiv:1904.00962); vocabulary line 3181.

    >>> round(lr_scaling(0.002, 32768), 4), round(lr_scaling(0.002, 32768, rule="root"), 4)
    (0.256, 0.0226)
    """
    expect.positive("rate", rate)
    expect.whole("batch", batch)
    expect.whole("base_batch", base_batch)
    expect.one_of("rule", rule, ("linear", "root"))
    return rate * (batch / base_batch) ** (1.0 if rule == "linear" else 0.5)


def step_lr(rate: float, every: int = 30, factor: float = 0.1) -> optax.Schedule:
    """Lower the rate at once, after so many epochs, when what it can find is found.

    Formula: α(t) = α₀ γ^⌊t/s⌋
    Shapes: a function of a whole number, in the unit that `every` counts.
    Parameters: none.
    Cost: one power a step.
    Training: with s = 30 epochs and γ = 0.1 it is what ResNets were first trained with, over 90 epochs.
    Caveats: s counts epochs or steps, as t does. After many falls the rate is lost in rounding.
    Raises: VocabularyError where the rate is not above zero, s below 1, or γ outside [0, 1].
    Source: He et al. 2016 (arXiv:1512.03385), sec. 3.4; vocabulary line 3614.

    >>> schedule = step_lr(0.1)
    >>> [round(float(schedule(epoch)), 6) for epoch in (0, 29, 30, 60)]
    [0.1, 0.1, 0.01, 0.001]
    """
    expect.positive("rate", rate)
    expect.whole("every", every)
    expect.probability("factor", factor)
    return optax.exponential_decay(rate, every, factor, staircase=True)


def cosine_lr(rate: float, steps: int = 100, floor: float = 0.0) -> optax.Schedule:
    """Lower the rate slowly at first, quickly half-way, and slowly again when little is left to find.

    Formula: α(t) = α_min + (α₀ − α_min) (1 + cos(π t/T)) / 2, and α_min from T on
    Shapes: a function of a step from 0.
    Parameters: none; steps is T, floor α_min.
    Cost: one cosine a step.
    Training: it needs to be known beforehand how long training is.
    Caveats: the paper restarts it again and again; most use one fall.
    Raises: VocabularyError where the rate is not above zero, T below 1, or the floor outside [0, α₀].
    Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), eq. 5; vocabulary line 3620.

    >>> schedule = cosine_lr(0.1, steps=100)
    >>> [round(float(schedule(step)), 4) for step in (0, 25, 50, 100, 150)]
    [0.1, 0.0854, 0.05, 0.0, 0.0]
    """
    expect.positive("rate", rate)
    expect.whole("steps", steps)
    expect.within("floor", floor, 0.0, rate)
    return optax.cosine_decay_schedule(rate, steps, floor / rate)


def onecycle_lr(rate: float, steps: int, rising: float = 0.3, start: float = 25.0, end: float = 1e4) -> optax.Schedule:
    """Train fast with one rise to a rate that would be too large at first, and one fall to almost none.

    Formula: half a cosine from α/25 up to α over the first 30 %, and another down to α/(25·10⁴) over the rest
    Shapes: a function of a step from 0.
    Parameters: none; the divisors are start and end.
    Cost: one cosine a step.
    Training: the original lowers momentum while the rate rises and raises it while it falls, which is not in here.
    Caveats: `end` divides the first rate and not the highest. The document's peak is at step 0.3·T; PyTorch counts
        0.3·T − 1.
    Raises: VocabularyError where the rate is not above zero, fewer than 2 steps, the rising part outside (0, 1), or a
        divisor below 1.
    Source: Smith and Topin 2018 (arXiv:1708.07120), sec. 3; vocabulary line 3626.

    >>> schedule = onecycle_lr(0.1, 10_000)
    >>> [f"{float(schedule(step)):.6f}" for step in (0, 1500, 3000, 6500, 10_000)]
    ['0.004000', '0.052000', '0.100000', '0.050000', '0.000000']
    """
    expect.positive("rate", rate)
    expect.whole("steps", steps, 2)
    expect.rate("rising", rising)
    if not 1 <= int(rising * steps) < steps:
        raise VocabularyError(f"rising: arrived {rising} of {steps} steps, expected a step or more to rise and to fall")
    expect.within("start", start, 1.0)
    expect.within("end", end, 1.0)
    return optax.cosine_onecycle_schedule(steps, rate, rising, start, end)


def reduce_on_plateau(
    factor: float = 0.1, patience: int = 10, tolerance: float = 1e-4
) -> optax.GradientTransformationExtraArgs:
    """Lower the rate when the loss has stopped falling, without knowing beforehand when that is.

    Formula: after p evaluations in a row that are not below (1 − r) times the best, scale ← γ · scale
    Shapes: a transformation of steps; `update` takes the loss as `value`.
    Parameters: none; three numbers of state.
    Cost: one multiplication a parameter.
    Training: put behind the optimizer, as `optax.chain(optimizer, reduce_on_plateau())`; `value` is a validation loss,
        or a mean of training losses.
    Caveats: PyTorch's p is one less: it lowers the rate after more than p such evaluations.
    Raises: VocabularyError where the factor is outside (0, 1), the patience below 1, or the tolerance outside (0, 1].
    Source: the rule of He et al. 2016 (arXiv:1512.03385), sec. 3.4, by itself; vocabulary line 3636.

    >>> import jax.numpy as jnp
    >>> plateau = reduce_on_plateau(patience=2)
    >>> state = plateau.init(jnp.zeros(()))
    >>> for loss in (1.0, 0.5, 0.5, 0.5, 0.4):
    ...     step, state = plateau.update(jnp.ones(()), state, value=jnp.float32(loss))
    ...     print(round(float(step), 4))
    1.0
    1.0
    1.0
    0.1
    0.1
    """
    expect.positive("factor", factor)
    expect.rate("factor", factor)
    expect.whole("patience", patience)
    expect.positive("tolerance", tolerance)
    expect.probability("tolerance", tolerance)
    return optax.contrib.reduce_on_plateau(factor, patience, rtol=tolerance)


def warmup_lr(rate: float, warmup: int, steps: int) -> optax.Schedule:
    """Begin with small steps while averages and normalisation know nothing yet, then lower the rate evenly to nothing.

    Formula: α(t) = α t/W for t < W, then α (T − t)/(T − W)
    Shapes: a function of a step from 0.
    Parameters: none; warmup is W, steps T.
    Cost: one division a step.
    Training: W is a tenth of T or less, or a few thousand steps.
    Caveats: at t = 0 the rate is zero, so the first step changes nothing.
    Raises: VocabularyError where the rate is not above zero, W below 1, or T not above W.
    Source: Goyal et al. 2017 (arXiv:1706.02677), sec. 2.2; Devlin et al. 2019, appendix A.2; vocabulary line 3644.

    >>> schedule = warmup_lr(1.0, warmup=10_000, steps=100_000)
    >>> [round(float(schedule(step)), 4) for step in (0, 5_000, 10_000, 55_000, 100_000)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    expect.positive("rate", rate)
    expect.whole("warmup", warmup)
    expect.whole("steps", steps, warmup + 1)
    rise, fall = optax.linear_schedule(0.0, rate, warmup), optax.linear_schedule(rate, 0.0, steps - warmup)
    return optax.join_schedules([rise, fall], [warmup])
