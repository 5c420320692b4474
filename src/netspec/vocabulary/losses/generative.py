"""Losses on distributions and pictures: how far apart two of them are, and two networks against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from netspec.errors import VocabularyError
from netspec.vocabulary import expect

#: Rounds of Sinkhorn's algorithm; each brings the masses closer to what they should be by a constant factor.
ROUNDS = 500


class Adversaries(NamedTuple):
    """The losses of the two networks of a GAN, one number each."""

    discriminator: jax.Array
    generator: jax.Array


def kl_divergence(log_q: jax.Array, p: jax.Array) -> jax.Array:
    """Say how much is lost by taking chances q for what really happens with chances p.

    Formula: KL(p ‖ q) = Σ_c p_c (log p_c − log q_c)
    Shapes: log_q, the logarithms of q, and p (…, classes); the divergences are (…) in nats.
    Parameters: none.
    Cost: one logarithm an element.
    Training: in a VAE it pulls the code of each example towards the prior, where a closed form of it is used.
    Caveats: it is not symmetric, and infinite where q is 0 and p is not. The first argument is a logarithm, as in
        PyTorch, whose `KLDivLoss()` divides by the number of all elements unless told `reduction="batchmean"`: with
        classes on the last axis that is too small by the number of classes.
    Raises: VocabularyError where shapes disagree, p is outside [0, 1] or a logarithm is above zero.
    Source: Kullback and Leibler 1951; vocabulary line 3746.

    >>> p, q = jnp.array([0.5, 0.5]), jnp.array([0.25, 0.75])
    >>> [round(float(kl_divergence(jnp.log(model), truth)), 4) for model, truth in ((q, p), (p, q))]
    [0.1438, 0.1308]
    """
    expect.axes(log_q=(log_q, "... classes"))
    expect.axes(p=(p, " ".join(map(str, jnp.shape(log_q)))))
    expect.within("log_q", log_q, high=1e-6)
    expect.probability("p", p)
    return optax.losses.kl_divergence(log_q, p)


def wasserstein(x: jax.Array, y: jax.Array, order: float = 1.0, epsilon: float | None = None) -> jax.Array:
    """Compare two heaps of points by how far their mass has to be carried, which says something where they are apart.

    Formula: W_p = (min_P Σ_ij P_ij ‖x_i − y_j‖^p)^{1/p}, P ≥ 0 with row sums 1/n and column sums 1/m;
        on a line, n = m: (mean |sort(x) − sort(y)|^p)^{1/p}
    Shapes: x (n,) and y (m,) on a line, or (n, width) and (m, width); one number, in their unit.
    Parameters: none; order p is at least 1. With ε the minimum is sought by Sinkhorn's algorithm, in any dimension,
        with Σ P log P held down by ε.
    Cost: n log n on a line; with ε 500 rounds of n·m.
    Training: a WGAN takes the dual form instead, sup E f(x) − E f(y) over functions f of slope at most 1, which a
        network approximates.
    Caveats: without ε it takes points on a line, equally many on both sides. With ε the cost is too large by at most
        ε log(n m).
    Raises: VocabularyError where shapes disagree, p is below 1, ε is not above zero, or ε is needed and missing.
    Source: Villani 2009, def. 6.1; Cuturi 2013 (arXiv:1306.0895); vocabulary line 3753.

    >>> x = jnp.array([0.0, 1.0, 2.0])
    >>> wasserstein(x, x[::-1] + 5).item(), round(wasserstein(x, x + 5, epsilon=0.01).item(), 3)
    (5.0, 5.0)
    """
    expect.within("order", order, 1.0)
    if epsilon is None:
        sizes = expect.axes(x=(x, "n"))
        if jnp.shape(y) != (sizes["n"],):
            raise VocabularyError(f"y: arrived with shape {jnp.shape(y)}, expected (n {sizes['n']},), or set epsilon")
        return jnp.mean(jnp.abs(jnp.sort(x) - jnp.sort(y)) ** order) ** (1 / order)
    x, y = (points[:, None] if jnp.ndim(points) == 1 else points for points in (x, y))
    expect.axes(x=(x, "n width"), y=(y, "m width"))
    cost = jnp.linalg.norm(x[:, None] - y[None], axis=-1) ** order
    return (sinkhorn(cost, epsilon) * cost).sum() ** (1 / order)


def sinkhorn(cost: jax.Array, epsilon: float, rounds: int = ROUNDS) -> jax.Array:
    """The plan ``(n, m)`` that carries n equal masses to m equal masses at the least ``cost`` ``(n, m)``, smoothed.

    It minimises Σ P C + ε Σ P log P. The solution is exp((f_i + g_j − C_ij)/ε) with f and g such that the sums are
    right, which each round makes them be in turn: here in logarithms, since the exponentials vanish for small ε.
    Raises :class:`VocabularyError` unless ``epsilon`` is above zero. Source: Cuturi 2013 (arXiv:1306.0895), alg. 1.
    """
    sizes = expect.axes(cost=(cost, "n m"))
    expect.positive("epsilon", epsilon)
    expect.whole("rounds", rounds)
    kernel, n, m = -cost / epsilon, sizes["n"], sizes["m"]

    def once(_: int, columns: jax.Array) -> jax.Array:
        rows = -jnp.log(n) - jax.nn.logsumexp(kernel + columns, 1, keepdims=True)
        return -jnp.log(m) - jax.nn.logsumexp(kernel + rows, 0, keepdims=True)

    columns = jax.lax.fori_loop(0, rounds, once, jnp.zeros_like(kernel[:1]))
    rows = -jnp.log(n) - jax.nn.logsumexp(kernel + columns, 1, keepdims=True)
    return jnp.exp(kernel + rows + columns)


def perceptual_loss(
    features: Callable[[jax.Array], Sequence[jax.Array]], image: jax.Array, target: jax.Array
) -> jax.Array:
    """Compare pictures as a network sees them: a shift by a pixel is a small difference there.

    Formula: L = Σ_l ‖φ_l(x) − φ_l(y)‖² / N_l
    Shapes: image x and target y (batch, …); features φ gives an array (batch, …) for each chosen layer l, with N_l
        numbers in all; the loss is one number.
    Parameters: those of the network φ, which stay as they are.
    Cost: two passes through φ, and one back.
    Training: φ is a network trained on something else, in the paper VGG-16; only what made x learns.
    Caveats: what φ does not see is not compared. Two pictures with the same features are alike to it.
    Raises: VocabularyError where shapes disagree or φ gives no layer.
    Source: Johnson et al. 2016 (arXiv:1603.08155), eq. 2; vocabulary line 3760.

    >>> def brightness(x):
    ...     return [x.mean((1, 2))]
    >>> stripes = jnp.tile(jnp.array([0.0, 1.0]), (1, 4, 2))
    >>> perceptual_loss(brightness, stripes, jnp.roll(stripes, 1, 2)).item()
    0.0
    """
    expect.axes(image=(image, "..."))
    expect.axes(target=(target, " ".join(map(str, jnp.shape(image)))))
    seen, wanted = features(image), features(target)
    if not len(seen):
        raise VocabularyError("features: arrived no layer, expected at least one array")
    return sum((jnp.square(one - other).mean() for one, other in zip(seen, wanted, strict=True)), jnp.zeros(()))


def adversarial_loss(real: jax.Array, fake: jax.Array) -> Adversaries:
    """Have a generator learn what looks real from a discriminator that learns to tell its pictures from real ones.

    Formula: L_D = −mean log σ(d_real) − mean log(1 − σ(d_fake)), L_G = −mean log σ(d_fake)
    Shapes: real and fake, the discriminator's scores of real and of generated examples, of any shape; two numbers in
        nats.
    Parameters: none.
    Cost: one logarithm a score.
    Training: in turn: the discriminator with the generator held still, the generator with the discriminator held still.
    Caveats: the generator does not ascend the discriminator's loss, log(1 − σ(d_fake)), whose slope vanishes just where
        it fails. At the best discriminator L_D is 2 log 2 − 2 JSD(real, generated): 2 log 2 where both are alike.
    Raises: VocabularyError where nothing arrived.
    Source: Goodfellow et al. 2014 (arXiv:1406.2661), eq. 1 and sec. 3; vocabulary line 3767.

    >>> undecided = adversarial_loss(jnp.zeros(4), jnp.zeros(4))
    >>> [round(float(loss) / jnp.log(2).item(), 4) for loss in undecided]
    [2.0, 1.0]
    """
    expect.axes(real=(real, "..."), fake=(fake, "..."))
    return Adversaries(
        jax.nn.softplus(-real).mean() + jax.nn.softplus(fake).mean(),
        jax.nn.softplus(-fake).mean(),
    )
