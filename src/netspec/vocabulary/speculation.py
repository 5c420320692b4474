"""What is known and can be computed behind some of the document's speculative words."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def prioritized_replay(priorities: jax.Array, *, alpha: float = 0.6, beta: float = 0.4) -> tuple[jax.Array, jax.Array]:
    """Go over remembered experiences again, those more often from which more is to be learned.

    The priority of one is its error, or error and novelty together. What is drawn more often counts less.

    Formula: P(i) = p_i^α / Σ_j p_j^α, w_i = (N P(i))^−β / max_j (N P(j))^−β
    Shapes: priorities p [N], greater than 0; both results [N].
    Parameters: α = 0.6, at 0 all are drawn alike; β = 0.4, which goes to 1 in training: then the weights undo the bias.
    Cost: one pass; a tree of sums draws in log N.
    Training: used there only; the priorities are renewed when an experience was replayed.
    Caveats: what the document calls dreams with a daily rhythm is when to do this, and nothing more is said of it.
    Raises: VocabularyError for priorities that are not positive, exponents below 0.
    Source: Schaul et al. 2016 [arXiv:1511.05952], sec. 3.3 and 3.4; vocabulary line 4830.

    >>> chances, weights = prioritized_replay(jnp.array([1.0, 3.0]), alpha=1.0, beta=1.0)
    >>> chances.tolist(), weights.round(3).tolist()[0], (chances * weights * 4).tolist()
    ([0.25, 0.75], 1.0, [1.0, 1.0])
    """
    expect.axes(priorities=(priorities, "experiences"))
    expect.positive("priorities", priorities)
    expect.not_negative("alpha", alpha)
    expect.not_negative("beta", beta)
    powers = jnp.asarray(priorities) ** alpha
    chances = powers / powers.sum()
    return chances, (chances.min() / chances) ** beta


def widen(
    inner: jax.Array, bias: jax.Array, outer: jax.Array, copies: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Give a network more units without changing what it computes: copy some and share their outgoing weights.

    Formula: with c(j) the unit that j copies, of which there are n_c: W'_{·j} = W_{·c(j)}, b'_j = b_{c(j)},
    V'_{j·} = V_{c(j)·} / n_{c(j)}
    Shapes: inner W [inputs, units], bias b [units], outer V [units, outputs], copies [new] of unit numbers; the results
    have units + new units.
    Parameters: (inputs + 1 + outputs) more a new unit.
    Cost: that of copying.
    Training: goes on afterwards; without some noise or dropout a unit and its copy have the same gradient for ever.
    Caveats: it holds for activations that work on each unit by itself. That a network decides when to grow, and the
    document's 500 to 600 million parameters, are claims of a vendor.
    Raises: VocabularyError for shapes that do not fit, numbers of units that are not there.
    Source: Chen, Goodfellow and Shlens 2016 [arXiv:1511.05641], sec. 2.3; vocabulary line 4839.

    >>> inner, bias, outer = widen(jnp.ones((2, 1)), jnp.zeros(1), jnp.full((1, 1), 6.0), jnp.array([0, 0]))
    >>> inner.shape, outer.tolist()
    ((2, 3), [[2.0], [2.0], [2.0]])
    """
    sizes = expect.axes(
        inner=(inner, "inputs units"), bias=(bias, "units"), outer=(outer, "units outputs"), copies=(copies, "new")
    )
    expect.within("copies", copies, 0, sizes["units"] - 1)
    origin = jnp.concatenate([jnp.arange(sizes["units"]), jnp.asarray(copies)])
    shared = jnp.bincount(origin, length=sizes["units"])
    return (
        jnp.asarray(inner)[:, origin],
        jnp.asarray(bias)[origin],
        (jnp.asarray(outer) / shared[:, None])[origin],
    )


