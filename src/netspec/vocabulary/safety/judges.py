"""Models that judge text by its embedding: harmful or not, entailed or contradicted, preferred or not."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


class Filtered(NamedTuple):
    """Of each text: whether it is ``blocked``, the worst ``category`` (−1 where it is not), the ``scores`` of all."""

    blocked: jax.Array
    category: jax.Array
    scores: jax.Array


def content_filter(logits: jax.Array, *, threshold: float = 0.7) -> Filtered:
    """Block a text that is harmful in any of several ways, and say in which way it is most.

    Formula: s = σ(z); blocked iff max_k s_k > 0.7; category = argmax_k s_k
    Shapes: logits z [..., categories]; blocked and category [...], scores as logits.
    Parameters: the threshold; the classifier (768, 256, 4 in the document: 197,892) is the caller's.
    Cost: one exponential a category.
    Training: binary cross-entropy a category, since a text can be of several.
    Caveats: the threshold decides between harm let through and speech held up, and belongs on held-out data. The
    document takes the argmax of what is above the threshold, true or false, which is the first and not the worst.
    Raises: VocabularyError for a threshold outside 0…1.
    Source: Markov et al. 2023 [arXiv:2208.03274] for one such filter; vocabulary line 5713.

    >>> found = content_filter(jnp.array([[1.0, 0.0, 5.0, -2.0], [0.0, 0.1, 0.0, 0.0]]))
    >>> found.blocked.tolist(), found.category.tolist()
    ([True, False], [2, -1])
    """
    expect.axes(logits=(logits, "... categories"))
    expect.probability("threshold", threshold)
    scores = jax.nn.sigmoid(jnp.asarray(logits))
    blocked = scores.max(axis=-1) > threshold
    return Filtered(blocked, jnp.where(blocked, scores.argmax(axis=-1), -1), scores)


def entailment_logits(claim: jax.Array, fact: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
    """Check a claim against a fact: does it follow from it, contradict it, or neither?

    Products and distances of both embeddings are given to the classifier, so that a linear one can compare them.

    Formula: z = [c; f; c ⊙ f; |c − f|] W + b, for entailed, neutral, contradicted
    Shapes: claim c and fact f [..., channels], weight W [4 × channels, 3], bias [3]; the result [..., 3].
    Parameters: 12 × channels + 3.
    Cost: 12 × channels multiply-adds.
    Training: cross-entropy on pairs with known relation.
    Caveats: finding the facts is a search that is not here, and a claim without facts is neutral. The document's
    linear map of c and f side by side adds what it finds in each, so it can never compare them.
    Raises: VocabularyError for shapes that do not fit.
    Source: Conneau et al. 2017 [arXiv:1705.02364], sec. 3.1; Thorne et al. 2018 [arXiv:1803.05355]; vocabulary
    line 5782.

    >>> weight = jnp.zeros((8, 3)).at[4:6, 0].set(1.0).at[4:6, 2].set(-1.0)
    >>> fact = jnp.array([1.0, -2.0])
    >>> [int(entailment_logits(claim, fact, weight, jnp.zeros(3)).argmax()) for claim in (fact, -fact)]
    [0, 2]
    """
    sizes = expect.axes(claim=(claim, "... channels"), fact=(fact, "... channels"))
    expect.axes({"features": 4 * sizes["channels"]}, weight=(weight, "features 3"), bias=(bias, "3"))
    claim, fact = jnp.asarray(claim), jnp.asarray(fact)
    return jnp.concatenate([claim, fact, claim * fact, jnp.abs(claim - fact)], axis=-1) @ weight + bias


def preference_loss(preferred: jax.Array, rejected: jax.Array) -> jax.Array:
    """Learn from comparisons what people value: of two responses the one that they preferred should score higher.

    Formula: L = −mean log σ(r_w − r_l)
    Shapes: rewards of the preferred r_w and of the rejected r_l [pairs]; the result is a number.
    Parameters: none; the reward model is a language model with one output, read at the last token.
    Cost: one exponential and one logarithm a pair.
    Training: used there; afterwards the reward trains a policy.
    Caveats: rewards are known up to a constant a prompt. The document has no loss: it compares two rewards, which
    gives true or false and no gradient.
    Raises: VocabularyError for shapes that differ.
    Source: Bradley and Terry 1952; Stiennon et al. 2020 [arXiv:2009.01325], sec. 3.4; vocabulary line 5817.

    >>> round(float(preference_loss(jnp.array([2.0]), jnp.array([2.0]))), 4)
    0.6931
    """
    expect.axes(preferred=(preferred, "pairs"), rejected=(rejected, "pairs"))
    return -jax.nn.log_sigmoid(jnp.asarray(preferred) - jnp.asarray(rejected)).mean()
