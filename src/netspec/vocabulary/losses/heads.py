"""Two heads of BERT and their losses, and the temperature of a softmax."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from netspec.errors import VocabularyError
from netspec.vocabulary import expect

#: Temperatures that are tried, and halvings of the range between them: more than float64 can tell apart.
COLDEST, HOTTEST, HALVINGS = 1e-3, 1e3, 80


def masked_language_loss(scores: jax.Array, tokens: jax.Array, masked: jax.Array) -> jax.Array:
    """Teach a network that sees both sides of a word by hiding some words and asking for those alone.

    Without the hiding every word would see itself through the other layers, and there would be nothing to learn.

    Formula: L = −1/|M| Σ_{i∈M} log softmax(z_i)[x_i], M the masked positions
    Shapes: scores z (batch, tokens, vocabulary); tokens x, whole numbers, and masked, true or false, (batch, tokens);
        the loss is one number in nats.
    Parameters: none; the head before it is a dense layer from the width to the vocabulary.
    Cost: one softmax over the vocabulary at every position.
    Training: BERT chooses 15 % of the positions and shows 80 % of them as [MASK], 10 % as a random token and 10 % as
        they are. Nothing is hidden in use.
    Caveats: it is the mean over masked positions, not over all: the others have no part in it.
    Raises: VocabularyError where shapes disagree, a token is outside the vocabulary, or nothing is masked.
    Source: Devlin et al. 2019 (arXiv:1810.04805), sec. 3.1; vocabulary line 1190.

    >>> scores = jnp.zeros((1, 3, 4)).at[0, 1, 2].set(10.0)  # sure of token 2 in the middle, undecided elsewhere
    >>> tokens, masked = jnp.array([[3, 2, 1]]), jnp.array([[False, True, False]])
    >>> round(float(masked_language_loss(scores, tokens, masked)), 4)
    0.0001
    """
    sizes = expect.axes(scores=(scores, "batch tokens vocabulary"), tokens=(tokens, "batch tokens"))
    expect.axes(sizes, masked=(masked, "batch tokens"))
    expect.within("tokens", tokens, 0, sizes["vocabulary"] - 1)
    if not isinstance(masked, jax.core.Tracer) and not np.any(np.asarray(masked)):
        raise VocabularyError("masked: arrived without a true entry, expected at least one masked position")
    chosen = jnp.take_along_axis(jax.nn.log_softmax(scores), jnp.asarray(tokens)[..., None], -1)[..., 0]
    return -jnp.mean(chosen, where=jnp.asarray(masked, bool))


def nsp_head(hidden: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    """Say of two passages whether the second follows the first, so that a network learns how sentences go together.

    Formula: p = softmax(W h_CLS + b)
    Shapes: hidden (batch, tokens, width), the first token being [CLS]; kernel W (width, 2), bias b (2,); the chances
        are (batch, 2).
    Parameters: 2·width + 2, in BERT-base 2·768 + 2 = 1,538.
    Cost: 2·width multiply-adds a pair of passages.
    Training: half of the pairs are consecutive and half are not, with cross-entropy on the answer; the head is not used
        afterwards.
    Caveats: BERT has a dense layer with tanh before it (the pooler). RoBERTa left the task out and lost nothing.
    Raises: VocabularyError where shapes disagree.
    Source: Devlin et al. 2019 (arXiv:1810.04805), sec. 3.1; Liu et al. 2019 (arXiv:1907.11692); vocabulary line 1194.

    >>> hidden = jnp.ones((1, 5, 3))
    >>> chances = nsp_head(hidden, jnp.array([[1.0, 0.0]] * 3), jnp.zeros(2))
    >>> [round(float(chance), 3) for chance in chances[0]]
    [0.953, 0.047]
    """
    expect.axes(hidden=(hidden, "batch tokens width"), kernel=(kernel, "width 2"), bias=(bias, "2"))
    return jax.nn.softmax(hidden[:, 0] @ kernel + bias)


def temperature_scaling(logits: jax.Array, temperature: float | jax.Array) -> jax.Array:
    """Make chances sharper or more even without changing which is the likeliest, with one number.

    Above one it evens out a network that is too sure of itself, which calibrates it; in sampling it makes texts bolder.
    :func:`fitted_temperature` finds the number for labelled examples.

    Formula: p = softmax(z / T)
    Shapes: logits z (…, classes), temperature T one number above zero; the chances are (…, classes).
    Parameters: one, T.
    Cost: one softmax.
    Training: T is fitted after training, on held-out examples, by their mean negative log-likelihood.
    Caveats: accuracy stays as it was, since the order of the classes does.
    Raises: VocabularyError where there is no class or T is not above zero.
    Source: Guo et al. 2017 (arXiv:1706.04599), sec. 4.2; vocabulary line 2812.

    >>> logits = jnp.array([2.0, 1.0, 0.0])
    >>> [round(float(temperature_scaling(logits, t)[0]), 2) for t in (0.5, 1.0, 4.0)]
    [0.87, 0.67, 0.42]
    """
    expect.axes(logits=(logits, "... classes"))
    expect.positive("temperature", temperature)
    return jax.nn.softmax(logits / temperature)


def fitted_temperature(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """The temperature, from a thousandth to a thousand, with the least negative log-likelihood of ``labels``.

    The likelihood is concave in 1/T, and its slope there is how much the score of the label is above the one expected:
    so the root is found by halving. ``logits`` ``(batch, classes)``, ``labels`` whole numbers ``(batch,)``. Raises
    :class:`VocabularyError` where they disagree. Source: Guo et al. 2017 (arXiv:1706.04599), sec. 4.2.
    """
    sizes = expect.axes(logits=(logits, "batch classes"), labels=(labels, "batch"))
    expect.within("labels", labels, 0, sizes["classes"] - 1)
    of_label = jnp.take_along_axis(jnp.asarray(logits), jnp.asarray(labels)[:, None], 1)[:, 0]

    def halve(_: int, ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = ends
        middle = jnp.sqrt(low * high)
        expected = (jax.nn.softmax(logits / middle) * logits).sum(-1)
        too_hot = (of_label - expected).mean() > 0
        return jnp.where(too_hot, low, middle), jnp.where(too_hot, middle, high)

    dtype = jnp.result_type(logits, jnp.float32)
    low, high = jax.lax.fori_loop(0, HALVINGS, halve, (dtype.type(COLDEST), dtype.type(HOTTEST)))
    return jnp.sqrt(low * high)
