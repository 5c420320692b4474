"""LLaVA of transformers."""

from netspec.weights.rules import Rule, Table

_TOWER = "model.vision_tower."


def _tower(place: int, number: str) -> tuple[Rule, ...]:
    path, block = f"layers.{place}.layers.0.blocks.{{b}}", f"{_TOWER}encoder.layers.{number}"
    return (
        Rule(f"{path}.norm{{k}}", block + ".layer_norm{k}"),
        Rule(f"{path}.attention.qkv", tuple(f"{block}.self_attn.{part}_proj" for part in "qkv")),
        Rule(f"{path}.attention.out", f"{block}.self_attn.out_proj"),
        Rule(f"{path}.fc{{k}}", block + ".mlp.fc{k}"),
    )


_BLOCK = "model.language_model.layers.{b}"
LLAVA = Table(
    rules=(
        Rule("layers.0.conv", f"{_TOWER}embeddings.patch_embedding"),
        Rule("layers.2.tokens", f"{_TOWER}embeddings.class_embedding", lead=-1),
        Rule("layers.3.table.0", f"{_TOWER}embeddings.position_embedding.weight"),
        Rule("layers.4", f"{_TOWER}pre_layrnorm"),
        *_tower(5, "{b}"),
        *_tower(7, "{v_count}"),
        Rule("layers.7.layers.0.norm", f"{_TOWER}post_layernorm"),
        Rule("layers.11.linear", "model.multi_modal_projector.linear_1"),
        Rule("layers.12", "model.multi_modal_projector.linear_2"),
        Rule("layers.15.tokens", "model.language_model.embed_tokens"),
        Rule("layers.17.blocks.{b}.norm1", _BLOCK + ".input_layernorm"),
        Rule("layers.17.blocks.{b}.norm2", _BLOCK + ".post_attention_layernorm"),
        Rule("layers.17.blocks.{b}.attention.qkv", tuple(_BLOCK + f".self_attn.{part}_proj" for part in "qkv")),
        Rule("layers.17.blocks.{b}.attention.out", _BLOCK + ".self_attn.o_proj"),
        Rule("layers.17.blocks.{b}.fc1", (_BLOCK + ".mlp.gate_proj", _BLOCK + ".mlp.up_proj")),
        Rule("layers.17.blocks.{b}.fc2", _BLOCK + ".mlp.down_proj"),
        Rule("layers.17.norm", "model.language_model.norm"),
        Rule("layers.18.heads.0.layers.0", "lm_head"),
    ),
    numbers={"v": "layers.5.layers.0.blocks.{b}"},
    buffers=(r".*position_ids", r".*rotary_emb\.inv_freq"),
    # Files written before the library put its parts under ``model``.
    earlier=(
        (r"^language_model\.lm_head", "lm_head"),
        (r"^language_model\.model", "model.language_model"),
        (r"^vision_tower\.vision_model", "model.vision_tower"),
        (r"^multi_modal_projector", "model.multi_modal_projector"),
    ),
)
PROJECTOR = Table(rules=(Rule("layers.0.linear", "linear_1"), Rule("layers.1", "linear_2")))

TABLES = {"llava": LLAVA, "llava_projector": PROJECTOR}
