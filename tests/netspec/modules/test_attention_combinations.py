"""Every combination of attention's parts: counted, its gradient, its twin, and token by token."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from attention_combinations import ALL, HEADS, PATTERNS, TOKENS, WIDTH, encoder, name
from attention_sequence import NUMERICS, check_built, filled
from flax import nnx

from netspec import NetSpec
from netspec import layers as L
from netspec.gradcheck import primitives
from netspec.gradcheck.fixtures import Fixture
from netspec.modules import Network, Numerics, module_of
from netspec.modules.decoding import check_decodable, next_scores
from netspec.modules.initialize import SCHEMES
from netspec.modules.positions import alibi_slopes, relative_buckets, rotary
from netspec.modules.self_attention import mix
from netspec.modules.states import decays, features, mix_by_state, summed
from netspec.modules.wkv import wkv_in_chunks
from netspec.run.traced import multiply_adds
from netspec.vocabulary import attention as vocabulary


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def drawn(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape))


def test_there_are_as_many_as_the_rules_leave():
    """Softmax: six positions, keys of three kinds, six patterns, both ways; then what kernels with a state take."""
    assert len(ALL) == 6 * 3 * 6 * 2 + 4 * 2 * 2 + 4 * 2 + 3


@pytest.mark.thinned(13)
@pytest.mark.parametrize("case", ALL, ids=name)
def test_every_tensor_and_product_is_counted(case):
    layer = encoder(*case)
    check_built(layer, (TOKENS, WIDTH), ())
    module = nnx.eval_shape(lambda: module_of(layer, NUMERICS, nnx.Rngs(0)))
    graph, state = nnx.split(module)
    given = jax.ShapeDtypeStruct((1, TOKENS, WIDTH), jnp.float32)
    traced = jax.jit(lambda state, given: nnx.merge(graph, state)(given)).trace(state, given)
    assert multiply_adds(traced.jaxpr.jaxpr) == layer.macs((TOKENS, WIDTH))
    assert layer.needed_macs((TOKENS, WIDTH)) <= layer.macs((TOKENS, WIDTH))


@pytest.mark.thinned(13)
@pytest.mark.parametrize("case", ALL, ids=name)
def test_every_gradient_is_the_slope(case):
    fixture = Fixture(encoder(*case), ((7, WIDTH),))
    (mode,) = primitives.modes(fixture)
    checks = list(primitives.check(fixture, mode))
    assert checks and all(check.passed for check in checks)


class TestPatterns:
    """A pattern in pieces against the softmax over a square with what it hides left out, value and gradient."""

    @staticmethod
    def seen(pattern, tokens, causal):
        """The pairs of a pattern by its definition, one by one."""
        found = np.zeros((tokens, tokens), bool)
        for i in range(tokens):
            for j in range(tokens):
                d, kind = abs(i - j), type(pattern).__name__
                if kind == "Window":
                    ahead = pattern.width - 1 if pattern.ahead is None else pattern.ahead
                    found[i, j] = i - j < pattern.width and j - i <= ahead
                elif kind == "Dilated":
                    found[i, j] = d % pattern.step == 0
                elif kind == "Strided":
                    found[i, j] = d < pattern.stride or d % pattern.stride == 0
                elif kind == "Full":
                    found[i, j] = True
                else:
                    found[i, j] = d < pattern.window or min(i, j) < pattern.tokens
        if isinstance(pattern, L.BigBird):
            for i, keys in enumerate(pattern.drawn(tokens, causal)):
                keys = keys[keys >= 0]
                assert len(set(keys)) == len(keys) and not found[i, keys].any()
                found[i, keys] = True
        return found & np.tri(tokens, dtype=bool) if causal else found

    LARGE = (*PATTERNS, L.Window(3, 1), L.Strided(4), L.Global(2, 3), L.Dilated(4), L.BigBird(2, 2, 3, seed=1))

    @pytest.mark.parametrize("positions", ["none", "rope", "alibi", "t5"])
    @pytest.mark.parametrize("causal", [False, True])
    @pytest.mark.thinned(5)
    @pytest.mark.parametrize("pattern", LARGE, ids=str)
    def test_pieces_are_the_masked_square(self, positions, causal, pattern):
        if causal and getattr(pattern, "ahead", None):
            return
        tokens = 26
        query, (key, value) = drawn(2, tokens, 4, 6), (drawn(2, tokens, 2, 6, seed=seed) for seed in (1, 2))
        table = drawn(32, 4, seed=3) if positions == "t5" else None
        parts = L.Attention(kv_heads=2, positions=positions, pattern=pattern)
        seen = self.seen(pattern, tokens, causal)
        assert parts.pairs(tokens, causal).needed == seen.sum()
        found, back = jax.vjp(lambda *x: mix(parts, *x, table, is_causal=causal), query, key, value)

        def square(query, key, value):
            distance = np.arange(tokens) - np.arange(tokens)[:, None]
            q, k = (rotary(x, np.arange(tokens)) if positions == "rope" else x for x in (query, key))
            scores = jnp.einsum("bthc,bshc->bhts", q, jnp.repeat(k, 2, axis=2)) / np.sqrt(6)
            if positions == "alibi":
                scores -= alibi_slopes(4)[:, None, None] * abs(distance)
            if positions == "t5":
                scores += jnp.moveaxis(table[relative_buckets(distance, bidirectional=not causal)], -1, 0)
            weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1)
            return jnp.einsum("bhts,bshd->bthd", weights, jnp.repeat(value, 2, axis=2))

        expected, back_expected = jax.vjp(square, query, key, value)
        cotangent = drawn(*found.shape, seed=5)
        for one, other in zip((found, *back(cotangent)), (expected, *back_expected(cotangent)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("pattern", LARGE, ids=str)
    def test_long_texts_take_less_than_the_square(self, pattern):
        """So that what was compared above went by pieces, and what is long does."""
        for causal in (False, True):
            if not (causal and getattr(pattern, "ahead", None)) and pattern != L.Full():
                assert L.Attention(pattern=pattern).pieces(400, causal)

    def test_a_draw_is_of_what_comes_before_and_the_seed(self):
        pattern = L.BigBird(1, 2, 3)
        assert np.array_equal(pattern.drawn(30, True), pattern.drawn(50, True)[:30])
        assert not np.array_equal(pattern.drawn(30, True), replace(pattern, seed=1).drawn(30, True))


class TestStates:
    @pytest.mark.exhaustive
    @pytest.mark.parametrize("pairs", [1, 2, 4])
    @pytest.mark.parametrize("chunk", [1, 3, 8, 23, 40])
    def test_chunks_are_the_recurrence(self, pairs, chunk):
        query, key, value = drawn(2, 23, 4, 5), drawn(2, 23, pairs, 5, seed=1), drawn(2, 23, pairs, 3, seed=2)
        decay = np.linspace(0.5, 0.9, pairs)

        def recurrent(query, key, value):
            def step(state, given):
                query, key, value = given
                state = decay[:, None, None] * state + key[..., None] * value[:, :, None]
                return state, jnp.einsum("bgrc,bgcd->bgrd", query.reshape(2, pairs, -1, 5), state).reshape(2, 4, 3)

            given = tuple(jnp.swapaxes(x, 0, 1) for x in (query, key, value))
            return jnp.swapaxes(jax.lax.scan(step, jnp.zeros((2, pairs, 5, 3)), given)[1], 0, 1)

        self.same(lambda *x: summed(*x, decay, chunk), recurrent, query, key, value)

    @staticmethod
    def same(function, other, *given):
        found, back = jax.vjp(function, *given)
        expected, back_expected = jax.vjp(other, *given)
        cotangent = drawn(*found.shape, seed=5)
        for one, two in zip((found, *back(cotangent)), (expected, *back_expected(cotangent)), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-10)

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("causal", [False, True])
    def test_linear_attention_is_the_vocabularys(self, causal):
        query, key, value = (drawn(2, 90, 3, 5, seed=seed) for seed in range(3))
        parts = L.Attention(kernel="linear")
        self.same(
            lambda *x: mix_by_state(parts, *x, is_causal=causal),
            lambda *x: vocabulary.linear_attention(*x, is_causal=causal),
            query,
            key,
            value,
        )

    @pytest.mark.exhaustive
    def test_weights_of_rotated_features_are_not_rotated(self):
        """Su et al. 2021, eq. 19, over all pairs."""
        query, key, value = (drawn(1, 9, 2, 4, seed=seed) for seed in range(3))
        weights = jnp.einsum("bthc,bshc->bhts", features(query), features(key)) * np.tri(9)
        turned = (rotary(features(x), np.arange(9)) for x in (query, key))
        above = jnp.einsum("bthc,bshc->bhts", *turned) * np.tri(9)
        expected = jnp.einsum("bhts,bshd->bthd", above / weights.sum(-1, keepdims=True), value)
        found = mix_by_state(L.Attention(kernel="linear", positions="rope"), query, key, value, is_causal=True)
        np.testing.assert_allclose(found, expected, rtol=1e-9)

    @pytest.mark.exhaustive
    def test_retention_is_the_vocabularys_with_heads_normalised(self):
        query, key, value = (drawn(2, 90, 3, 5, seed=seed) for seed in range(3))

        def expected(query, key, value):
            mixed = vocabulary.retention(query / np.sqrt(5), key, value, jnp.asarray(decays(3)))
            return mixed / jnp.sqrt((mixed**2).mean(-1, keepdims=True) + 1e-6)

        parts = L.Attention(kernel="retention")
        self.same(lambda *x: mix_by_state(parts, *x, is_causal=True), expected, query, key, value)

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("chunk", [1, 4, 23, 64])
    def test_wkv_is_the_vocabularys(self, chunk):
        """Also for keys whose exponential no float64 holds."""
        key, value = 400 * drawn(2, 23, 5), drawn(2, 23, 5, seed=1)
        decay, bonus = abs(drawn(5, seed=2)), drawn(5, seed=3)
        given = (key, value, decay, bonus)
        np.testing.assert_allclose(wkv_in_chunks(*given, chunk), vocabulary.wkv(*given), rtol=1e-9)
        self.same(lambda *x: wkv_in_chunks(*x, chunk), vocabulary.wkv, key / 400, *given[1:])


@pytest.mark.exhaustive
def test_a_latent_is_dense_attention_with_keys_expanded():
    """The formula with all keys: eqs. 9-19 of DeepSeek-AI 2024, heads one by one."""
    parts, heads, c = L.Attention(latent=3, positions="rope"), 2, 4
    layer = L.TransformerEncoder(8, heads, 4, 1, causal=True, attention=parts)
    module = filled(lambda: module_of(layer, replace(NUMERICS, compute_dtype=jnp.float64), nnx.Rngs(0)))
    nnx.update(module, jax.tree.map(lambda leaf: leaf.astype(jnp.float64), nnx.state(module)))
    attention, x = module.blocks[0].attention, drawn(1, 6, 8)
    down = x @ attention.qkv.kernel[...] + attention.qkv.bias[...]
    up, out = attention.up.kernel[...], 0
    shared = rotary(down[:, :, 12:14][:, :, None], np.arange(6))[:, :, 0]
    for h in range(heads):
        query = down[:, :, 6 * h : 6 * h + 6]
        key = jnp.concatenate([down[:, :, 14:] @ up[:, 8 * h : 8 * h + c], shared], axis=-1)
        value = down[:, :, 14:] @ up[:, 8 * h + c : 8 * h + 8]
        turned = rotary(query[:, :, None, c:], np.arange(6))[:, :, 0]
        query = jnp.concatenate([query[:, :, :c], turned], axis=-1)
        scores = jnp.einsum("btc,bsc->bts", query, key) / np.sqrt(6)
        weights = jax.nn.softmax(jnp.where(np.tri(6, dtype=bool), scores, -jnp.inf))
        out += jnp.einsum("bts,bsc->btc", weights, value) @ attention.out.kernel[4 * h : 4 * h + 4]
    np.testing.assert_allclose(attention(x), out + attention.out.bias[...], rtol=1e-9, atol=1e-12)


def decoded(attention, **parts):
    """Scores of a small language model over a text, at once and token by token."""
    spec = NetSpec(
        "small",
        (TOKENS,),
        (
            L.TokenPositionEmbed(7, TOKENS, WIDTH, learned_positions=False),
            L.TransformerEncoder(WIDTH, HEADS, 6, 2, causal=True, attention=attention, **parts),
            L.LMHead(WIDTH, 7),
        ),
    )
    check_decodable(spec)
    network = filled(lambda: Network(spec, Numerics(SCHEMES["book"], jnp.float64), nnx.Rngs(0)))
    nnx.update(network, jax.tree.map(lambda leaf: leaf.astype(jnp.float64), nnx.state(network)))
    tokens = jnp.asarray(np.random.default_rng(0).integers(0, 7, (2, TOKENS)))
    caches = network.layers[1].caches(2, TOKENS)
    kept = sum(leaf.size for leaf in jax.tree.leaves(caches))
    assert kept == 2 * spec.layers[1].kept(TOKENS)

    @nnx.jit
    def both(network, tokens):
        def step(caches, at):
            scores, caches = next_scores(network, caches, tokens[:, at], at)
            return caches, scores

        return network(tokens), jax.lax.scan(step, caches, jnp.arange(TOKENS))[1]

    whole, found = both(network, tokens)
    assert np.abs(whole).max() > 0.1
    return whole, jnp.swapaxes(found, 0, 1)


@pytest.mark.thinned(13)
@pytest.mark.parametrize("attention", [attention for causal, attention in ALL if causal], ids=str)
def test_token_by_token_gives_what_the_whole_text_gives(attention):
    whole, found = decoded(attention)
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "parts",
    [{"residual": "deepnorm", "placement": "post"}, {"residual": "rezero"}, {"layer_scale": 0.3}],
    ids=str,
)
def test_scaled_branches_decode_alike(parts):
    whole, found = decoded(L.Attention(), **parts)
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-10)


@pytest.mark.exhaustive
def test_branches_are_scaled_as_their_papers_say():
    x = drawn(1, 5, WIDTH)

    def made(**parts):
        layer = L.TransformerEncoder(WIDTH, HEADS, 6, 2, **parts)
        module = filled(lambda: module_of(layer, replace(NUMERICS, compute_dtype=jnp.float64), nnx.Rngs(0)))
        nnx.update(module, jax.tree.map(lambda leaf: leaf.astype(jnp.float64), nnx.state(module)))
        return module

    block = made(residual="deepnorm", placement="post").blocks[0]
    middle = block.norm1(4**0.25 * x + block.attention(x))
    np.testing.assert_allclose(block(x), block.norm2(4**0.25 * middle + block.feed(middle)), rtol=1e-9)
    fresh = module_of(L.TransformerEncoder(WIDTH, HEADS, 6, 2, residual="rezero"), NUMERICS, nnx.Rngs(0))
    assert np.array_equal(fresh.blocks[0](x.astype(jnp.float32)), x.astype(jnp.float32))
