"""SegFormer and MiT of transformers."""

from netspec.weights.rules import Rule, Table

_OURS = "layers.{s}.copies.{b}.layers"


def _encoder(prefix: str, size: int = 5) -> tuple[Rule, ...]:
    """A stage is ``size`` layers of the listing."""
    block = f"{prefix}stages.{{s // {size}}}.blocks.{{b}}"

    def at(place: int) -> str:
        return "|".join(str(size * stage + place) for stage in range(4))

    reduced = block + ".attention.sequence_reduction"
    return (
        Rule(f"layers.{{s:{at(0)}}}.conv", f"{prefix}stages.{{s // {size}}}.patch_embeddings.proj"),
        Rule(f"layers.{{s:{at(1)}}}", f"{prefix}stages.{{s // {size}}}.patch_embeddings.layer_norm"),
        Rule(f"layers.{{s:{at(3)}}}", f"{prefix}stages.{{s // {size}}}.layer_norm"),
        Rule(_OURS + ".{k}.body.layers.0", block + ".layernorm_{('before', 'after')[k]}"),
        Rule(_OURS + ".0.body.layers.1.query", block + ".attention.q_proj"),
        Rule(_OURS + ".0.body.layers.1.key_value", (block + ".attention.k_proj", block + ".attention.v_proj")),
        Rule(_OURS + ".0.body.layers.1.out", block + ".attention.o_proj"),
        Rule(_OURS + ".0.body.layers.1.reduce.0", reduced + ".sequence_reduction"),
        Rule(_OURS + ".0.body.layers.1.reduce.1", reduced + ".layer_norm"),
        Rule(_OURS + ".1.body.layers.{i:1|4}", block + ".mlp.fc{1 + i // 4}"),
        Rule(_OURS + ".1.body.layers.2.conv", block + ".mlp.dwconv.dwconv"),
    )


#: Files written before the library renamed its stages and its attention.
EARLIER = (
    (r"encoder\.patch_embeddings\.([0-9]+)", r"stages.\1.patch_embeddings"),
    (r"encoder\.block\.([0-9]+)", r"stages.\1.blocks"),
    (r"encoder\.layer_norm\.([0-9]+)", r"stages.\1.layer_norm"),
    (r"attention\.self\.([qkv])(uery|ey|alue)", r"attention.\1_proj"),
    (r"attention\.self\.sr", "attention.sequence_reduction.sequence_reduction"),
    (r"attention\.self\.layer_norm", "attention.sequence_reduction.layer_norm"),
    (r"attention\.output\.dense", "attention.o_proj"),
    (r"mlp\.dense([12])", r"mlp.fc\1"),
    (r"layer_norm_1", "layernorm_before"),
    (r"layer_norm_2", "layernorm_after"),
    (r"decode_head\.linear_c", "decode_head.linear_projections"),
)

SEGFORMER = Table(
    rules=(
        *_encoder("segformer."),
        Rule("layers.20.branches.{k}.layers.1", "decode_head.linear_projections.{3 - k}.proj"),
        Rule("layers.21.conv", "decode_head.linear_fuse"),
        Rule("layers.21.norm", "decode_head.batch_norm"),
        Rule("layers.22.conv", "decode_head.classifier"),
    ),
    earlier=EARLIER,
)
MIT = Table(rules=(*_encoder("segformer.", 4), Rule("layers.17", "classifier")), earlier=EARLIER)

TABLES = {"segformer": SEGFORMER, "mit": MIT}
