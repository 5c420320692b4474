"""The switch: without the forms for CPU every network computes the same, by plain operations alone."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netspec
from netspec import InputError, NetSpec
from netspec import layers as L
from netspec.modules.attention import attend
from netspec.modules.cpu.switch import SWITCH, by_platform

pytestmark = pytest.mark.slow


def network(name, shape, *layers):
    return NetSpec(name, shape, layers)


#: Between them they use every form.
NETWORKS = [
    network("residual", (8, 8, 3), L.ResidualBlock(3, 4, 2, 2), L.GlobalAvgPool(), L.Dense(4, 3)),
    network("depthwise", (9, 8, 3), L.ConvBN(3, 4, 3), L.InvertedResidual(4, 4, 3, 2, 2), L.MBConv(4, 6, 2, 5, 1, 1)),
    network("convnext", (16, 8, 3), L.ConvNeXtStem(3, 4, 4), L.ConvNeXtStage(4, 2), L.ConvNeXtDownsample(4, 6)),
    network("dense", (6, 8, 9), L.DenseBlock(9, 3, 4), L.TransitionLayer(21, 4)),
    network("shuffle", (8, 8, 8), L.ShuffleBlock(8, 16, 2, 2), L.Conv2d(16, 3, 1, stride=2)),
    network("encoder", (6, 4, 3), L.PatchEmbed(3, 6, 2, 6), L.TransformerEncoder(6, 2, 8, 2, readout="class_token")),
    network("decoder", (5, 6), L.Save("m"), L.TransformerDecoder(6, 2, 8, 1, 0, memory="m", causal=True)),
    network("swin", (8, 8, 6), L.SwinStage(6, 2, 8, 4, 2), L.PatchMerging(6, 8)),
    network("mobile-vit", (4, 6, 4), L.MobileViTBlock(4, 6, 2, 8, 1)),
    network("mamba", (7, 6), L.MambaBlock(6, 3, 2, 1)),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("spec", NETWORKS, ids=lambda spec: spec.name)
def test_networks_compute_the_same_with_and_without(spec, monkeypatch):
    """In training mode and float64: what leaves, the running statistics and every gradient."""
    with jax.enable_x64(True):
        model = nnx.eval_shape(lambda: netspec.build(spec, nnx.Rngs(0), compute_dtype=jnp.float64))
        structure, params, rest = nnx.split(model, nnx.Param, ...)
        draws = np.random.default_rng(0)
        params = jax.tree.map(lambda leaf: jnp.asarray(draws.normal(size=leaf.shape)), params)
        rest = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), rest)
        x = jnp.asarray(draws.normal(size=(2, *spec.input_shape)))

        def found(word):
            monkeypatch.setenv(SWITCH, word)

            def loss(params, x):
                network = nnx.merge(structure, params, rest, copy=True)
                leaves = network(x)
                weights = np.random.default_rng(1).normal(size=leaves.shape)
                return (jnp.sin(leaves) * weights).sum(), (leaves, nnx.split(network, nnx.Param, ...)[2])

            traced = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True)).trace(params, x)
            return str(traced.jaxpr), traced.lower().compile()(params, x)

        (written, ours), (plain, theirs) = found("on"), found("off")
    assert "custom_vjp" in written or "platform_index" in written
    assert "custom_vjp" not in plain and "platform_index" not in plain
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_a_form_is_for_programs_of_its_platform():
    def program(platform):
        call = jax.jit(lambda x: by_platform(x, cpu=jnp.sin, elsewhere=jnp.cos))
        return call.trace(1.0).lower(lowering_platforms=(platform,)).as_text()

    assert "sine" in program("cpu") and "cosine" not in program("cpu")
    assert "cosine" in program("cuda")


def test_attention_is_written_out_for_cpu_only(monkeypatch):
    """Without the switch and elsewhere it is jax's own."""
    x = jnp.ones((2, 5, 2, 4), jnp.bfloat16)

    def program(platform, word):
        monkeypatch.setenv(SWITCH, word)
        return jax.jit(lambda x: attend(x, x, x)).trace(x).lower(lowering_platforms=(platform,)).as_text()

    own = jax.jit(lambda x: jax.nn.dot_product_attention(x, x, x)).trace(x)
    written, plain = program("cpu", "on"), program("cpu", "off")
    assert count(plain) == count(own.lower(lowering_platforms=("cpu",)).as_text()) != count(written)
    assert count(program("cuda", "on")) == count(own.lower(lowering_platforms=("cuda",)).as_text())


def count(text):
    """How often each operation stands in a program, except in the choice of a platform."""
    names = re.findall(r"stablehlo\.(\w+)", text)
    return {name: names.count(name) for name in names if name not in ("case", "constant", "return")}


def test_a_switch_has_two_positions(monkeypatch):
    monkeypatch.setenv(SWITCH, "0")
    with pytest.raises(InputError, match=r"^environment variable NETSPEC_CPU_FORMS is '0', expected 'on' or 'off'$"):
        by_platform(1.0, cpu=jnp.sin, elsewhere=jnp.cos)
