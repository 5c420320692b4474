"""What the diagram writes into boxes: a layer's fields in a few words, shapes, counts, and the colour of its idiom."""

from __future__ import annotations

from dataclasses import MISSING, fields

from netspec.layers import Attention, Layer, Primitive, Several, Value

_CONVOLUTION, _ATTENTION, _DENSE, _RECURRENT, _FREE = "convolution", "attention", "dense", "sequence", "no parameters"

#: Fill and outline of each kind of idiom, in the order of the legend.
COLOURS = {
    _CONVOLUTION: ("#dbe9fb", "#4a78b5"),
    _ATTENTION: ("#e9e0f8", "#7a57b3"),
    _DENSE: ("#dff1dc", "#4c9150"),
    _RECURRENT: ("#fbe6d0", "#b97a2e"),
    _FREE: ("#eceef2", "#868e9c"),
}

_KINDS = {
    **dict.fromkeys(
        ("transformer_encoder", "transformer_decoder", "swin_stage", "evoformer_block", "structure_module"), _ATTENTION
    ),
    **dict.fromkeys(("hopfield", "invariant_point_attention"), _ATTENTION),
    **dict.fromkeys(
        ("dense", "highway", "lm_head", "token_position_embed", "detr_heads", "nerf_mlp", "time_cond_add"), _DENSE
    ),
    **dict.fromkeys(("patch_embed", "patch_merging", "dynamic_routing"), _DENSE),
    **dict.fromkeys(("mamba_block", "wave_net_block", "recurrent"), _RECURRENT),
}

#: Fields that say how often a block is repeated inside one layer: shown beside its name.
_REPEATS = ("n_blocks", "n_layers", "n_units")
#: Pairs of fields that read best together, as ``from → to``.
_FLOWS = {
    ("in_channels", "out_channels"): "{} → {}",
    ("in_features", "out_features"): "{} → {}",
    ("in_channels", "width"): "{} → {}",
    ("vocabulary", "width"): "{} → {}",
    ("width", "vocabulary"): "{} → {}",
    ("reduce_3x3", "conv_3x3"): "3×3: {} → {}",
    ("reduce_5x5", "conv_5x5"): "5×5: {} → {}",
}
_WORDS = {
    "in_channels": "in {0}",
    "in_features": "in {0}",
    "kernel": "{0}×{0}",
    "window": "{0}×{0} window",
    "patch": "{0}×{0} patches",
    "n_patches": "{0} in all",
    "scale": "×{0}",
    "expand": "expand ×{0}",
    "first_stride": "stride {0}",
    "squeeze_from": "squeeze from {0}",
    "conv_1x1": "1×1: {0}",
    "pool_1x1": "pool: {0}",
    "norm": "{0} norm",
    "placement": "{0}-norm",
    "gelu": "{0} gelu",
    "table": "shared as {0}",
    "norm_epsilon": "epsilon {0:g}",
}

#: Fields whose pairs of sizes need their name.
_SIDES = ("padding", "stride", "dilation", "output_padding")

#: What a part that is a value says of each of its fields.
_PARTS = {
    "kv_heads": "{0} kv heads",
    "head_width": "heads of {0}",
    "positions": "{0}",
    "window": "window of {0}",
    "ahead": "{0} ahead",
    "bias": "no biases",
    "key_bias": "keys without bias",
    "scaled": "not scaled",
    "rope_base": "base {0:,}",
    "rope_pairs": "pairs in {0}",
    "buckets": "{0} buckets",
    "max_distance": "up to {0}",
    "kernel": "{0}",
    "pattern": "{0!r}",
    "latent": "latent of {0}",
    "max_tokens": "{0} positions",
}


def kind(layer: Primitive) -> str:
    """The kind of idiom, a key of :data:`COLOURS`."""
    return _KINDS.get(layer.primitive) or (_CONVOLUTION if layer.params() else _FREE)


def repeats(layer: Layer) -> int:
    """How many blocks one layer of the listing stands for."""
    return next((getattr(layer, name) for name in _REPEATS if hasattr(layer, name)), 1)


def arguments(layer: Layer) -> str:
    """The fields that the listing gives, in words, parted by ``" · "``: ``"6 → 16 · 5×5 · valid"``."""
    given = {f.name: getattr(layer, f.name) for f in fields(layer) if getattr(layer, f.name) != f.default}
    required = {f.name for f in fields(layer) if f.default is MISSING}
    for name in _REPEATS:
        given.pop(name, None)
    words = []
    reads = getattr(layer, "reads", ())
    for name, value in dict(given).items():
        flow = next((pair for pair in _FLOWS if name == pair[0] and pair[0] in given and pair[1] in given), None)
        if flow:
            words.append(_FLOWS[flow].format(given.pop(flow[0]), given.pop(flow[1])))
            continue
        if name not in given:
            continue
        plain = name.replace("_", " ").replace("1x1", "1×1").replace("3x3", "3×3")
        if name in _WORDS and value not in reads and not isinstance(value, tuple):
            words.append(_WORDS[name].format(value))
        elif isinstance(value, Attention):
            changed = (f for f in fields(value) if getattr(value, f.name) != f.default)
            words += [_PARTS[f.name].format(getattr(value, f.name)) for f in changed]
        elif isinstance(value, bool):
            words.append(plain if value else f"no {plain}")
        elif isinstance(value, str):
            if value not in reads:
                words.append(value.replace("_", " "))
        elif isinstance(value, tuple):
            size = "×".join(map(str, value))
            words.append(f"{plain} {size}" if name in _SIDES else size)
        elif value:
            words.append(f"{plain.removeprefix('n ')} {value}")
        elif name not in required:
            words.append(f"no {plain}")
    return " · ".join(word for word in words if word != "stride 1")


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as figures print it: ``"28×28×6"``."""
    return "×".join(map(str, shape))


def value_lines(value: Value, prefix: str = "") -> list[str]:
    """One line per tensor, named where there are several, nested names joined with dots."""
    if not isinstance(value, Several):
        return [f"{prefix} {shape_text(value)}".strip()]
    return [line for name, part in value.items() for line in value_lines(part, f"{prefix}.{name}".strip("."))]
