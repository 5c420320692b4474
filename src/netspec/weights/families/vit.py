"""Vision Transformers of timm, torchvision and transformers."""

from netspec.weights.rules import Rule, Table

TIMM = Table(
    rules=(
        Rule("layers.0.class_token", "cls_token", lead=1),
        Rule("layers.0.position_table", "pos_embed", lead=1),
        Rule("layers.0.projection", "patch_embed.proj"),
        Rule("layers.1.blocks.{b}.norm{k}", "blocks.{b}.norm{k}"),
        Rule("layers.1.blocks.{b}.attention.{p:qkv|out}", "blocks.{b}.attn.{'qkv' if p == 'qkv' else 'proj'}"),
        Rule("layers.1.blocks.{b}.fc{k}", "blocks.{b}.mlp.fc{k}"),
        Rule("layers.1.norm", "norm"),
        Rule("layers.2", "head"),
    ),
)

TORCHVISION = Table(
    rules=(
        Rule("layers.0.class_token", "class_token", lead=1),
        Rule("layers.0.position_table", "encoder.pos_embedding", lead=1),
        Rule("layers.0.projection", "conv_proj"),
        Rule("layers.1.blocks.{b}.norm{k}", "encoder.layers.encoder_layer_{b}.ln_{k}"),
        Rule("layers.1.blocks.{b}.attention.qkv", "encoder.layers.encoder_layer_{b}.self_attention.in_proj_"),
        Rule("layers.1.blocks.{b}.attention.out", "encoder.layers.encoder_layer_{b}.self_attention.out_proj"),
        Rule("layers.1.blocks.{b}.fc{k}", "encoder.layers.encoder_layer_{b}.mlp.{3 * (k - 1)}"),
        Rule("layers.1.norm", "encoder.ln"),
        Rule("layers.2", "heads.head"),
    ),
)

_BLOCK = "vit.encoder.layer.{b}"
_OF_ATTENTION = tuple(f"{_BLOCK}.attention.attention.{part}" for part in ("query", "key", "value"))
TRANSFORMERS = Table(
    rules=(
        Rule("layers.0.class_token", "vit.embeddings.cls_token", lead=1),
        Rule("layers.0.position_table", "vit.embeddings.position_embeddings", lead=1),
        Rule("layers.0.projection", "vit.embeddings.patch_embeddings.projection"),
        Rule("layers.1.blocks.{b}.norm{k}", _BLOCK + ".layernorm_{('before', 'after')[k - 1]}"),
        Rule("layers.1.blocks.{b}.attention.qkv", _OF_ATTENTION),
        Rule("layers.1.blocks.{b}.attention.out", _BLOCK + ".attention.output.dense"),
        Rule("layers.1.blocks.{b}.fc1", _BLOCK + ".intermediate.dense"),
        Rule("layers.1.blocks.{b}.fc2", _BLOCK + ".output.dense"),
        Rule("layers.1.norm", "vit.layernorm"),
        Rule("layers.2", "classifier"),
    ),
)

TABLES = {"timm_vit": TIMM, "torchvision_vit": TORCHVISION, "transformers_vit": TRANSFORMERS}
