"""Token by token with kept keys and values: what the whole network gives, whatever its attention is made of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from attention_sequence import filled
from flax import nnx

from netspec import NetSpec, SpecError
from netspec import layers as L
from netspec.modules import Network, Numerics
from netspec.modules.decoding import check_decodable, next_scores
from netspec.modules.initialize import SCHEMES

TOKENS = 12


def language_model(attention, embed=None, head=None, **parts):
    return NetSpec(
        "small",
        (TOKENS,),
        (
            L.TokenPositionEmbed(11, TOKENS, 8, **(embed or {})),
            L.TransformerEncoder(8, 4, 6, 2, causal=True, attention=attention, **parts),
            L.LMHead(8, 11, **(head or {})),
        ),
    )


ROTARY = {"learned_positions": False}
MODELS = {
    "plain": language_model(L.Attention()),
    "rotary": language_model(L.Attention(positions="rope"), ROTARY),
    "alibi": language_model(L.Attention(positions="alibi"), ROTARY),
    "t5": language_model(L.Attention(positions="t5", scaled=False, bias=False, buckets=8, max_distance=10), ROTARY),
    "shared keys": language_model(L.Attention(kv_heads=2)),
    "one pair of wide heads": language_model(L.Attention(kv_heads=1, head_width=6)),
    "window": language_model(L.Attention(window=3)),
    "window with slopes": language_model(L.Attention(window=2, positions="alibi"), ROTARY),
    "post-norm": language_model(L.Attention(), placement="post", gelu="exact"),
    "sandwich": language_model(L.Attention(), placement="sandwich", mlp="geglu"),
    "llama": language_model(
        L.Attention(kv_heads=2, positions="rope", bias=False, window=4),
        ROTARY,
        {"bias": False},
        norm="rms",
        mlp="swiglu",
        mlp_bias=False,
    ),
    "tied": language_model(L.Attention(), {"table": "tokens", "norm": True}, {"table": "tokens", "scaled": True}),
    "shifted": NetSpec(
        "shifted",
        (TOKENS,),
        (
            L.TokenPositionEmbed(11, TOKENS + 2, 8, first_position=2, segments=1),
            L.TransformerEncoder(8, 2, 6, 1, causal=True),
            L.LMHead(8, 11),
        ),
    ),
}


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", MODELS)
def test_kept_keys_and_values_give_what_the_whole_network_gives(name):
    spec = MODELS[name]
    check_decodable(spec)
    with jax.enable_x64(True):
        network = filled(lambda: Network(spec, Numerics(SCHEMES["book"], jnp.float64), nnx.Rngs(0)))
        nnx.update(network, jax.tree.map(lambda leaf: leaf.astype(jnp.float64), nnx.state(network)))
        tokens = jnp.asarray(np.random.default_rng(0).integers(0, 11, (3, TOKENS)))
        caches = network.layers[1].caches(3, TOKENS)
        layer = spec.layers[1]
        assert sum(leaf.size for leaf in jax.tree.leaves(caches)) == 3 * layer.kept(TOKENS)

        @nnx.jit
        def both(network, tokens):
            def step(caches, at):
                scores, caches = next_scores(network, caches, tokens[:, at], at)
                return caches, scores

            return network(tokens), jax.lax.scan(step, caches, jnp.arange(TOKENS))[1]

        whole, found = both(network, tokens)
    np.testing.assert_allclose(jnp.swapaxes(found, 0, 1), whole, rtol=0, atol=1e-11)
    assert np.abs(whole).max() > 0.1


@pytest.mark.parametrize(
    "spec",
    [
        NetSpec(
            "open",
            (TOKENS,),
            (
                L.TokenPositionEmbed(11, TOKENS, 8),
                L.TransformerEncoder(8, 4, 6, 2, attention=L.Attention(window=3)),
                L.LMHead(8, 11),
            ),
        ),
        NetSpec(
            "two sentences",
            (TOKENS,),
            (
                L.TokenPositionEmbed(11, TOKENS, 8, segments=2, segment="sentence"),
                L.TransformerEncoder(8, 4, 6, 2, causal=True),
                L.LMHead(8, 11),
            ),
            extra_inputs={"sentence": (TOKENS,)},
        ),
    ],
    ids=lambda spec: spec.name,
)
def test_a_network_that_sees_the_future_or_reads_more_is_refused(spec):
    with pytest.raises(SpecError, match="cannot be run token by token"):
        check_decodable(spec)
