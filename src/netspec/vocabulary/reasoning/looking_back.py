"""Parent's Attention, mended: an ordinary attention beside which a second one watches the steps before."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect
from netspec.vocabulary.reasoning.weights import FeedForward, Heads, Norm, feed_forward, heads, norm


class Watched(NamedTuple):
    """What comes out: ``output`` [tokens, batch, channels], and of each example ``anomaly`` and ``stop`` [batch]."""

    output: jax.Array
    anomaly: jax.Array
    stop: jax.Array


class Parent(NamedTuple):
    """Weights of :func:`parents_attention`; ``detector`` maps 2 × channels to one number."""

    forward: Heads
    backward: Heads
    detector: FeedForward


class ParentLayer(NamedTuple):
    """Weights of :func:`parents_attention_layer`."""

    forward: Heads
    backward: Heads
    feed: FeedForward
    norms: tuple[Norm, Norm]


def parent(key: jax.Array, channels: int) -> Parent:
    """Drawn weights for :func:`parents_attention`."""
    forward, backward, detector = jax.random.split(key, 3)
    return Parent(
        heads(forward, channels), heads(backward, channels), feed_forward(detector, 2 * channels, channels, 1)
    )


def parent_layer(key: jax.Array, channels: int) -> ParentLayer:
    """Drawn weights for :func:`parents_attention_layer`."""
    forward, backward, feed = jax.random.split(key, 3)
    return ParentLayer(
        heads(forward, channels),
        heads(backward, channels),
        feed_forward(feed, channels, 4 * channels),
        (norm(channels), norm(channels)),
    )


def parents_attention(
    query: jax.Array,
    key: jax.Array,
    history: jax.Array | None,
    weights: Parent,
    *,
    heads: int = 1,
    threshold: float = 0.5,
) -> Watched:
    """Notice that a step of reasoning does not fit those before it, without changing the step itself.

    A second attention looks at the history, and a detector compares what both found.

    Formula: f = MHA(q, k); b = MHA(q, H); a = mean_tokens σ(MLP[f; b]); stop = a > θ
    Shapes: query [tokens, batch, channels], key (which is the value too) [others, batch, channels], history
    [steps, batch, channels] or None before the first step.
    Parameters: 10 c² + 10 c + 1 of c channels: two attentions and the detector (2,626,561 of 512).
    Cost: a second attention over the history, and 2 tokens c² for the detector.
    Training: as in evaluation. The detector learns from steps known to be right or wrong
    (:func:`~netspec.vocabulary.reasoning.chains.mistake_loss`), so the anomaly keeps its gradient.
    Caveats: the document's own, and no evidence is given for what it claims (15 to 25 % more accuracy, 80 % of the
    errors caught). It calls this watching gradients; activations are what it looks at. Ours judges each example alone.
    Raises: VocabularyError for shapes that do not fit, heads that do not divide the channels, a threshold outside 0…1.
    Source: none but the document; attention is Vaswani et al. 2017 [arXiv:1706.03762]; vocabulary line 119.

    >>> weights = parent(jax.random.key(0), channels=4)
    >>> x, history = jax.random.normal(jax.random.key(1), (2, 3, 1, 4))
    >>> alone, watched = (parents_attention(x, x, each, weights, heads=2) for each in (None, history))
    >>> bool((alone.output == watched.output).all()), alone.anomaly.tolist(), alone.stop.tolist()
    (True, [0.0], [False])
    >>> 0 < float(watched.anomaly[0]) < 1
    True
    """
    sizes = expect.axes(query=(query, "tokens batch channels"), key=(key, "others batch channels"))
    expect.divides("heads", heads, "channels", sizes["channels"])
    expect.probability("threshold", threshold)
    own = jnp.swapaxes(query, 0, 1)
    forward = weights.forward(own, jnp.swapaxes(key, 0, 1), heads)
    output = jnp.swapaxes(forward, 0, 1)
    if history is None:
        return Watched(output, jnp.zeros(sizes["batch"]), jnp.zeros(sizes["batch"], bool))
    expect.axes(sizes, history=(history, "steps batch channels"))
    backward = weights.backward(own, jnp.swapaxes(history, 0, 1), heads)
    found = weights.detector(jnp.concatenate([forward, backward], axis=-1))
    anomaly = jax.nn.sigmoid(found[..., 0]).mean(axis=1)
    return Watched(output, anomaly, anomaly > threshold)


def parents_attention_layer(
    x: jax.Array, history: jax.Array | None, weights: ParentLayer, *, heads: int = 1, threshold: float = 0.5
) -> Watched:
    """A whole block of a Transformer that also says how far it is from what the steps before it led to expect.

    Formula: x = LN(x + MHA(x)); b = MHA(x, H); a = mean_tokens ‖b − x‖ / (‖b‖ + ‖x‖); x = LN(x + FFN(x)); stop = a > θ
    Shapes: x [tokens, batch, channels], history [steps, batch, channels] or None before the first step.
    Parameters: 16 c² + 17 c of c channels (4,203,008 of 512), half of the attention only to watch.
    Cost: that of a block and a second attention over the history.
    Training: as in evaluation.
    Caveats: the anomaly is a distance over the largest that it could be, so it lies from 0 to 1 whatever the width. The
    document compares the distance itself with 0.5, which it exceeds always. Nothing says that a wrong step is a
    far one; that is for training to show.
    Raises: VocabularyError for shapes that do not fit, heads that do not divide the channels, a threshold outside 0…1.
    Source: none but the document; the block is Vaswani et al. 2017 [arXiv:1706.03762]; vocabulary line 1065.

    >>> weights = parent_layer(jax.random.key(0), channels=4)
    >>> x = jax.random.normal(jax.random.key(1), (3, 2, 4))
    >>> alone, watched = (parents_attention_layer(x, each, weights) for each in (None, x))
    >>> bool((alone.output == watched.output).all()), watched.anomaly.shape
    (True, (2,))
    """
    sizes = expect.axes(x=(x, "tokens batch channels"))
    expect.divides("heads", heads, "channels", sizes["channels"])
    expect.probability("threshold", threshold)
    first, second = weights.norms
    own = jnp.swapaxes(x, 0, 1)
    own = first(own + weights.forward(own, own, heads))
    output = jnp.swapaxes(second(own + weights.feed(own)), 0, 1)
    if history is None:
        return Watched(output, jnp.zeros(sizes["batch"]), jnp.zeros(sizes["batch"], bool))
    expect.axes(sizes, history=(history, "steps batch channels"))
    backward = weights.backward(own, jnp.swapaxes(history, 0, 1), heads)
    size = jnp.linalg.norm(backward, axis=-1) + jnp.linalg.norm(own, axis=-1)
    anomaly = (jnp.linalg.norm(backward - own, axis=-1) / size).mean(axis=1)
    return Watched(output, anomaly, anomaly > threshold)
