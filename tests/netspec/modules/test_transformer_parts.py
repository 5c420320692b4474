"""The parts of a transformer: each against its formula, and the relations between forms that must agree."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from attention_sequence import NUMERICS, check_built, check_gradients, filled
from flax import nnx

from netspec import layers as L
from netspec.gradcheck.fixtures import FIXTURES
from netspec.modules import Numerics, module_of
from netspec.modules.initialize import SCHEMES
from netspec.modules.positions import alibi_slopes, bucket_starts, relative_buckets, rotary
from netspec.modules.self_attention import mix
from netspec.modules.transformer_block import function_of, hidden
from netspec.run.traced import UNDRAWN, multiply_adds

TRANSFORMERS = [
    (fixture.described, *fixture.shapes)
    for fixture in FIXTURES
    if isinstance(fixture.described, (L.TransformerEncoder, L.TransformerDecoder))
]
CAUSAL = L.TransformerEncoder(12, 6, 20, 2, causal=True)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def drawn(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape))


def built(layer):
    """The module in float64, no parameter neutral."""
    module = filled(lambda: module_of(layer, replace(NUMERICS, compute_dtype=jnp.float64), nnx.Rngs(0)))
    nnx.update(module, jax.tree.map(lambda leaf: leaf.astype(jnp.float64), nnx.state(module)))
    return module


@nnx.jit
def call(module, *inputs):
    return module(*inputs)


@pytest.mark.thinned(4)
@pytest.mark.parametrize("case", TRANSFORMERS, ids=lambda case: str(case[0]))
def test_every_tensor_is_counted_and_receives_a_gradient(case):
    layer, arrived, *read = case
    check_built(layer, arrived, read)
    check_gradients(layer, arrived, read)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("case", TRANSFORMERS, ids=lambda case: str(case[0]))
def test_products_are_as_many_as_counted(case):
    layer, arrived, *read = case
    module = nnx.eval_shape(lambda: module_of(layer, NUMERICS, nnx.Rngs(0)))
    graph, state = nnx.split(module)
    given = [jax.ShapeDtypeStruct((1, *shape), jnp.float32) for shape in (arrived, *read)]
    traced = jax.jit(lambda state, *given: nnx.merge(graph, state)(*given)).trace(state, *given)
    assert multiply_adds(traced.jaxpr.jaxpr) == layer.macs(arrived, *read)


class TestSharedKeys:
    def test_a_pair_for_each_head_is_multi_head_attention(self):
        x = drawn(2, 7, 12)
        same = replace(CAUSAL, attention=L.Attention(kv_heads=6))
        assert np.array_equal(call(built(CAUSAL), x), call(built(same), x))

    @pytest.mark.parametrize("pairs", [1, 2, 3])
    def test_shared_pairs_are_those_of_all_heads_repeated(self, pairs):
        query, key, value = drawn(2, 7, 6, 4), drawn(2, 7, pairs, 4, seed=1), drawn(2, 7, pairs, 4, seed=2)
        parts = L.Attention(kv_heads=pairs)
        shared = mix(parts, query, key, value, is_causal=True)
        repeated = (jnp.repeat(x, 6 // pairs, axis=2) for x in (key, value))
        np.testing.assert_allclose(shared, mix(L.Attention(), query, *repeated, is_causal=True), rtol=1e-12)

    def test_neighbouring_heads_share(self):
        """Head 0 and 1 read pair 0: another value in pair 1 leaves them as they are."""
        query, key, value = drawn(1, 5, 4, 2), drawn(1, 5, 2, 2, seed=1), drawn(1, 5, 2, 2, seed=2)
        parts = L.Attention(kv_heads=2)
        moved = mix(parts, query, key, value.at[:, :, 1].add(1.0), is_causal=False) != mix(
            parts, query, key, value, is_causal=False
        )
        assert moved.any(axis=(0, 1, 3)).tolist() == [False, False, True, True]


class TestRotary:
    @pytest.mark.parametrize("pairs", ["adjacent", "halves"])
    def test_scores_depend_on_the_distance_only(self, pairs):
        query, key = (drawn(1, 1, 2, 8, seed=seed) for seed in (0, 1))

        def score(at, other):
            q, k = (rotary(x, np.array([place]), pairs=pairs) for x, place in ((query, at), (key, other)))
            return (q * k).sum(-1)

        np.testing.assert_allclose(score(5, 2), score(1003, 1000), rtol=1e-9)
        assert abs(score(5, 2) - score(5, 3)).min() > 1e-3

    @pytest.mark.parametrize("pairs", ["adjacent", "halves"])
    def test_lengths_stay_and_place_zero_is_the_identity(self, pairs):
        x = drawn(2, 6, 3, 8)
        turned = rotary(x, np.arange(6), pairs=pairs)
        np.testing.assert_allclose(jnp.linalg.norm(turned, axis=-1), jnp.linalg.norm(x, axis=-1), rtol=1e-12)
        assert np.array_equal(turned[:, 0], x[:, 0])

    def test_it_is_a_product_of_complex_numbers(self):
        x, places = np.asarray(drawn(1, 5, 1, 6)), np.array([0, 3, 4, 10, 700])
        rates = 100.0 ** (-np.arange(3) / 3)
        expected = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * places[:, None, None] * rates)
        found = np.asarray(rotary(x, places, base=100))
        np.testing.assert_allclose(found[..., 0::2] + 1j * found[..., 1::2], expected, rtol=1e-10)

    def test_halves_are_adjacent_features_in_another_order(self):
        x = drawn(1, 5, 1, 6)
        order = np.array([0, 2, 4, 1, 3, 5])
        by_halves = rotary(x[..., order], np.arange(5), pairs="halves")
        np.testing.assert_allclose(by_halves, rotary(x, np.arange(5))[..., order], rtol=1e-12)


class TestPositionsInScores:
    def test_slopes_are_those_of_the_paper(self):
        assert np.array_equal(alibi_slopes(8), 0.5 ** np.arange(1, 9))
        np.testing.assert_allclose(alibi_slopes(16), 2.0 ** (-np.arange(1, 17) / 2))
        assert np.array_equal(alibi_slopes(1), [2.0**-8])
        # Twelve: the eight of eight heads, then every second of sixteen.
        np.testing.assert_allclose(alibi_slopes(12), [*0.5 ** np.arange(1, 9), *2.0 ** -np.array([0.5, 1.5, 2.5, 3.5])])

    def test_alibi_takes_a_slope_times_the_distance_from_each_score(self):
        query, key, value = (drawn(1, 5, 4, 2, seed=seed) for seed in range(3))
        scores = jnp.einsum("bthc,bshc->bhts", query, key) / np.sqrt(2)
        scores -= alibi_slopes(4)[:, None, None] * abs(np.arange(5)[:, None] - np.arange(5))
        expected = jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(scores), value)
        found = mix(L.Attention(positions="alibi"), query, key, value, is_causal=False)
        np.testing.assert_allclose(found, expected, rtol=1e-10)

    def test_buckets_against_the_table(self):
        """32 buckets up to 128, as T5 has them: exact up to 7 or 15, then ever wider."""
        assert bucket_starts(16, 128) == (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91)
        both = {0: 0, -1: 1, -7: 7, -8: 8, -11: 8, -12: 9, -16: 10, -127: 15, -500: 15, 1: 17, 8: 24, 91: 31, 500: 31}
        one = {0: 0, 5: 0, -1: 1, -15: 15, -16: 16, -18: 16, -19: 17, -21: 18, -64: 26, -113: 31, -1000: 31}
        for table, bidirectional in ((both, True), (one, False)):
            found = relative_buckets(np.array(list(table)), bidirectional=bidirectional)
            assert found.tolist() == list(table.values())

    @pytest.mark.parametrize("bidirectional", [False, True])
    def test_buckets_are_the_rounded_logarithms_of_the_released_code(self, bidirectional):
        """But where a logarithm is whole, which its rounding decides."""
        distance = np.arange(-300, 301)
        buckets = 16 if bidirectional else 32
        far = np.abs(distance) if bidirectional else np.maximum(-distance, 0)
        exact = buckets // 2
        steps = np.log(np.maximum(far, 1) / exact) / np.log(128 / exact) * (buckets - exact)
        large = np.minimum(exact + np.floor(steps + 1e-9), buckets - 1)
        expected = np.where(far < exact, far, large) + (16 * (distance > 0) if bidirectional else 0)
        assert np.array_equal(relative_buckets(distance, bidirectional=bidirectional), expected)
        assert np.array_equal(relative_buckets(jnp.asarray(distance), bidirectional=bidirectional), expected)

    def test_all_blocks_of_a_stack_share_one_table_of_what_is_added(self):
        layer = L.TransformerEncoder(6, 2, 8, 3, attention=L.Attention(positions="t5", buckets=8, max_distance=12))
        module, x = built(layer), drawn(1, 5, 6)
        assert [leaf.shape for leaf in jax.tree.leaves(nnx.state(module.tables, nnx.Param))] == [(8, 2)]
        before = call(module, x)
        module.tables[0][...] += 1.0  # the same for all pairs of a head: the softmax does not see it
        np.testing.assert_allclose(call(module, x), before, rtol=1e-9)
        module.tables[0][...] = module.tables[0][...].at[5].add(3.0)  # keys one behind
        assert (call(module, x) != before).all()

    def test_without_a_scale_queries_count_in_full(self):
        query, key, value = (drawn(1, 5, 2, 9, seed=seed) for seed in range(3))
        plain = mix(L.Attention(), 3 * query, key, value, is_causal=True)
        np.testing.assert_allclose(mix(L.Attention(scaled=False), query, key, value, is_causal=True), plain, rtol=1e-10)


class TestWindows:
    @pytest.mark.thinned(3)
    @pytest.mark.parametrize("positions", ["none", "rope", "alibi", "t5"])
    @pytest.mark.parametrize("is_causal", [False, True])
    @pytest.mark.parametrize(("window", "ahead"), [(1, None), (3, None), (3, 0), (2, 5), (23, None), (40, 1)])
    def test_a_window_is_the_masked_square(self, positions, is_causal, window, ahead):
        """Also where it is computed in blocks, whose last is not full; wide enough, it is full attention."""
        if is_causal and ahead:
            return
        tokens = 23
        query, (key, value) = drawn(2, tokens, 4, 6), (drawn(2, tokens, 2, 6, seed=seed) for seed in (1, 2))
        table = drawn(32, 4, seed=3) if positions == "t5" else None
        parts = L.Attention(kv_heads=2, positions=positions, window=window, ahead=ahead)
        found, back = jax.vjp(lambda *x: mix(parts, *x, table, is_causal=is_causal), query, key, value)

        def square(query, key, value):
            distance = np.arange(tokens) - np.arange(tokens)[:, None]
            front = 0 if is_causal else window - 1 if ahead is None else ahead
            seen = (distance > -window) & (distance <= front)
            q, k = (rotary(x, np.arange(tokens)) if positions == "rope" else x for x in (query, key))
            scores = jnp.einsum("bthc,bshc->bhts", q, jnp.repeat(k, 2, axis=2)) / np.sqrt(6)
            if positions == "alibi":
                scores -= alibi_slopes(4)[:, None, None] * abs(distance)
            if positions == "t5":
                scores += jnp.moveaxis(table[relative_buckets(distance, bidirectional=not is_causal)], -1, 0)
            weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1)
            return jnp.einsum("bhts,bshd->bthd", weights, jnp.repeat(value, 2, axis=2))

        expected, back_expected = jax.vjp(square, query, key, value)
        cotangent = drawn(*found.shape, seed=5)
        for one, other in zip((found, *back(cotangent)), (expected, *back_expected(cotangent)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
        if window >= tokens and (is_causal or ahead is None):
            full = mix(replace(parts, window=None), query, key, value, table, is_causal=is_causal)
            np.testing.assert_allclose(found, full, rtol=1e-9)

    def test_a_narrow_window_computes_less(self):
        def products(window):
            given = [jax.ShapeDtypeStruct((1, 512, 2, 8), jnp.float32)] * 3
            traced = jax.jit(lambda *x: mix(L.Attention(window=window), *x, is_causal=True)).trace(*given)
            return multiply_adds(traced.jaxpr.jaxpr)

        full = 2 * 2 * 8 * 512 * 512
        assert [products(window) for window in (None, 512, 256, 32, 8)] == [full, full, full, full // 8, full // 32]


class TestNormsAndBranches:
    def test_rms_norm_is_its_formula(self):
        norm = Numerics(SCHEMES["book"], jnp.float64).norm("rms", 5, nnx.Rngs(0), 0.1)
        gain, x = drawn(5, seed=1), drawn(3, 5)
        norm.scale.set_value(gain)
        np.testing.assert_allclose(norm(x), gain * x / np.sqrt((np.asarray(x) ** 2).mean(-1, keepdims=True) + 0.1))

    @pytest.mark.thinned(3)
    @pytest.mark.parametrize("placement", ["pre", "post", "sandwich"])
    @pytest.mark.parametrize("norm", ["layer", "rms"])
    def test_a_block_is_its_formula(self, placement, norm):
        layer = L.TransformerEncoder(6, 2, 8, 1, placement=placement, norm=norm, norm_epsilon=0.01)
        module, x = built(layer), drawn(1, 5, 6)
        (block,) = module.blocks

        def by(norm, x):
            centred = x - x.mean(-1, keepdims=True) * ("bias" in dir(norm))
            scaled = norm.scale[...] * centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 0.01)
            return scaled + norm.bias[...] if "bias" in dir(norm) else scaled

        expected = x
        for index, (branch, before) in enumerate(((block.attention, block.norm1), (block.feed, block.norm2))):
            if placement == "post":
                expected = by(before, expected + branch(expected))
            elif placement == "pre":
                expected = expected + branch(by(before, expected))
            else:
                expected = expected + by(block.after[index], branch(by(before, expected)))
        if placement != "post":
            expected = by(module.norm, expected)
        np.testing.assert_allclose(call(module, x), expected, rtol=1e-9, atol=1e-12)

    @pytest.mark.exhaustive
    def test_gates_are_their_formulas(self):
        def hidden_by(x, mlp, gelu):
            return hidden(x, mlp, function_of(mlp, gelu, UNDRAWN))

        x = drawn(3, 8)
        gate, value = x[:, :4], x[:, 4:]
        below = (1 + jax.lax.erf(gate / np.sqrt(2))) / 2
        np.testing.assert_allclose(hidden_by(x, "swiglu", "tanh"), gate / (1 + jnp.exp(-gate)) * value, rtol=1e-12)
        np.testing.assert_allclose(hidden_by(x, "geglu", "exact"), gate * below * value, rtol=1e-12)
        np.testing.assert_allclose(hidden_by(x, "reglu", "tanh"), jnp.maximum(gate, 0) * value, rtol=1e-12)
        tanh = hidden_by(x, "geglu", "tanh") - hidden_by(x, "geglu", "exact")
        assert 1e-6 < abs(tanh).max() < 1e-3 * abs(value).max()
        np.testing.assert_allclose(hidden_by(x, "gelu", "exact"), x * (1 + jax.lax.erf(x / np.sqrt(2))) / 2, rtol=1e-12)


@pytest.mark.exhaustive
def test_later_tokens_stay_hidden_from_every_causal_combination():
    for layer, arrived, *read in TRANSFORMERS:
        if not layer.causal or (isinstance(layer, L.TransformerEncoder) and layer.readout != "all"):
            continue
        module, x = built(layer), drawn(1, *arrived)
        memory = [drawn(1, *shape, seed=1) for shape in read]
        # One feature: what is added to all of them alike, a LayerNorm takes away again.
        moved = (call(module, x.at[0, 3, 0].add(1.0), *memory) != call(module, x, *memory)).any(axis=(0, 2))
        if layer.attention.pattern == L.Full():
            assert moved.tolist() == [False] * 3 + [True] * (arrived[0] - 3)
        else:
            assert moved[:4].tolist() == [False] * 3 + [True]


@pytest.mark.exhaustive
@pytest.mark.parametrize("layer", [CAUSAL, L.TransformerDecoder(12, 6, 20, 2, 0, memory="m", causal=True)], ids=str)
def test_without_residuals_and_norms_there_are_the_branches_alone(layer):
    """A block whose last map gives zeros passes nothing on, whereas with residuals its input comes through."""
    shapes = [(2, 5, 12)] * (1 if isinstance(layer, L.TransformerEncoder) else 2)
    inputs = [drawn(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    for residual, passes in (("none", False), ("plain", True)):
        module = built(replace(layer, norm="none", residual=residual))
        for block in module.blocks:
            block.fc2.kernel[...] = jnp.zeros_like(block.fc2.kernel[...])
            block.fc2.bias[...] = jnp.zeros_like(block.fc2.bias[...])
        assert bool(jnp.any(module(*inputs) != 0)) == passes
