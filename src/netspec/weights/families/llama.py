"""LLaMA of transformers, and those that are named like it."""

from dataclasses import replace

from netspec.weights.rules import Rule, Table

_BLOCK = "model.layers.{b}"
LLAMA = Table(
    rules=(
        Rule("layers.0.tokens", "model.embed_tokens"),
        Rule("layers.1.blocks.{b}.norm1", _BLOCK + ".input_layernorm"),
        Rule("layers.1.blocks.{b}.norm2", _BLOCK + ".post_attention_layernorm"),
        Rule("layers.1.blocks.{b}.attention.qkv", tuple(_BLOCK + f".self_attn.{part}_proj" for part in "qkv")),
        Rule("layers.1.blocks.{b}.attention.out", _BLOCK + ".self_attn.o_proj"),
        Rule("layers.1.blocks.{b}.fc1", (_BLOCK + ".mlp.gate_proj", _BLOCK + ".mlp.up_proj")),
        Rule("layers.1.blocks.{b}.fc2", _BLOCK + ".mlp.down_proj"),
        Rule("layers.1.norm", "model.norm"),
        Rule("layers.2", "lm_head"),
    ),
    buffers=(r".*rotary_emb\.inv_freq",),
)

TIED = replace(LLAMA, rules=LLAMA.rules[:-1], tied={"lm_head.weight": "model.embed_tokens.weight"})

TABLES = {"llama": LLAMA, "llama_tied": TIED}
