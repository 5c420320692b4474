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

_BLOCK = "vit.layers.{b}"
#: Files written before the library renamed the parts of its attention.
_ATTENTION = (
    (r"attention\.attention\.([qkv])(uery|ey|alue)", r"attention.\1_proj"),
    (r"attention\.output\.dense", "attention.o_proj"),
)
TRANSFORMERS = Table(
    rules=(
        Rule("layers.0.class_token", "vit.embeddings.cls_token", lead=1),
        Rule("layers.0.position_table", "vit.embeddings.position_embeddings", lead=1),
        Rule("layers.0.projection", "vit.embeddings.patch_embeddings.projection"),
        Rule("layers.1.blocks.{b}.norm{k}", _BLOCK + ".layernorm_{('before', 'after')[k - 1]}"),
        Rule("layers.1.blocks.{b}.attention.qkv", tuple(f"{_BLOCK}.attention.{part}_proj" for part in "qkv")),
        Rule("layers.1.blocks.{b}.attention.out", _BLOCK + ".attention.o_proj"),
        Rule("layers.1.blocks.{b}.fc{k}", _BLOCK + ".mlp.fc{k}"),
        Rule("layers.1.norm", "vit.layernorm"),
        Rule("layers.2", "classifier"),
    ),
    earlier=(
        (r"encoder\.layer\.", "layers."),
        *_ATTENTION,
        (r"intermediate\.dense", "mlp.fc1"),
        (r"(layers\.[0-9]+)\.output\.dense", r"\1.mlp.fc2"),
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
    earlier=_ATTENTION,
)

TABLES = {
    "timm_distilled": DISTILLED,
    "dinov2": DINOV2,
    "timm_vit": TIMM,
    "torchvision_vit": TORCHVISION,
    "transformers_vit": TRANSFORMERS,
}
