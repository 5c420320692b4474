"""CLIP of transformers and open_clip."""

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


def _open_tower(place: str, name: str) -> tuple[Rule, ...]:
    path, block = f"layers.{place}.blocks.{{b}}", f"{name}transformer.resblocks.{{b}}"
    return (
        Rule(f"{path}.norm{{k}}", block + ".ln_{k}"),
        Rule(f"{path}.attention.qkv", block + ".attn.in_proj_"),
        Rule(f"{path}.attention.out", block + ".attn.out_proj"),
        Rule(f"{path}.fc{{k}}", block + ".mlp.{('c_fc', 'c_proj')[k - 1]}"),
    )


#: The text is read by the last layers, in front of the heads.
_OF_TEXT = (
    Rule("layers.0.unread", "logit_scale"),
    Rule("layers.{last-4}.tokens", "token_embedding"),
    Rule("layers.{last-4}.positions", "positional_embedding"),
    *_open_tower("{last-3}", ""),
    Rule("layers.{last-3}.norm", "ln_final"),
    Rule("layers.{last-1}.kernel", "text_projection", layout="io"),
)
_BUFFERS = (r"attn_mask",)
OPEN_CLIP = Table(
    rules=(
        *_OF_TEXT,
        Rule("layers.1.conv", "visual.conv1"),
        Rule("layers.3.tokens", "visual.class_embedding", lead=-1),
        Rule("layers.4.table.0", "visual.positional_embedding"),
        Rule("layers.5", "visual.ln_pre"),
        *_open_tower("6", "visual."),
        Rule("layers.6.norm", "visual.ln_post"),
        Rule("layers.7.kernel", "visual.proj", layout="io"),
    ),
    buffers=_BUFFERS,
)

_STAGE = "layers.{s}.copies.0.layers.{b}.copies.0.layers.0"
_PLACE = "visual.layer{s - 4}.{b}"
OPEN_CLIP_RESNET = Table(
    rules=(
        *_OF_TEXT,
        Rule("layers.{i:[123]}.{p:conv|norm}", "visual.{N[p]}{i}"),
        # A pool may stand in front of the last convolution, and of the shortcut's.
        Rule(f"{_STAGE}.body.layers.{{k}}.{{p:conv|norm}}", _PLACE + ".{N[p]}{min(k, 2) + 1}"),
        Rule(f"{_STAGE}.shortcut.layers.{{k}}.{{p:conv|norm}}", _PLACE + ".downsample.{'01'[p == 'norm']}"),
        Rule("layers.{i}.table.0", "visual.attnpool.positional_embedding"),
        Rule("layers.{i}.{q:query|key|value|out}", "visual.attnpool.{'c' if q == 'out' else q[0]}_proj"),
    ),
    words={"N": {"conv": "conv", "norm": "bn"}, "min": min},
    buffers=_BUFFERS,
)

TABLES = {"clip": CLIP, "open_clip": OPEN_CLIP, "open_clip_resnet": OPEN_CLIP_RESNET}
