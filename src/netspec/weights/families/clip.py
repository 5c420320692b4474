"""CLIP of transformers."""

from netspec.weights.rules import Rule, Table


def _tower(place: int, name: str) -> tuple[Rule, ...]:
    block = f"{name}.encoder.layers.{{b}}"
    return (
        Rule(f"layers.{place}.blocks.{{b}}.norm{{k}}", block + ".layer_norm{k}"),
        Rule(f"layers.{place}.blocks.{{b}}.attention.qkv", tuple(f"{block}.self_attn.{part}_proj" for part in "qkv")),
        Rule(f"layers.{place}.blocks.{{b}}.attention.out", f"{block}.self_attn.out_proj"),
        Rule(f"layers.{place}.blocks.{{b}}.fc{{k}}", block + ".mlp.fc{k}"),
    )


CLIP = Table(
    rules=(
        Rule("layers.0.unread", "logit_scale"),
        Rule("layers.1.conv", "vision_model.embeddings.patch_embedding"),
        Rule("layers.3.tokens", "vision_model.embeddings.class_embedding", lead=-1),
        Rule("layers.4.table.0", "vision_model.embeddings.position_embedding.weight"),
        Rule("layers.5", "vision_model.pre_layrnorm"),
        *_tower(6, "vision_model"),
        Rule("layers.6.norm", "vision_model.post_layernorm"),
        Rule("layers.7", "visual_projection"),
        Rule("layers.10.tokens", "text_model.embeddings.token_embedding"),
        Rule("layers.10.positions", "text_model.embeddings.position_embedding.weight"),
        *_tower(11, "text_model"),
        Rule("layers.11.norm", "text_model.final_layer_norm"),
        Rule("layers.13", "text_projection"),
    ),
    buffers=(r".*position_ids",),
)

TABLES = {"clip": CLIP}
