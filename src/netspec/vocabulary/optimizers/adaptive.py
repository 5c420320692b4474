"""Optimizers that give every parameter a step size of its own, from the size of its gradients."""

from __future__ import annotations

import optax

from netspec.vocabulary import expect


def adam(learning_rate: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> optax.GradientTransformation:
    """Take steps of about one size whatever the scale of the gradients, in the direction they had lately.

    Formula: m, v ← averages (β₁, β₂) of g, g²; m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ); θ ← θ − α m̂ / (√v̂ + ε)
    Shapes: a tree of arrays; m and v have the same.
    Parameters: none that are trained; two numbers of state a parameter.
    Cost: a root and a division a parameter.
    Training: m and v start at zero; the division by 1 − βᵗ makes up for that, so the first step is α sign(g).
    Caveats: added to the gradient, weight decay would be divided by √v̂ as well: AdamW keeps it apart.
    Raises: VocabularyError where the rate or ε is not above zero or a β outside [0, 1).
    Source: Kingma and Ba 2015 (arXiv:1412.6980), alg. 1; vocabulary line 2902.

    >>> import jax.numpy as jnp
    >>> optimizer = adam(0.1)
    >>> step, _ = optimizer.update(jnp.array([1000.0, -0.001]), optimizer.init(jnp.zeros(2)))
    >>> [round(float(each), 4) for each in step]
    [-0.1, 0.1]
    """
    _check(learning_rate, eps, b1=b1, b2=b2)
    return optax.adam(learning_rate, b1, b2, eps)


def adagrad(learning_rate: float, eps: float = 1e-10) -> optax.GradientTransformation:
    """Give rare features larger steps: each parameter is slowed down by all the gradients that it has had.

    Formula: G ← G + g², θ ← θ − α g / √(G + ε)
    Shapes: a tree of arrays; G has the same.
    Parameters: none that are trained; one number of state a parameter.
    Cost: a root and a division a parameter.
    Training: G starts at zero and never shrinks: with gradients of one size the steps are α/√t.
    Caveats: so it comes to rest, wherever it is. `optax.adagrad` starts at G = 0.1 unless told otherwise, and its ε
        stands under the root.
    Raises: VocabularyError where the rate or ε is not above zero.
    Source: Duchi et al. 2011; vocabulary line 2940.

    >>> import jax.numpy as jnp
    >>> optimizer = adagrad(1.0)
    >>> state = optimizer.init(jnp.zeros(()))
    >>> for _ in range(4):
    ...     step, state = optimizer.update(jnp.array(7.0), state)
    >>> round(float(step), 4)
    -0.5
    """
    _check(learning_rate, eps)
    return optax.adagrad(learning_rate, initial_accumulator_value=0.0, eps=eps)


def adadelta(learning_rate: float = 1.0, rho: float = 0.9, eps: float = 1e-6) -> optax.GradientTransformation:
    """Do without a rate: steps are measured by earlier steps, which have the unit of the parameters.

    Formula: E[g²] ← ρ E[g²] + (1 − ρ) g²; Δ = √(E[Δ²] + ε) / √(E[g²] + ε) · g; E[Δ²] ← ρ E[Δ²] + (1 − ρ) Δ²;
        θ ← θ − α Δ
    Shapes: a tree of arrays; both averages have the same.
    Parameters: none that are trained; two numbers of state a parameter.
    Cost: two roots and a division a parameter.
    Training: E[Δ²] starts at zero, so ε decides how large the first steps are: about √ε.
    Caveats: a loss times a number gives the same steps, as long as its gradients are large against √ε.
    Raises: VocabularyError where the rate or ε is not above zero or ρ outside [0, 1).
    Source: Zeiler 2012 (arXiv:1212.5701), alg. 1; vocabulary line 2955.

    >>> import jax.numpy as jnp
    >>> optimizer = adadelta()
    >>> step, _ = optimizer.update(jnp.array([2.0, 2000.0]), optimizer.init(jnp.zeros(2)), jnp.zeros(2))
    >>> [round(float(each), 5) for each in step]
    [-0.00316, -0.00316]
    """
    _check(learning_rate, eps, rho=rho)
    return optax.adadelta(learning_rate, rho, eps)


def rmsprop(
    learning_rate: float, decay: float = 0.99, eps: float = 1e-8, momentum: float | None = None
) -> optax.GradientTransformation:
    """Adagrad that forgets: gradients are divided by the size they had lately, so it need not come to rest.

    Formula: v ← β v + (1 − β) g², θ ← θ − α g / (√v + ε)
    Shapes: a tree of arrays; v has the same.
    Parameters: none that are trained; one number of state a parameter, with momentum two.
    Cost: a root and a division a parameter.
    Training: v starts at zero and nothing makes up for it, so the first step is α sign(g)/√(1 − β), ten times α.
    Caveats: `optax.rmsprop` has ε under the root and β = 0.9 unless told otherwise; these are PyTorch's.
    Raises: VocabularyError where the rate or ε is not above zero or β outside [0, 1).
    Source: Tieleman and Hinton 2012, lecture 6e; vocabulary line 2972.

    >>> import jax.numpy as jnp
    >>> optimizer = rmsprop(0.01)
    >>> step, _ = optimizer.update(jnp.array([3.0, -300.0]), optimizer.init(jnp.zeros(2)))
    >>> [round(float(each), 4) for each in step]
    [-0.1, 0.1]
    """
    _check(learning_rate, eps, decay=decay)
    return optax.rmsprop(learning_rate, decay, eps, eps_in_sqrt=False, momentum=momentum)


def sophia(
    learning_rate: float,
    b1: float = 0.965,
    b2: float = 0.99,
    gamma: float = 0.01,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    interval: int = 10,
) -> optax.GradientTransformationExtraArgs:
    """Divide by the curvature instead of the size of gradients, at little cost: it is estimated every tenth step.

    Formula: θ ← θ − α (clip(m̂ / max(γ h, ε), 1) + λ θ); h ← β₂ h + (1 − β₂) u ⊙ (H u) every k steps, u of signs ±1
    Shapes: a tree of arrays; m and h have the same.
    Parameters: none that are trained; two numbers of state a parameter.
    Cost: Adam's, and a product with the Hessian (about two gradients) every k steps.
    Training: `update` needs the loss as `obj_fn`, a function of the parameters alone, for the product.
    Caveats: where the curvature is negative or tiny the step is α sign(m). optax uses h as of the step before, so the
        first step is such a one, and corrects m for its start at zero; the paper does neither.
    Raises: VocabularyError where the rate, γ or ε is not above zero, a β outside [0, 1), or k below 1.
    Source: Liu et al. 2023 (arXiv:2305.14342), alg. 3; vocabulary line 2996.

    >>> import jax, jax.numpy as jnp
    >>> optimizer, w = sophia(0.1, b1=0.0, b2=0.0, gamma=1.0), jnp.array([0.5, -2.0])
    >>> def loss(w):
    ...     return (jnp.array([50.0, 0.5]) * w**2).sum() / 2
    >>> state = optimizer.init(w)
    >>> for _ in range(2):  # by signs alone, then by g / h = w, cut off at 1
    ...     step, state = optimizer.update(jax.grad(loss)(w), state, w, obj_fn=loss)
    ...     w = w + step
    ...     print([round(float(each), 3) for each in step])
    [-0.1, 0.1]
    [-0.04, 0.1]
    """
    _check(learning_rate, eps, b1=b1, b2=b2)
    expect.positive("gamma", gamma)
    expect.not_negative("weight_decay", weight_decay)
    expect.whole("interval", interval)
    return optax.contrib.sophia(
        learning_rate, b1, b2, eps, weight_decay=weight_decay, gamma=gamma, update_interval=interval
    )


def adafactor(
    learning_rate: float | None = None,
    least: int = 128,
    decay: float = 0.8,
    scaled: bool = True,
    clip: float | None = 1.0,
) -> optax.GradientTransformation:
    """Adam's step size from the sums of squared gradients over rows and over columns, which hardly take memory.

    Formula: R, C ← averages of the row and column sums of g², V = R Cᵀ / Σ R, u = g / √V, at most 1 by its root mean
        square; θ ← θ − α RMS(θ) u
    Shapes: a tree of arrays; for a matrix (d, k) the state is (d,) and (k,), for vectors it is that of the array.
    Parameters: none that are trained; d + k numbers of state for a matrix of d·k, where Adam has 2·d·k.
    Cost: as Adam's.
    Training: the averages forget by 1 − t^(−0.8), slower and slower, and so need no correction for their start.
    Caveats: without the division by Σ R it is not V that comes out, but V times the sum of all. Axes below `least` are
        not factored. Without a rate optax scales by RMS(θ) alone (`scaled`); the paper's relative rate is a schedule.
    Raises: VocabularyError where the rate or the clip is not above zero, the decay outside [0, 1), or `least` below 1.
    Source: Shazeer and Stern 2018 (arXiv:1804.04235), alg. 4 and 5; vocabulary line 3419.

    >>> import jax, jax.numpy as jnp
    >>> kernel = jnp.ones((256, 512))
    >>> for optimizer in (adam(0.01), adafactor(0.01)):
    ...     print(sum(leaf.size for leaf in jax.tree.leaves(optimizer.init(kernel))))
    262145
    770
    """
    if learning_rate is not None:
        expect.positive("learning_rate", learning_rate)
    expect.whole("least", least)
    expect.rate("decay", decay)
    if clip is not None:
        expect.positive("clip", clip)
    return optax.adafactor(
        learning_rate,
        min_dim_size_to_factor=least,
        decay_rate=decay,
        multiply_by_parameter_scale=scaled,
        clipping_threshold=clip,
    )


def _check(learning_rate: float, eps: float, **decays: float) -> None:
    expect.positive("learning_rate", learning_rate)
    expect.positive("eps", eps)
    for name, value in decays.items():
        expect.rate(name, value)
