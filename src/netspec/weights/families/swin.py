"""Swin Transformers of torchvision and timm."""

from netspec.weights.rules import Rule, Table

WORDS = {"A": {"qkv": "qkv", "out": "proj"}}
_OURS = "layers.{s}.layers.{b}"


def _swin(embedding: str, norm: str, block: str, mlp: tuple[str, str], merging: str, ends: tuple[str, str]) -> Table:
    return Table(
        rules=(
            Rule("layers.0.conv", embedding),
            Rule("layers.1", norm),
            Rule(_OURS + ".norm{k}", block + ".norm{k}"),
            Rule(_OURS + ".attention.{p:qkv|out}", block + ".attn.{A[p]}"),
            Rule(_OURS + ".attention.bias_table", block + ".attn.relative_position_bias_table"),
            Rule(_OURS + ".fc{k}", block + ".{('" + "', '".join(mlp) + "')[k - 1]}"),
            Rule("layers.{s}.{p:reduction|norm}", merging + ".{p}"),
            Rule("layers.{last-2}", ends[0]),
            Rule("layers.{last}", ends[1]),
        ),
        words=WORDS,
        buffers=(r".*relative_position_index", r".*attn_mask"),
    )


TABLES = {
    "torchvision_swin": _swin(
        "features.0.0",
        "features.0.2",
        "features.{s - 1}.{b}",
        ("mlp.0", "mlp.3"),
        "features.{s - 1}",
        ("norm", "head"),
    ),
    "timm_swin": _swin(
        "patch_embed.proj",
        "patch_embed.norm",
        "layers.{s // 2 - 1}.blocks.{b}",
        ("mlp.fc1", "mlp.fc2"),
        "layers.{s // 2}.downsample",
        ("norm", "head.fc"),
    ),
}
