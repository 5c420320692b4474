"""A causal language model one token at a time: what was computed for the tokens before is kept, not computed again."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.errors import SpecError
from netspec.layers.token_embedding import LMHead, TokenPositionEmbed
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.transformer_encoder import Cache
from netspec.spec import NetSpec

Caches = tuple[Cache, ...]


def check_decodable(spec: NetSpec) -> None:
    """Raise :class:`SpecError` unless a network is an embedding of tokens, a causal encoder and a head."""
    kinds = [type(layer) for layer in spec.layers]
    causal = [layer.causal for layer in spec.layers if isinstance(layer, TransformerEncoder)]
    if kinds != [TokenPositionEmbed, TransformerEncoder, LMHead] or causal != [True] or spec.extra_inputs:
        raise SpecError(
            f"{spec.name}: cannot be run token by token, expected TokenPositionEmbed, a causal TransformerEncoder that "
            "reads out all, and LMHead"
        )


def next_scores(network: nnx.Module, caches: Caches, token: jax.Array, position: jax.Array) -> tuple[jax.Array, Caches]:
    """Scores ``(B, vocabulary)`` of what follows ``token`` ``(B,)`` at ``position``, and the caches with it.

    They are those of the network for all tokens so far at their last position. A cache is as long as the longest text.
    """
    embed, encoder, head = network.layers
    x, caches = encoder.step(embed.step(token, position), caches, position)
    shared = (embed.table,) if embed.shares else ()
    return head(x, *shared)[:, 0], caches


def continued(network: nnx.Module, prompt: jax.Array, given: jax.Array, key: jax.Array, choose: Callable) -> jax.Array:
    """Texts ``(B, T)`` int32 that begin with the first ``given`` tokens of ``prompt`` ``(B, T)``.

    What follows is ``choose(key, scores)`` ``(B,)`` of the scores of the token before it. T is at most what the network
    has positions for, ``given`` at least one; the same program serves all.
    """
    batch, length = prompt.shape
    start = network.layers[1].caches(batch, length)

    def step(carry: tuple[jax.Array, Caches], position: jax.Array) -> tuple[tuple[jax.Array, Caches], jax.Array]:
        token, caches = carry
        scores, caches = next_scores(network, caches, token, position)
        chosen = choose(jax.random.fold_in(key, position), scores)
        following = jnp.where(position + 1 < given, prompt[:, position + 1], chosen)
        return (following, caches), following

    _, after = jax.lax.scan(step, (prompt[:, 0], start), jnp.arange(length - 1))
    return jnp.concatenate([prompt[:, :1], after.T], axis=1)
