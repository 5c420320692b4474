"""Networks over sequences and vectors that are to compute what published ones do."""

import re
from functools import partial

import jax.numpy as jnp
import numpy as np
from attention_twins import HUGGING_FACE
from changes import columns, dark, transposed, wavenet_columns
from classifier_twins import EXACT_GELU
from flax import nnx
from twins import Twin

from netspec import layers as L
from netspec.modules.activation import FUNCTIONS
from netspec.modules.transformer_encoder import SelfAttention
from netspec.run.traced import UNDRAWN


def sinusoids(places, width):
    """Sines, then cosines, of geometrically falling rates down to one in ten thousand: ``(places, width)``."""
    rates = 10000.0 ** (-np.arange(width // 2) / (width // 2 - 1))
    phases = np.arange(places)[:, None] * rates
    return jnp.asarray(np.concatenate([np.sin(phases), np.cos(phases)], axis=1), jnp.float32)


def gpt2(modules, input_ids):
    for module in modules:
        input_ids = module(input_ids)
    return {"logits": input_ids}


def t5(modules, input_ids, attention_mask, decoder_input_ids):
    """What the mask hides lies at the end and is left out, for no output is behind it."""
    embed, encoder, lookup, decoder, head = modules
    x, table = embed(input_ids[:, : np.asarray(attention_mask).sum()])
    return {"logits": head(decoder(lookup(decoder_input_ids, table), encoder(x)), table)}


def without_tied(tensors):
    """Each tensor under its first name, which the layers share."""
    read = {name: tensors[name] for name in tensors}
    return {name: x for name, x in read.items() if not re.search(r"embed_tokens|lm_head", name)}


#: The parts of T5: positions and biases as Raffel et al. have them, in the small sizes of the case.
T5 = {
    "attention": L.Attention(positions="t5", bias=False, scaled=False),
    "norm": "rms",
    "norm_epsilon": 1e-6,
    "mlp": "relu",
    "mlp_bias": False,
}


def whisper(modules, features, decoder_input_ids):
    *stem, encoder, embed, decoder, norm, head = modules
    audio = jnp.moveaxis(features, 1, -1)[:, :, None]
    for convolution in stem:
        audio = convolution(audio)
    audio = encoder(audio[:, :, 0] + sinusoids(50, 32))
    text = norm(decoder(embed(decoder_input_ids), audio))
    return {"logits": head(text), "encoder_last_hidden_state": audio}


def mamba(modules, input_ids):
    embed, stack, norm, head = modules
    return {"logits": head(norm(stack(embed(input_ids))))}


def wavenet(modules, samples):
    start, *stacks, first, last = modules
    x, total = start(samples)[:, :, None], 0
    for stack in stacks:
        for layer in stack.layers:
            x, skip = layer(x)
            total = total + skip
    return {"output": jnp.moveaxis(last(first(nnx.relu(total)))[:, :, 0], -1, 1)}


def highway(modules, input):
    for module in modules:
        input = module(input)
    return {"output": input}


def nerf(modules, position, direction):
    along, view, field = modules
    unit = direction / jnp.linalg.norm(direction, axis=-1, keepdims=True)
    return field(along(position), view(unit))


def sequence_primitives(modules, input):
    linear, norm, attention = modules
    found = {"linear": linear(input), "layer_norm": norm(input), "attention": attention(input)}
    attention.causal = True
    arguments = {"relu6": 3, "hardswish": 2, "hardsigmoid": 2}
    ours = {"gelu_tanh": "gelu", "hardswish": "hard_swish", "hardsigmoid": "hard_sigmoid"}
    for name in ("relu", "relu6", "gelu_tanh", "silu", "hardswish", "hardsigmoid", "sigmoid", "tanh"):
        found[name] = FUNCTIONS[ours.get(name, name)](arguments.get(name, 1) * input)
    return found | {"attention_causal": attention(input)}


def autoencoder(modules, input):
    first, both, third, last = modules
    mean, log_variance = jnp.split(both(first(input)), 2, axis=-1)
    return {"mean": mean, "log_variance": log_variance, "reconstruction": last(third(mean))}


TWINS = {
    "tiny_gpt2_a": Twin(
        (
            L.TokenPositionEmbed(100, 32, 32),
            L.TransformerEncoder(32, 4, 128, 2, causal=True),
            L.LMHead(32, 100),
        ),
        change=transposed(r"c_(attn|proj|fc)\.weight"),
        forward=gpt2,
        gradients=True,
    ),
    "tiny_llama": Twin(
        (
            L.TokenPositionEmbed(128, 64, 64, learned_positions=False),
            L.TransformerEncoder(
                64,
                4,
                160,
                2,
                causal=True,
                attention=L.Attention(positions="rope", rope_pairs="halves", bias=False),
                norm="rms",
                norm_epsilon=1e-6,
                mlp="swiglu",
                mlp_bias=False,
            ),
            L.LMHead(64, 128, bias=False),
        ),
        order=(
            (
                r".*layers\.\d+\.",
                ("input_layernorm", "q_proj", "k_proj", "v_proj", "o_proj", "post_attention", "gate", "up", "down"),
            ),
        ),
        forward=gpt2,
        gradients=True,
    ),
    "tiny_t5": Twin(
        (
            L.TokenPositionEmbed(100, 16, 32, learned_positions=False, table="tokens"),
            L.TransformerEncoder(32, 4, 64, 2, **T5),
            L.SharedEmbed(100, 32, "tokens"),
            L.TransformerDecoder(32, 4, 64, 2, 0, memory="memory", causal=True, final_norm=True, **T5),
            L.LMHead(32, 100, bias=False, table="tokens", scaled=True),
        ),
        order=(
            (r".*layer\.\d\.", ("layer_norm", r"\.q$", r"\.k$", r"\.v$", r"\.o$", r"\.wi$", r"\.wo$")),
            (r"(encoder|decoder)", (r"block\.\d+\.layer\.\d\.(?!.*relative)", "final_layer_norm", "relative")),
        ),
        change=without_tied,
        forward=t5,
        gradients=True,
    ),
    "tiny_whisper_a": Twin(
        (
            L.Conv2d(16, 32, 3, activation="gelu"),
            L.Conv2d(32, 32, 3, activation="gelu", stride=2),
            L.TransformerEncoder(32, 4, 64, 2),
            L.TokenPositionEmbed(100, 32, 32),
            L.TransformerDecoder(32, 4, 64, 2, 0, memory="audio", causal=True),
            partial(UNDRAWN.layer_norm, 32),
            L.LMHead(32, 100),
        ),
        order=(HUGGING_FACE,),
        change=columns,
        forward=whisper,
        activations=EXACT_GELU | {"relu": EXACT_GELU["gelu"]},
        gradients=True,
    ),
    "tiny_mamba_a": Twin(
        (
            partial(nnx.Embed, 64, 32),
            L.MambaBlock(32, 8, 2, 2),
            partial(nnx.RMSNorm, 32, epsilon=1e-5),
            L.LMHead(32, 64),
        ),
        order=(
            ("()", ("embeddings", r"layers\.\d\.norm", "mixer")),
            (r".*mixer\.", ("in_proj", "conv1d", "x_proj", "dt_proj", "A_log", r"mixer\.D")),
        ),
        forward=mamba,
        gradients=True,
    ),
    "tiny_wavenet": Twin(
        (
            L.OneHotDense(32, 12),
            L.WaveNetBlock(12, 16, 4),
            L.WaveNetBlock(12, 16, 4),
            L.Conv2d(16, 24, 1),
            L.Conv2d(24, 32, 1, activation="identity"),
        ),
        order=((r"\w+_convs\.(\d)", ("filter", "gate", "residual", "skip")),),
        change=wavenet_columns,
        forward=wavenet,
        gradients=True,
    ),
    "highway_50": Twin(
        (L.Dense(784, 50, "relu"), *[L.Highway(50)] * 10, L.Dense(50, 10)),
        order=(("()", ("first",)), (r"(?:plain|gate)\.(\d)", ("plain", "gate"))),
        forward=highway,
        gradients=True,
    ),
    "nerf_small": Twin(
        (L.PositionalEncoding(3, 4), L.PositionalEncoding(3, 2), L.NeRFMLP(24, 12, 64)),
        order=(("()", ("pts", "alpha", "feature", "views", "rgb")),),
        # There the layer that sees the direction is half as wide as the others, here 128 in any case.
        change=dark({r"views": (128, None), r"rgb.*weight": (None, 128)}),
        forward=nerf,
        behind={"density": lambda x: np.maximum(x, 0), "rgb": lambda x: 1 / (1 + np.exp(-x))},
    ),
    "primitives_sequence": Twin(
        (
            L.Dense(16, 12),
            partial(UNDRAWN.layer_norm, 16),
            partial(SelfAttention, L.TransformerEncoder(16, 4, 32, 1), UNDRAWN),
        ),
        forward=sequence_primitives,
    ),
    "vae_mlp": Twin(
        (L.Dense(784, 400, "relu"), L.Dense(400, 40), L.Dense(20, 400, "relu"), L.Dense(400, 784, "sigmoid")),
        forward=autoencoder,
        gradients=True,
    ),
}
