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

_NAMES = {"qkv": "qkv", "out": "proj"}
DISTILLED = Table(
    rules=(
        Rule("layers.0.conv", "patch_embed.proj"),
        Rule("layers.2.tokens", ("cls_token", "dist_token"), lead=1, stacked=True),
        Rule("layers.3.table.0", "pos_embed", lead=1),
        Rule("layers.4.blocks.{b}.norm{k}", "blocks.{b}.norm{k}"),
        Rule("layers.4.blocks.{b}.attention.{p:qkv|out}", "blocks.{b}.attn.{N[p]}"),
        Rule("layers.4.blocks.{b}.fc{k}", "blocks.{b}.mlp.fc{k}"),
        Rule("layers.4.norm", "norm"),
        Rule("layers.5.branches.{k}.layers.1", "{('head', 'head_dist')[k]}"),
    ),
    words={"N": _NAMES},
)

_LAYER = "encoder.layer.{b}"
DINOV2 = Table(
    rules=(
        Rule("layers.0.conv", "embeddings.patch_embeddings.projection"),
        Rule("layers.2.unread", "embeddings.mask_token"),
        Rule("layers.3.tokens", "embeddings.cls_token", lead=1),
        Rule("layers.4.table.0", "embeddings.position_embeddings", lead=1),
        Rule("layers.5.blocks.{b}.norm{k}", _LAYER + ".norm{k}"),
        Rule("layers.5.blocks.{b}.attention.qkv", tuple(_LAYER + f".attention.{part}_proj" for part in "qkv")),
        Rule("layers.5.blocks.{b}.attention.out", _LAYER + ".attention.o_proj"),
        Rule("layers.5.blocks.{b}.ends.{k}.layers.0.scale", _LAYER + ".layer_scale{k + 1}.lambda1"),
        Rule("layers.5.blocks.{b}.fc{k}", _LAYER + ".mlp.fc{k}"),
        Rule("layers.5.norm", "layernorm"),
    ),
)

TABLES = {
    "timm_distilled": DISTILLED,
    "dinov2": DINOV2,
    "timm_vit": TIMM,
    "torchvision_vit": TORCHVISION,
    "transformers_vit": TRANSFORMERS,
}
