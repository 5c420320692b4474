"""Encoders with decoders: BART and Whisper of transformers, ``torch.nn.Transformer``."""

from netspec.weights.rules import Rule, Table


def _attention(path: str, name: str, *, key_bias: bool = True) -> tuple[Rule, ...]:
    """That of a decoder, whose queries are a map of their own; without the bias of the keys, that of the values is
    alone.
    """
    rules = (
        Rule(f"{path}.query", f"{name}.q_proj"),
        Rule(f"{path}.key_value", (f"{name}.k_proj", f"{name}.v_proj")),
        Rule(f"{path}.out", f"{name}.out_proj"),
    )
    return rules if key_bias else (*rules, Rule(f"{path}.biases.0", f"{name}.v_proj"))


def _encoder(path: str, name: str, *, key_bias: bool = True) -> tuple[Rule, ...]:
    fused = Rule(f"{path}.attention.qkv", tuple(f"{name}.self_attn.{part}_proj" for part in "qkv"))
    apart = Rule(f"{path}.attention.biases.0", (f"{name}.self_attn.q_proj", f"{name}.self_attn.v_proj"))
    return (
        Rule(f"{path}.norm1", f"{name}.self_attn_layer_norm"),
        Rule(f"{path}.norm2", f"{name}.final_layer_norm"),
        fused,
        *(() if key_bias else (apart,)),
        Rule(f"{path}.attention.out", f"{name}.self_attn.out_proj"),
        Rule(f"{path}.fc{{k}}", name + ".fc{k}"),
    )


def _decoder(path: str, name: str, *, key_bias: bool = True) -> tuple[Rule, ...]:
    return (
        Rule(f"{path}.norm{{k}}", name + ".{('self_attn', 'encoder_attn', 'final')[k - 1]}_layer_norm"),
        *_attention(f"{path}.own", f"{name}.self_attn", key_bias=key_bias),
        *_attention(f"{path}.cross", f"{name}.encoder_attn", key_bias=key_bias),
        Rule(f"{path}.fc{{k}}", name + ".fc{k}"),
    )


BART = Table(
    rules=(
        Rule("layers.0.tokens", "shared"),
        Rule("layers.0.positions", "encoder.embed_positions.weight"),
        Rule("layers.0.norm.layers.0", "encoder.layernorm_embedding"),
        *_encoder("layers.1.blocks.{b}", "encoder.layers.{b}"),
        Rule("layers.5.table.0", "decoder.embed_positions.weight"),
        Rule("layers.6", "decoder.layernorm_embedding"),
        *_decoder("layers.7.blocks.{b}", "decoder.layers.{b}"),
    ),
    tied={"encoder.embed_tokens.weight": "shared.weight", "decoder.embed_tokens.weight": "shared.weight"},
)

WHISPER = Table(
    rules=(
        Rule("layers.{k:[12]}.conv", "model.encoder.conv{k}", layout="conv1d"),
        *_encoder("layers.5.blocks.{b}", "model.encoder.layers.{b}", key_bias=False),
        Rule("layers.5.norm", "model.encoder.layer_norm"),
        Rule("layers.8.tokens", "model.decoder.embed_tokens"),
        Rule("layers.8.positions", "model.decoder.embed_positions.weight"),
        *_decoder("layers.9.blocks.{b}", "model.decoder.layers.{b}", key_bias=False),
        Rule("layers.9.norm.layers.0", "model.decoder.layer_norm"),
    ),
    tied={"proj_out.weight": "model.decoder.embed_tokens.weight"},
    buffers=(r"model\.encoder\.embed_positions\.weight",),
)

_E, _D = "encoder.layers.{b}", "decoder.layers.{b}"
TORCH = Table(
    rules=(
        Rule("layers.0.blocks.{b}.norm{k}", _E + ".norm{k}"),
        Rule("layers.0.blocks.{b}.attention.qkv", _E + ".self_attn.in_proj_"),
        Rule("layers.0.blocks.{b}.attention.out", _E + ".self_attn.out_proj"),
        Rule("layers.0.blocks.{b}.fc{k}", _E + ".linear{k}"),
        Rule("layers.0.norm", "encoder.norm"),
        Rule("layers.3.blocks.{b}.norm{k}", _D + ".norm{k}"),
        Rule("layers.3.blocks.{b}.{p:own|cross}.query", _D + ".{N[p]}.in_proj_", piece=(0, 1, 3)),
        Rule("layers.3.blocks.{b}.{p:own|cross}.key_value", _D + ".{N[p]}.in_proj_", piece=(1, 3, 3)),
        Rule("layers.3.blocks.{b}.{p:own|cross}.out", _D + ".{N[p]}.out_proj"),
        Rule("layers.3.blocks.{b}.fc{k}", _D + ".linear{k}"),
        Rule("layers.3.norm.layers.0", "decoder.norm"),
    ),
    words={"N": {"own": "self_attn", "cross": "multihead_attn"}},
)

TABLES = {"bart": BART, "whisper": WHISPER, "torch_transformer": TORCH}
