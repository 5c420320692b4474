"""Segment Anything of transformers: the image encoder, the mask decoder, and both with the prompts between."""

from netspec.weights.rules import Rule, Table

_PIECES = {"query": (0, 1, 3), "key_value": (1, 3, 3)}


def _encoder(prefix: str) -> tuple[Rule, ...]:
    """Patches, then two layers of the listing for each block."""
    block, path = prefix + "layers.{(b - 1) // 2}", "layers.{b}.body.layers"
    return (
        Rule("layers.0.projection", f"{prefix}patch_embed.projection"),
        Rule("layers.0.position_table", f"{prefix}pos_embed", lead=1, square=True),
        Rule(f"{path}.0", block + ".layer_norm{1 + (b - 1) % 2}"),
        *(Rule(f"{path}.1.{name}", block + ".attn.qkv", piece=piece) for name, piece in _PIECES.items()),
        Rule(f"{path}.1.out", block + ".attn.proj"),
        Rule(f"{path}.1.tables.{{k}}", block + ".attn.rel_pos_{'hw'[k]}"),
        Rule(f"{path}.1.linear", block + ".mlp.lin1"),
        Rule(f"{path}.2", block + ".mlp.lin2"),
    )


ENCODER = Table(
    rules=(
        *_encoder(""),
        Rule("layers.{last-3}.conv", "neck.conv1"),
        Rule("layers.{last-2}", "neck.layer_norm1"),
        Rule("layers.{last-1}.conv", "neck.conv2"),
        Rule("layers.{last}", "neck.layer_norm2"),
    ),
)


def _decoder(prefix: str) -> tuple[Rule, ...]:
    """Blocks are counted by ``b``; of the parts of the last layers, and of its tokens, the names are given."""
    path, name = "layers.{s}.copies.0.layers", f"{prefix}transformer.layers.{{b}}"
    part, mlp = "{q:query|key|value|out}", "{N[q]}_proj"
    cross = ".cross_attn_{('', 'token_to_image', '', '', 'image_to_token')[k // 2]}."
    hyper, quality = "layers.{i}.branches.{m}.layers", "layers.{last}.heads.1.layers"
    depth = "{'proj_in' if d == 0 else 'proj_out' if d == d_count - 1 else 'layers.' + str(d - 1)}"
    return (
        Rule(f"{path}.0.{part}", f"{name}.self_attn.{mlp}"),
        Rule(f"{path}.0.body.layers.0.{part}", f"{name}.self_attn.{mlp}"),
        Rule(f"{path}.{{k:[28]}}.body.layers.0.{part}", name + cross + mlp),
        Rule(f"{path}.4.body.layers.0.linear", f"{name}.mlp.lin1"),
        Rule(f"{path}.4.body.layers.1", f"{name}.mlp.lin2"),
        Rule(f"{path}.{{k:[1359]}}", name + ".layer_norm{(0, 1, 0, 2, 0, 3, 0, 0, 0, 4)[k]}"),
        Rule(f"layers.{{i}}.body.layers.0.{part}", f"{prefix}transformer.final_attn_token_to_image.{mlp}"),
        Rule(f"{hyper}.1.linear", f"{prefix}output_hypernetworks_mlps.{{m}}.proj_in"),
        Rule(f"{hyper}.2.linear", f"{prefix}output_hypernetworks_mlps.{{m}}.layers.0"),
        Rule(f"{hyper}.3", f"{prefix}output_hypernetworks_mlps.{{m}}.proj_out"),
        Rule(f"{quality}.{{j}}.linear", f"{prefix}iou_prediction_head.{depth}"),
        Rule(f"{quality}.{{j}}", f"{prefix}iou_prediction_head.proj_out"),
        Rule("layers.{i}.conv", "{C[c]}"),
        Rule("layers.{i}.tokens", "{T[t]}"),
        Rule("layers.{i}", "{L[n]}"),
    )


NUMBERS = {
    "b": "layers.{s}.copies",
    "c": "layers.{i}.conv",
    "d": "layers.{last}.heads.1.layers.{j}",
    "n": "layers.{i}.scale",
    "t": "layers.{i}.tokens",
    "u": "layers.{i}.unread",
}
WORDS = {"N": {"query": "q", "key": "k", "value": "v", "out": "out"}, "str": str}


def _names(prefix: str, neck: str = "") -> dict[str, tuple[str, ...]]:
    """Convolutions, norms and tokens in the order of the listing."""
    body = (1, 2) if neck else ()
    return {
        "C": (*(f"{neck}conv{k}" for k in body), f"{prefix}upscale_conv1", f"{prefix}upscale_conv2"),
        "L": (
            *(f"{neck}layer_norm{k}" for k in body),
            f"{prefix}transformer.layer_norm_final_attn",
            f"{prefix}upscale_layer_norm",
        ),
        "T": (
            *(("prompt_encoder.not_a_point_embed.weight",) if neck else ()),
            f"{prefix}mask_tokens.weight",
            f"{prefix}iou_token.weight",
        ),
    }


_MASK = "prompt_encoder.mask_embed."
_PARTS = ("conv1", "conv2", "conv3", "layer_norm1", "layer_norm2")
_UNREAD = {"U": tuple(f"{_MASK}{name}.{part}" for name in _PARTS for part in ("weight", "bias"))}
SAM = Table(
    rules=(
        *_encoder("vision_encoder."),
        Rule("layers.{i}.shift", "prompt_encoder.no_mask_embed.weight", lead=1),
        Rule("layers.{i}.unread", "{U[u]}"),
        Rule("layers.{i}.body.layers.0.matrix", "shared_image_embedding.positional_embedding"),
        Rule(
            "layers.{i}.branches.1.layers.1.tokens",
            tuple(f"prompt_encoder.point_embed.{kind}" for kind in range(4)),
            stacked=True,
        ),
        *_decoder("mask_decoder."),
    ),
    numbers=NUMBERS,
    words=WORDS | _UNREAD | _names("mask_decoder.", "vision_encoder.neck."),
    tied={"prompt_encoder.shared_embedding.positional_embedding": "shared_image_embedding.positional_embedding"},
)
DECODER = Table(_decoder(""), NUMBERS, WORDS | _names(""))

TABLES = {"sam": SAM, "sam_encoder": ENCODER, "sam_decoder": DECODER}
