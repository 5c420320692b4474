"""Memories that are read by what they hold: retrieval by energy, by attention, and by documents."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def hopfield_retrieve(patterns: jax.Array, state: jax.Array, beta: float | jax.Array = 1.0) -> jax.Array:
    """Complete a damaged pattern from stored ones; and see that attention does just this.

    A state moves to a mean of the patterns, each weighted by how much it is like the state. An energy falls with every
    move (:func:`hopfield_energy`). With a large beta one move finds the stored pattern that is nearest, and the number
    of patterns that can be told apart grows exponentially with their size.

    Formula: ξ' = X softmax(β Xᵀ ξ); E(ξ) = −lse(β, Xᵀ ξ) + ½ ξᵀ ξ, lse(β, z) = β⁻¹ log Σ exp(β z)
    Shapes: patterns (patterns, features), the rows of Xᵀ; state (..., features); the result as state.
    Parameters: none, or as in attention the maps that make states and patterns.
    Cost: 2 · patterns · features multiply-adds a state.
    Training: as in evaluation; storing is keeping.
    Caveats: a small beta leads to the mean of many patterns. With β = 1/√features it is one head of attention.
    Raises: VocabularyError for shapes that do not fit and a beta not above 0.
    Source: Ramsauer et al. 2021 [arXiv:2008.02217], eqs. 2 and 3; vocabulary line 4903.

    >>> stored = jax.numpy.array([[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0]])
    >>> hopfield_retrieve(stored, jax.numpy.array([1.0, 0.5, 0.0, 0.0]), beta=20.0).round(3).tolist()
    [1.0, 1.0, -1.0, -1.0]
    """
    expect.axes(patterns=(patterns, "patterns features"), state=(state, "... features"))
    expect.positive("beta", beta)
    return jax.nn.softmax(beta * (state @ patterns.T), -1) @ patterns


def hopfield_energy(patterns: jax.Array, state: jax.Array, beta: float | jax.Array = 1.0) -> jax.Array:
    """The energy that :func:`hopfield_retrieve` lowers, ``(...)``, up to a constant.

    Source: Ramsauer et al. 2021 [arXiv:2008.02217], eq. 1.
    """
    expect.axes(patterns=(patterns, "patterns features"), state=(state, "... features"))
    expect.positive("beta", beta)
    return -jax.nn.logsumexp(beta * (state @ patterns.T), -1) / beta + jnp.sum(jnp.square(state), -1) / 2


def rbm_free_energy(
    visible: jax.Array, weight: jax.Array, visible_bias: jax.Array, hidden_bias: jax.Array
) -> jax.Array:
    """Score an example by an energy, with hidden causes that can be summed over exactly.

    A restricted Boltzmann machine has connections between visible and hidden units only, so given one side the units of
    the other are independent, and the sum over all hidden states is a product. p(v) is exp(−F(v)) over its sum.

    Formula: E(v, h) = −vᵀ W h − bᵀ v − cᵀ h; F(v) = −log Σ_h exp(−E) = −bᵀ v − Σ_j log(1 + exp(c_j + (vᵀ W)_j))
    Shapes: visible (..., visible) of 0 and 1; weight (visible, hidden); biases (visible,) and (hidden,); result (...).
    Parameters: visible · hidden + visible + hidden.
    Cost: visible · hidden multiply-adds an example.
    Training: the gradient of F on data less that on the model's samples. Contrastive divergence takes the samples from
        k steps of Gibbs from the data: h by p(h=1|v) = σ(c + Wᵀ v), v by σ(b + W h), in turn.
    Caveats: the sum that makes p of F has 2^visible terms, so likelihoods are only known for few units.
    Raises: VocabularyError for shapes that do not fit and visible units outside 0 to 1.
    Source: Smolensky 1986; Hinton 2002; Hinton 2010 (A practical guide), sec. 2; vocabulary line 4912.

    >>> one = jax.numpy.ones((1, 1))
    >>> round(float(rbm_free_energy(one[0], one, jax.numpy.zeros(1), jax.numpy.zeros(1))), 4)  # −log(1 + e)
    -1.3133
    """
    sizes = expect.axes(visible=(visible, "... visible"), weight=(weight, "visible hidden"))
    expect.axes(sizes, visible_bias=(visible_bias, "visible"), hidden_bias=(hidden_bias, "hidden"))
    expect.probability("visible", visible)
    return -visible @ visible_bias - jnp.sum(jax.nn.softplus(visible @ weight + hidden_bias), -1)


class Accessed(NamedTuple):
    """What was ``read (features,)``, the ``memory (slots, features)`` afterwards, and the ``weights (slots,)``."""

    read: jax.Array
    memory: jax.Array
    weights: jax.Array


def memory_access(
    memory: jax.Array, key: jax.Array, strength: float | jax.Array, erase: jax.Array, add: jax.Array
) -> Accessed:
    """Give a network a table to write to and read from, all of it differentiable.

    A head of a neural Turing machine finds rows by what they hold: those like its key get most of the weight. It reads
    their weighted mean, and writes to the same rows by erasing a part and adding something.

    Formula: w = softmax(β cos(k, M)); r = wᵀ M; M' = M ⊙ (1 − w eᵀ) + w aᵀ
    Shapes: memory (slots, features); key, erase and add (features,); strength β, a number; read (features,), memory as
        before, weights (slots,).
    Parameters: none; a controller makes key, strength, erase and add.
    Cost: 3 · slots · features multiply-adds.
    Training: as in evaluation, through all steps.
    Caveats: a row of zeros is like no key (its cosine counts as 0). Addressing by place (shifts, interpolation with
        the last weights) comes on top in the paper.
    Raises: VocabularyError for shapes that do not fit, a strength below 0 and an erase outside 0 to 1.
    Source: Graves et al. 2014 [arXiv:1410.5401], eqs. 2 to 6; vocabulary line 5986.

    >>> table = jax.numpy.array([[1.0, 0.0], [0.0, 1.0]])
    >>> keep = jax.numpy.zeros(2)
    >>> memory_access(table, jax.numpy.array([0.0, 5.0]), 100.0, keep, keep).read.round(3).tolist()
    [0.0, 1.0]
    """
    expect.axes(
        memory=(memory, "slots features"), key=(key, "features"), erase=(erase, "features"), add=(add, "features")
    )
    expect.not_negative("strength", strength)
    expect.probability("erase", erase)
    sizes = jnp.linalg.norm(memory, axis=-1) * jnp.linalg.norm(key)
    weights = jax.nn.softmax(strength * (memory @ key) / jnp.where(sizes > 0, sizes, 1))
    return Accessed(weights @ memory, memory * (1 - jnp.outer(weights, erase)) + jnp.outer(weights, add), weights)


def rag_log_prob(query: jax.Array, documents: jax.Array, log_likelihood: jax.Array, k: int) -> jax.Array:
    """Answer from documents that are looked up, so that knowledge can be edited without training.

    The k documents nearest to the question are retrieved. Each is put before the question in turn, and the answers'
    probabilities are mixed by how well the documents match.

    Formula: p(y|x) = Σ_{z ∈ top-k} p(z|x) p(y|x, z), p(z|x) = softmax over these of d(z)ᵀ q(x)
    Shapes: query (..., features); documents (documents, features); log_likelihood (..., documents), log p(y|x, z) of
        an answer; result (...), in nats.
    Parameters: none; the two encoders and the generator have theirs.
    Cost: documents · features multiply-adds for the search, and k runs of the generator.
    Training: the encoder of questions and the generator learn by this likelihood; documents' vectors stay.
    Caveats: a real generator is run for the k documents only, here all likelihoods are given. Mixing once per answer
        (as here) or once per token are two models of the paper.
    Raises: VocabularyError for shapes that do not fit and a k beyond the documents.
    Source: Lewis et al. 2020 [arXiv:2005.11401], sec. 2.1; vocabulary line 5988.

    >>> query, documents = jax.numpy.array([1.0, 0.0]), jax.numpy.array([[2.0, 0.0], [2.0, 1.0], [-9.0, 0.0]])
    >>> likelihood = jax.numpy.array([0.5, 0.1, 1.0])
    >>> round(float(jax.numpy.exp(rag_log_prob(query, documents, jax.numpy.log(likelihood), k=2))), 6)
    0.3
    """
    sizes = expect.axes(query=(query, "... features"), documents=(documents, "documents features"))
    expect.axes(sizes, log_likelihood=(log_likelihood, "... documents"))
    expect.within("k", expect.whole("k", k), 1, sizes["documents"])
    scores, nearest = jax.lax.top_k(query @ documents.T, k)
    return jax.nn.logsumexp(jax.nn.log_softmax(scores, -1) + jnp.take_along_axis(log_likelihood, nearest, -1), -1)
