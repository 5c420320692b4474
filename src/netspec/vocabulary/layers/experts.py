"""Mixtures of experts: many feed-forward networks, of which each token passes through a few."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def mixture_of_experts(x: jax.Array, gate: jax.Array, first: jax.Array, second: jax.Array, k: int = 2) -> jax.Array:
    """More parameters for the same cost a token: a gate sends each token to the k experts that suit it best.

    Formula: y = Σ_{e ∈ T} softmax_T(x W_g)ₑ · relu(x Aₑ) Bₑ, T the k experts with the largest (x W_g)ₑ
    Shapes: x (…, channels), gate (channels, experts), first (experts, channels, hidden), second (experts, hidden, out);
        the result is (…, out).
    Parameters: channels · experts + experts · hidden · (channels + out).
    Cost: k · hidden · (channels + out) multiply-adds a token where only chosen experts run; here all of them do.
    Training: with noise on the scores and a loss that balances the load (see load_balancing_loss), so that no expert is
        left without tokens.
    Caveats: the softmax is over the chosen scores alone, so weights sum to one. Which are chosen has no gradient.
    Raises: VocabularyError for more than all experts.
    Source: Shazeer et al. 2017 [1701.06538], eq. 1 and 3 (without noise); vocabulary line 1738.

    >>> first, second = jnp.ones((4, 2, 3)), jnp.arange(4.0)[:, None, None] * jnp.ones((4, 3, 1))
    >>> gate = jnp.array([[0.0, 1.0, 5.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
    >>> mixture_of_experts(jnp.array([[1.0, 0.0]]), gate, first, second, k=1).tolist()  # expert 2 of 0 to 3
    [[6.0]]
    """
    sizes = _experts_agree(x, gate, first, second)
    values, chosen = jax.lax.top_k(jnp.matmul(x, gate), _at_most("k", k, "experts", sizes["experts"]))
    weights = jax.nn.softmax(values, axis=-1)[..., None] * jax.nn.one_hot(chosen, sizes["experts"])
    hidden = jax.nn.relu(jnp.einsum("...c,ech->...eh", x, first))
    return jnp.einsum("...ke,...eh,eho->...o", weights, hidden, second)


def expert_capacity(choices: jax.Array, experts: int, factor: float = 1.25) -> jax.Array:
    """Keep experts from being overrun: each takes so many tokens and no more, the rest pass it by.

    Formula: capacity = ⌈c · k · N / E⌉; of the tokens that choose an expert the first so many are kept
    Shapes: choices (tokens, k), the experts that each token chose, best first; the result has the same shape, true
        where the token is kept. All first choices go before all second ones.
    Parameters: none; factor is c.
    Cost: tokens · k · experts additions.
    Training: factors of 1 to 1.5, more in evaluation.
    Caveats: what is not kept contributes nothing, so that the token leaves by the residual connection alone; and
        whether it is kept depends on the other tokens of the batch.
    Raises: VocabularyError for an expert that does not exist.
    Source: Lepikhin et al. 2020 [2006.16668], algorithm 1; Fedus et al. 2021 [2101.03961], eq. 3; vocabulary line 1791.

    >>> choices = jnp.array([[0], [0], [0], [1]])
    >>> expert_capacity(choices, experts=2, factor=1.0)[:, 0].tolist()
    [True, True, False, True]
    """
    sizes = expect.axes(choices=(choices, "tokens k"))
    expect.positive("factor", factor)
    expect.within("choices", choices, 0, expect.whole("experts", experts) - 1)
    capacity = math.ceil(factor * sizes["k"] * sizes["tokens"] / experts)
    asked = jax.nn.one_hot(jnp.ravel(jnp.transpose(choices)), experts, dtype=jnp.int32)
    place = jnp.sum(jnp.cumsum(asked, axis=0) * asked, axis=1)
    return jnp.transpose(jnp.reshape(place <= capacity, (sizes["k"], sizes["tokens"])))


def load_balancing_loss(gates: jax.Array, choices: jax.Array, weight: float = 0.01) -> jax.Array:
    """Keep a gate from sending everything to a few experts: it costs least where all get the same.

    Formula: α · E · Σₑ fₑ Pₑ, fₑ the share of choices that fall on e, Pₑ the mean of its gate probability
    Shapes: gates (tokens, experts), probabilities that sum to 1; choices (tokens, k) whole numbers; the result is one
        number.
    Parameters: none; weight is α.
    Cost: tokens · experts multiply-adds.
    Training: added to the loss of the task; evaluation has no use for it.
    Caveats: fₑ counts, and has no gradient: only Pₑ learns. It is α where all is even and α · E where one expert has
        everything.
    Raises: VocabularyError for gates outside [0, 1], or an expert that does not exist.
    Source: Fedus et al. 2021 [2101.03961], eq. 4 to 6; vocabulary line 1792.

    >>> gates = jnp.full((4, 2), 0.5)
    >>> even, uneven = jnp.array([[0], [1], [0], [1]]), jnp.zeros((4, 1), int)
    >>> load_balancing_loss(gates, even, 1.0).item(), load_balancing_loss(jnp.eye(2)[:1], uneven[:1], 1.0).item()
    (1.0, 2.0)
    """
    experts = expect.axes(gates=(gates, "tokens experts"), choices=(choices, "tokens k"))["experts"]
    expect.probability("gates", gates)
    expect.within("choices", choices, 0, experts - 1)
    expect.not_negative("weight", weight)
    share = jnp.mean(jax.nn.one_hot(choices, experts), axis=(0, 1))
    return weight * experts * jnp.sum(share * jnp.mean(gates, axis=0))


def expert_choice(x: jax.Array, gate: jax.Array, first: jax.Array, second: jax.Array, capacity: int) -> jax.Array:
    """Balance by construction: experts choose their tokens instead of tokens their experts.

    Formula: S = softmax_e(x W_g); yₜ = Σ over the experts e that have t among the capacity largest of S[:, e] of Sₜₑ ·
        relu(xₜ Aₑ) Bₑ
    Shapes: x (tokens, channels), gate (channels, experts), first (experts, channels, hidden), second (experts, hidden,
        out); the result is (tokens, out).
    Parameters: channels · experts + experts · hidden · (channels + out).
    Cost: experts · capacity · hidden · (channels + out) multiply-adds.
    Training: needs no loss that balances.
    Caveats: a token may be chosen by all experts or by none. A choice looks at all tokens of a batch, later ones
        included, which an autoregressive decoder must not.
    Raises: VocabularyError for a capacity of more than all tokens.
    Source: Zhou et al. 2022 [2202.09368], sec. 3.2; capacity is its k = tokens · c / experts; vocabulary line 1891.

    >>> x, gate = jnp.eye(3), jnp.array([[9.0, 0.0], [0.0, 9.0], [0.0, 0.0]])
    >>> first, second = jnp.ones((2, 3, 1)), jnp.ones((2, 1, 1))
    >>> expert_choice(x, gate, first, second, capacity=1)[:, 0].round(2).tolist()  # nobody chooses the third
    [1.0, 1.0, 0.0]
    """
    sizes = _experts_agree(x, gate, first, second)
    tokens = expect.axes(x=(x, "tokens channels"))["tokens"]
    scores = jax.nn.softmax(jnp.matmul(x, gate), axis=-1)
    weights, chosen = jax.lax.top_k(jnp.transpose(scores), _at_most("capacity", capacity, "tokens", tokens))
    hidden = jax.nn.relu(jnp.einsum("ekc,ech->ekh", jnp.asarray(x)[chosen], first))
    found = weights[..., None] * jnp.einsum("ekh,eho->eko", hidden, second)
    return jnp.zeros((tokens, sizes["out"]), found.dtype).at[chosen].add(found)


def _experts_agree(x: jax.Array, gate: jax.Array, first: jax.Array, second: jax.Array) -> expect.Sizes:
    return expect.axes(
        x=(x, "... channels"),
        gate=(gate, "channels experts"),
        first=(first, "experts channels hidden"),
        second=(second, "experts hidden out"),
    )


def _at_most(name: str, value: int, limit: str, size: int) -> int:
    if expect.whole(name, value) > size:
        raise VocabularyError(f"{name}: arrived {value}, expected at most the number of {limit}, {size}")
    return value
