"""T5 of transformers, of both versions; the gated one has a head of its own."""

from netspec.weights.rules import Rule, Table


def _t5(gated: bool) -> Table:
    encoder, decoder = "encoder.block.{b}.layer", "decoder.block.{b}.layer"

    def stack(place: int, block: str, mlp: int) -> tuple[Rule, ...]:
        ours = f"layers.{place}.blocks.{{b}}"
        wide: str | tuple[str, ...] = f"{block}.{mlp}.DenseReluDense.wi"
        if gated:
            wide = (f"{wide}_0", f"{wide}_1")
        return (
            Rule(f"{ours}.norm{{k}}", block + ".{k - 1}.layer_norm"),
            Rule(f"{ours}.fc1", wide),
            Rule(f"{ours}.fc2", f"{block}.{mlp}.DenseReluDense.wo"),
        )

    def attention(path: str, block: str, kind: str) -> tuple[Rule, ...]:
        return (
            Rule(f"{path}.query", f"{block}.{kind}.q"),
            Rule(f"{path}.key_value", (f"{block}.{kind}.k", f"{block}.{kind}.v")),
            Rule(f"{path}.out", f"{block}.{kind}.o"),
        )

    table = "block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    return Table(
        rules=(
            Rule("layers.0.tokens", "shared"),
            *stack(1, encoder, 1),
            Rule("layers.1.blocks.{b}.attention.qkv", tuple(f"{encoder}.0.SelfAttention.{part}" for part in "qkv")),
            Rule("layers.1.blocks.{b}.attention.out", f"{encoder}.0.SelfAttention.o"),
            Rule("layers.1.tables.0", f"encoder.{table}"),
            Rule("layers.1.norm", "encoder.final_layer_norm"),
            *stack(5, decoder, 2),
            *attention("layers.5.blocks.{b}.own", f"{decoder}.0", "SelfAttention"),
            *attention("layers.5.blocks.{b}.cross", f"{decoder}.1", "EncDecAttention"),
            Rule("layers.5.tables.0", f"decoder.{table}"),
            Rule("layers.5.norm.layers.0", "decoder.final_layer_norm"),
            *((Rule("layers.6", "lm_head"),) if gated else ()),
        ),
        tied={"encoder.embed_tokens.weight": "shared.weight", "decoder.embed_tokens.weight": "shared.weight"}
        | ({} if gated else {"lm_head.weight": "shared.weight"}),
    )


TABLES = {"t5": _t5(gated=False), "t5_gated": _t5(gated=True)}