def regrow(
    key: jax.Array, weights: jax.Array, mask: jax.Array, *, count: int, scale: float = 0.01
) -> tuple[jax.Array, jax.Array]:
    """Let a sparse network look for its connections: drop the weakest, grow as many at random places elsewhere.

    Formula: drop the k smallest |w| of the mask; grow k of the places that were empty before; |mask| stays
    Shapes: weights and mask of one shape, any; both results the same.
    Parameters: k = ``count``; in the paper 30 % of the connections an epoch.
    Cost: two sorts of the places.
    Training: between epochs; the dropped weight is zero, a new one is small and random.
    Caveats: the document says only that connections grow "organically". In dense arrays sparsity saves nothing.
    Raises: VocabularyError for shapes that differ, or more to drop than there is or than finds an empty place.
    Source: Mocanu et al. 2018 [arXiv:1707.04780], algorithm 1; vocabulary line 4869.

    >>> weights, mask = jnp.array([5.0, 0.1, 0.0, -3.0]), jnp.array([True, True, False, True])
    >>> new, kept = regrow(jax.random.key(0), weights, mask, count=1)
    >>> kept.tolist(), new.tolist()[:2]
    ([True, False, True, True], [5.0, 0.0])
    """
    expect.axes({f"axis{n}": size for n, size in enumerate(jnp.shape(weights))}, mask=(mask, _axes(weights)))
    weights, mask = jnp.asarray(weights), jnp.asarray(mask, bool)
    expect.whole("count", count, low=0)
    expect.within("mask, connections", mask.sum(), count, mask.size - count)
    places, numbers = jax.random.split(key)
    sizes = jnp.where(mask, jnp.abs(weights), jnp.inf).ravel()
    dropped = jnp.argsort(sizes)[:count]
    chance = jnp.where(mask, jnp.inf, jax.random.uniform(places, mask.shape)).ravel()
    grown = jnp.argsort(chance)[:count]
    kept = mask.ravel().at[dropped].set(False).at[grown].set(True)
    drawn = scale * jax.random.normal(numbers, (count,), weights.dtype)
    new = jnp.where(kept, weights.ravel(), 0).at[grown].set(drawn)
    return new.reshape(mask.shape), kept.reshape(mask.shape)


def _axes(array: jax.Array) -> str:
    return " ".join(f"axis{n}" for n in range(jnp.ndim(array)))


def dynamic_dense(x: jax.Array, base: jax.Array, experts: jax.Array, gate: jax.Array) -> jax.Array:
    """Have each input choose its own weights: a linear map that is a mixture of several, mixed by the input.

    Formula: y = x (W_0 + Σ_k a_k(x) W_k) with a(x) = softmax(x G)
    Shapes: x [batch, inputs], base W_0 [inputs, outputs], experts W_k [experts, inputs, outputs], gate G
    [inputs, experts]; the result [batch, outputs].
    Parameters: (experts + 1) × inputs × outputs + inputs × experts.
    Cost: the weights are never built: (experts + 1) × inputs × outputs multiply-adds an example, and the gate's.
    Training: as in evaluation; at first gates that are nearly uniform help.
    Caveats: "extreme hypernetworks" is the document's word; this is the known and modest form of it.
    Raises: VocabularyError for shapes that do not fit.
    Source: Jia et al. 2016 [arXiv:1605.09673]; Yang et al. 2019 [arXiv:1904.04971]; vocabulary line 4877.

    >>> experts = jnp.stack([jnp.eye(2), -jnp.eye(2)])
    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> dynamic_dense(x, jnp.zeros((2, 2)), experts, 50 * jnp.eye(2)).round(3).tolist()
    [[1.0, 0.0], [0.0, -1.0]]
    """
    expect.axes(
        x=(x, "batch inputs"),
        base=(base, "inputs outputs"),
        experts=(experts, "experts inputs outputs"),
        gate=(gate, "inputs experts"),
    )
    shares = jax.nn.softmax(jnp.asarray(x) @ gate)
    return x @ base + jnp.einsum("be,bi,eio->bo", shares, x, experts)
