"""Regularisation: noise, penalties and limits that keep a network from fitting what is particular to its examples.

What drops something draws with ``key`` in training; with ``deterministic``, in evaluation, it draws nothing.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from netspec.errors import VocabularyError
from netspec.vocabulary import expect

#: What SELU tends to far below zero: −λα.
_SATURATED = -1.0507009873554805 * 1.6732632423543772


def embedding_dropout(
    table: jax.Array, rate: float, key: jax.Array | None = None, *, deterministic: bool = False
) -> jax.Array:
    """Hide whole tokens of the vocabulary for a step, so that no word is relied on by itself.

    Formula: Ẽ_v = E_v·m_v / (1 − p), m_v ~ Bernoulli(1 − p) for each token v
    Shapes: table (tokens, width); the result has the same, with rows of zeros.
    Parameters: none.
    Cost: one random number a token, one product an element of the table.
    Training: rows are dropped with key; in evaluation the table stays as it is.
    Caveats: all occurrences of a token in a batch are hidden together. Dropout of what was looked up is not the same.
    Raises: VocabularyError for a rate outside of [0, 1), and no key in training.
    Source: Gal and Ghahramani 2016, arXiv:1512.05287, sec. 4.2; vocabulary line 1730.

    >>> rows = embedding_dropout(jax.numpy.ones((1000, 2)), 0.5, jax.random.key(0))
    >>> sorted(set(map(tuple, rows.tolist())))
    [(0.0, 0.0), (2.0, 2.0)]
    """
    expect.axes(table=(table, "tokens width"))
    return _dropped(table, rate, key, deterministic, shared=(1,))


def attention_dropout(
    logits: jax.Array, values: jax.Array, rate: float, key: jax.Array | None = None, *, deterministic: bool = False
) -> jax.Array:
    """Hide single tokens from single queries, so that attention is not fixed on few of them.

    Formula: y = (A ⊙ m / (1 − p))·V, A = softmax(logits), m ~ Bernoulli(1 − p)
    Shapes: logits (..., queries, keys); values (..., keys, channels); the result (..., queries, channels).
    Parameters: none.
    Cost: one random number a pair of tokens, besides the attention.
    Training: weights are dropped with key; in evaluation none.
    Caveats: it acts on the weights, after the softmax. So rows sum to 1 in expectation only; where a fused attention
    is computed in parts, the same numbers have to be drawn again on the way back.
    Raises: VocabularyError for shapes that do not fit, a rate outside of [0, 1), and no key in training.
    Source: Vaswani et al. 2017, arXiv:1706.03762, as implemented by its authors; vocabulary line 2176.

    >>> logits, values = jax.numpy.zeros((1, 4)), jax.numpy.eye(4)
    >>> attention_dropout(logits, values, 0.5, deterministic=True).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    >>> set(attention_dropout(logits, values, 0.5, jax.random.key(0))[0].tolist()) <= {0.0, 0.5}
    True
    """
    sizes = expect.axes(logits=(logits, "... queries keys"))
    expect.axes({"keys": sizes["keys"]}, values=(values, "... keys channels"))
    return _dropped(jax.nn.softmax(logits, axis=-1), rate, key, deterministic) @ values


def dropout(x: jax.Array, rate: float, key: jax.Array | None = None, *, deterministic: bool = False) -> jax.Array:
    """Leave features out at random, so that none is relied on together with particular others.

    Formula: y = x ⊙ m / (1 − p), m ~ Bernoulli(1 − p)
    Shapes: x of any shape; the result has the same.
    Parameters: none; the rate p is the probability of dropping, 0.5 in the paper's hidden layers.
    Cost: one random number an element.
    Training: elements are dropped with key and the rest scaled up; in evaluation nothing happens.
    Caveats: the paper scales down in evaluation instead, which is the same in expectation. After a batch norm's
    statistics it changes the variance they were taken of.
    Raises: VocabularyError for a rate outside of [0, 1), and no key in training.
    Source: Srivastava et al. 2014, J. Mach. Learn. Res. 15, sec. 4 and 10; vocabulary line 3798.

    >>> y = dropout(jax.numpy.ones(1000), 0.2, jax.random.key(0))
    >>> sorted(set(y.tolist())), bool(abs(y.mean() - 1) < 0.1)
    ([0.0, 1.25], True)
    """
    expect.axes(x=(x, "..."))
    return _dropped(x, rate, key, deterministic)


def spatial_dropout(
    x: jax.Array, rate: float, key: jax.Array | None = None, *, deterministic: bool = False
) -> jax.Array:
    """Leave whole feature maps out, since a position that is dropped alone can be read from its neighbours.

    Formula: y_bc = x_bc·m_bc / (1 − p), m_bc ~ Bernoulli(1 − p) for each picture b and channel c
    Shapes: x (batch, ..., channels); the result has the same.
    Parameters: none.
    Cost: one random number a map.
    Training: maps are dropped with key; in evaluation none.
    Caveats: each picture of the batch has its own.
    Raises: VocabularyError for x without positions, a rate outside of [0, 1), and no key in training.
    Source: Tompson et al. 2015, arXiv:1411.4280, sec. 3.2; vocabulary line 3805.

    >>> y = spatial_dropout(jax.numpy.ones((1, 2, 2, 3)), 0.5, jax.random.key(1))
    >>> all(y[..., c].min() == y[..., c].max() for c in range(3))
    True
    """
    expect.axes(x=(x, "... batch tokens channels"))
    return _dropped(x, rate, key, deterministic, shared=tuple(range(1, jnp.ndim(x) - 1)))


def alpha_dropout(x: jax.Array, rate: float, key: jax.Array | None = None, *, deterministic: bool = False) -> jax.Array:
    """Drop units of a SELU network and keep the mean and the variance that it lives on.

    Formula: y = a·(x ⊙ m + α'·(1 − m)) + b, m ~ Bernoulli(q), a = (q + α'²·q·(1 − q))^(−½), b = −a·(1 − q)·α'
    Shapes: x of any shape; the result has the same.
    Parameters: none; α' = −λα = −1.7581, where SELU saturates; q = 1 − p is the chance to be kept.
    Cost: one random number and 4 operations an element.
    Training: units are set to α' with key and all are scaled and shifted; in evaluation nothing happens.
    Caveats: keeps mean 0 and variance 1; other means and variances it changes.
    Raises: VocabularyError for a rate outside of [0, 1), and no key in training.
    Source: Klambauer et al. 2017, arXiv:1706.02515, "New dropout technique"; vocabulary line 3812.

    >>> y = alpha_dropout(jax.random.normal(jax.random.key(0), (10_000,)), 0.3, jax.random.key(1))
    >>> bool(abs(y.mean()) < 0.05), bool(abs(y.var() - 1) < 0.05)
    (True, True)
    """
    expect.axes(x=(x, "..."))
    keep = _kept(rate, key, deterministic, jnp.shape(x))
    if keep is None:
        return x
    share = 1 - rate
    scale = (share + _SATURATED**2 * share * rate) ** -0.5
    return scale * jnp.where(keep, x, _SATURATED) - scale * rate * _SATURATED


def dropconnect(
    x: jax.Array, kernel: jax.Array, rate: float, key: jax.Array | None = None, *, deterministic: bool = False
) -> jax.Array:
    """Leave single weights of a dense layer out, each example with others: a finer noise than dropping units.

    Formula: y = x·(W ⊙ M), M ~ Bernoulli(1 − p) for each example; in evaluation y = (1 − p)·xW
    Shapes: x (..., in); kernel (in, out); the result (..., out).
    Parameters: those of the dense layer.
    Cost: in·out random numbers and as much memory for each example.
    Training: weights are dropped with key; in evaluation all of them count 1 − p.
    Caveats: nothing is scaled up in training, other than in dropout. The paper's evaluation draws pre-activations from
    a normal of the same mean, and averages what the activation makes of them.
    Raises: VocabularyError for shapes that do not fit, a rate outside of [0, 1), and no key in training.
    Source: Wan et al. 2013, "Regularization of neural networks using DropConnect"; vocabulary line 3819.

    >>> dropconnect(jax.numpy.ones((1, 4)), jax.numpy.ones((4, 1)), 0.25, deterministic=True).tolist()
    [[3.0]]
    """
    sizes = expect.axes(kernel=(kernel, "in out"))
    expect.axes(sizes, x=(x, "... in"))
    keep = _kept(rate, key, deterministic, (*jnp.shape(x)[:-1], *jnp.shape(kernel)))
    if keep is None:
        return (1 - rate) * jnp.matmul(x, kernel)
    return jnp.einsum("...i,...io->...o", x, jnp.where(keep, kernel, 0))


def dropblock(
    x: jax.Array, rate: float, block: int, key: jax.Array | None = None, *, deterministic: bool = False
) -> jax.Array:
    """Cut squares out of feature maps, so that what a neighbour shows as well is gone too.

    Formula: γ = p/b² · H·W / ((H − b + 1)·(W − b + 1)); squares of b × b where Bernoulli(γ) says so are zero, the rest
    is scaled by H·W / what is left
    Shapes: x (batch, height, width, channels); the result has the same.
    Parameters: none; the rate p is about the share that is dropped, b the side of a block.
    Cost: one random number a place for a block, and a max pool of b × b.
    Training: squares are dropped with key, in each map others; in evaluation nothing happens.
    Caveats: squares overlap, so a little less than p is dropped. b = 1 is dropout, b = the whole side drops maps. The
    paper lets p grow from 0 over the training.
    Raises: VocabularyError for a block that is larger than the map, a rate outside of [0, 1), and no key in training.
    Source: Ghiasi et al. 2018, arXiv:1810.12890, eq. 1 and alg. 1; vocabulary line 3832.

    >>> y = dropblock(jax.numpy.ones((1, 6, 6, 1)), 0.3, 3, jax.random.key(3))
    >>> bool((y == 0).any()), round(float(y.mean()), 4)
    (True, 1.0)
    """
    sizes = expect.axes(x=(x, "batch height width channels"))
    height, width = sizes["height"], sizes["width"]
    if expect.whole("block", block) > min(height, width):
        raise VocabularyError(f"block: arrived {block}, expected at most the smaller side of {jnp.shape(x)}")
    expect.rate("rate", rate)
    rows, columns = height - block + 1, width - block + 1
    seeds = min(rate * height * width / (block**2 * rows * columns), 1.0)
    shape = (sizes["batch"], rows, columns, sizes["channels"])
    free = _kept(rate, key, deterministic, shape, 1 - seeds)
    if free is None:
        return x
    border = (block - 1, block - 1)
    cut = nnx.max_pool((~free).astype(jnp.float32), (block, block), padding=(border, border))
    left = cut == 0
    return jnp.where(left, x, 0) * (left.size / jnp.maximum(left.sum(), 1)).astype(jnp.result_type(x))


def weight_decay(strength: float, mask: Any = None) -> optax.GradientTransformation:
    """Pull weights towards zero by a share of themselves a step, so that only what lowers the loss stays large.

    Formula: θ ← θ − η·(u + λ·θ), u the update so far
    Shapes: a transformation of trees of gradients, as optax has them; updates have the shapes of the parameters.
    Parameters: none; the strength λ, and a mask that says of which parameters (biases and norms are left out).
    Cost: one multiply-add a parameter.
    Training: in training only.
    Caveats: before plain SGD it is the gradient of λ/2·‖θ‖² (L2). Behind Adam it is not: there it is decoupled, which
    is AdamW, while the gradient of the penalty would be divided by Adam's root as all gradients are.
    Raises: VocabularyError for a negative strength.
    Source: Krogh and Hertz 1991; Loshchilov and Hutter 2019, arXiv:1711.05101, alg. 1 and 2; vocabulary line 3860.

    >>> decay = weight_decay(0.1)
    >>> theta = jax.numpy.array([1.0, -2.0])
    >>> [round(float(u), 4) for u in decay.update(jax.numpy.zeros(2), decay.init(theta), theta)[0]]
    [0.1, -0.2]
    """
    expect.not_negative("strength", strength)
    return optax.add_decayed_weights(strength, mask)


def l1_penalty(weights: Any, strength: float) -> jax.Array:
    """Add the sum of absolute weights to the loss: its minimum has many weights at exactly zero.

    Formula: λ·Σ|w|
    Shapes: weights a tree of arrays of any shape; the result ().
    Parameters: none; the strength λ.
    Cost: one addition a weight.
    Training: part of the loss in training only.
    Caveats: steps along its gradient ±λ cross zero and come back; zeros are reached with soft_threshold, the step that
    minimises the penalty exactly.
    Raises: VocabularyError for a negative strength and no weights.
    Source: Tibshirani 1996, J. R. Stat. Soc. B 58, eq. 1; vocabulary line 3865.

    >>> round(float(l1_penalty({"w": jax.numpy.array([1.0, -2.0])}, 0.1)), 4)
    0.3
    >>> soft_threshold(jax.numpy.array([1.0, 0.25, -2.0]), 0.5).tolist()
    [0.5, 0.0, -1.5]
    """
    expect.not_negative("strength", strength)
    return strength * sum(jnp.abs(leaf).sum() for leaf in _leaves("weights", weights))


def soft_threshold(weights: jax.Array, step: float) -> jax.Array:
    """The v that minimises ½(v − w)² + step·|v|: towards zero by ``step``, and zero where that would cross it.

    Raises :class:`VocabularyError` for a negative step. Source: Donoho 1995, IEEE Trans. Inf. Theory 41(3).
    """
    expect.not_negative("step", step)
    return jnp.sign(weights) * jnp.maximum(jnp.abs(weights) - step, 0)


def clip_by_global_norm(gradients: Any, max_norm: float) -> Any:
    """Bound the length of a step without changing its direction: one steep place then cannot throw the weights away.

    Formula: g ← g·min(1, c / ‖g‖), ‖g‖ over all tensors together
    Shapes: gradients a tree of arrays of any shape; the result has the same.
    Parameters: none; the bound c, 1 in most recipes.
    Cost: two operations a parameter.
    Training: in training only.
    Caveats: clipping each number, or each tensor by itself, turns the direction. With accumulated or sharded gradients
    the norm is that of their mean, so it comes last.
    Raises: VocabularyError for a bound that is not positive and no gradients.
    Source: Pascanu et al. 2013, arXiv:1211.5063, alg. 1; vocabulary line 3872.

    >>> clip_by_global_norm({"w": jax.numpy.array([3.0, 0.0]), "b": jax.numpy.array(4.0)}, 10.0)["b"].item()
    4.0
    >>> [round(float(g), 4) for g in clip_by_global_norm([jax.numpy.array(3.0), jax.numpy.array(4.0)], 1.0)]
    [0.6, 0.8]
    """
    expect.positive("max_norm", max_norm)
    _leaves("gradients", gradients)
    clip = optax.clip_by_global_norm(max_norm)
    return clip.update(gradients, clip.init(gradients))[0]


def _key(rate: float, key: jax.Array | None, deterministic: bool) -> jax.Array | None:
    """The key to draw with, or none where nothing is dropped."""
    expect.rate("rate", rate)
    if not deterministic and key is None:
        raise VocabularyError("key: arrived None, expected a key, since it is drawn with in training")
    return None if deterministic else key


def _kept(
    rate: float, key: jax.Array | None, deterministic: bool, shape: tuple[int, ...], share: float | None = None
) -> jax.Array | None:
    """What is kept, with probability ``share`` or else 1 − ``rate``; none where nothing is dropped."""
    found = _key(rate, key, deterministic)
    return None if found is None else jax.random.bernoulli(found, 1 - rate if share is None else share, shape)


def _dropped(
    x: jax.Array, rate: float, key: jax.Array | None, deterministic: bool, shared: tuple[int, ...] = ()
) -> jax.Array:
    """flax's dropout, with one draw along the ``shared`` axes."""
    found = _key(rate, key, deterministic)
    layer = nnx.Dropout(rate, broadcast_dims=shared, deterministic=deterministic)
    return layer(jnp.asarray(x), rngs=found)


def _leaves(name: str, tree: Any) -> list[jax.Array]:
    leaves = jax.tree.leaves(tree)
    if not leaves:
        raise VocabularyError(f"{name}: arrived empty, expected at least one array")
    return leaves
