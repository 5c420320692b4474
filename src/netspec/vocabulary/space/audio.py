"""Speech without transcripts."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def wav2vec_loss(
    context: jax.Array, targets: jax.Array, negatives: jax.Array, mask: jax.Array, temperature: float = 0.1
) -> jax.Array:
    """Learn what speech is made of from recordings alone, by guessing which sound was masked out.

    Convolutions turn the waveform into frames, some are masked, and a transformer looks at the rest. At each masked
    frame its output must be more like the true frame, quantised, than like frames of the same recording picked at
    random. HuBERT guesses the number of a cluster instead.

    Formula: L = mean over masked t of −log(exp(cos(c_t, q_t) / κ) / Σ_{q' ∈ {q_t} ∪ negatives} exp(cos(c_t, q') / κ))
    Shapes: context c and targets q (frames, features); negatives (frames, distractors), numbers of frames; mask
        (frames,) true where masked; result a number, in nats.
    Parameters: none; encoder, transformer and codebooks have theirs.
    Cost: frames · distractors · features multiply-adds.
    Training: with a term that keeps all codes in use, and 100 distractors from other masked frames; then the network is
        tuned on a few transcripts. No part of evaluation.
    Caveats: nothing of physics or of the ear is built in. Vectors of 0 have no cosine.
    Raises: VocabularyError for shapes that do not fit, a mask without a frame, and a temperature not above 0.
    Source: Baevski et al. 2020 [arXiv:2006.11477], eq. 3; Hsu et al. 2021 [arXiv:2106.07447]; vocabulary line 4790.

    >>> same, others = jax.numpy.ones((4, 2)), jax.numpy.array([[1, 2, 3]] * 4)
    >>> masked = jax.numpy.array([True, False, False, False])
    >>> round(float(wav2vec_loss(same, same, others, masked)), 4)  # all four look alike: log 4
    1.3863
    """
    sizes = expect.axes(context=(context, "frames features"), targets=(targets, "frames features"))
    expect.axes(sizes, negatives=(negatives, "frames distractors"), mask=(mask, "frames"))
    expect.within("negatives", negatives, 0, sizes["frames"] - 1)
    expect.positive("temperature", temperature)
    expect.positive("number of masked frames", jnp.sum(mask))
    candidates = jnp.concatenate([targets[:, None], targets[negatives]], 1)
    sizes_of = jnp.linalg.norm(context, axis=-1)[:, None] * jnp.linalg.norm(candidates, axis=-1)
    cosines = jnp.einsum("tf,tcf->tc", context, candidates) / sizes_of
    losses = -jax.nn.log_softmax(cosines / temperature, -1)[:, 0]
    return jnp.sum(jnp.where(mask, losses, 0)) / jnp.sum(mask)
