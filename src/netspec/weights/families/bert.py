"""BERT, RoBERTa, DistilBERT and ELECTRA of transformers."""

from netspec.weights.rules import Rule, Table


def _bert(prefix: str = "", *further: Rule) -> Table:
    block, embeddings = prefix + "encoder.layer.{b}", prefix + "embeddings"
    attention = tuple(block + f".attention.self.{part}" for part in ("query", "key", "value"))
    return Table(
        rules=(
            Rule("layers.0.tokens", f"{embeddings}.word_embeddings"),
            Rule("layers.0.positions", f"{embeddings}.position_embeddings.weight"),
            Rule("layers.0.segments.0", f"{embeddings}.token_type_embeddings.weight"),
            Rule("layers.0.norm.layers.0", f"{embeddings}.LayerNorm"),
            Rule("layers.{s}.blocks.{b}.norm1", block + ".attention.output.LayerNorm"),
            Rule("layers.{s}.blocks.{b}.norm2", block + ".output.LayerNorm"),
            Rule("layers.{s}.blocks.{b}.attention.qkv", attention),
            Rule("layers.{s}.blocks.{b}.attention.out", block + ".attention.output.dense"),
            Rule("layers.{s}.blocks.{b}.fc1", block + ".intermediate.dense"),
            Rule("layers.{s}.blocks.{b}.fc2", block + ".output.dense"),
            *further,
        ),
        buffers=(r".*position_ids", r".*embeddings\.token_type_ids"),
    )


def _distilbert() -> Table:
    block = "transformer.layer.{b}"
    attention = tuple(block + f".attention.{part}_lin" for part in "qkv")
    return Table(
        rules=(
            Rule("layers.0.tokens", "embeddings.word_embeddings"),
            Rule("layers.0.positions", "embeddings.position_embeddings.weight"),
            Rule("layers.0.norm.layers.0", "embeddings.LayerNorm"),
            Rule("layers.1.blocks.{b}.norm{k}", block + ".{('sa', 'output')[k - 1]}_layer_norm"),
            Rule("layers.1.blocks.{b}.attention.qkv", attention),
            Rule("layers.1.blocks.{b}.attention.out", block + ".attention.out_lin"),
            Rule("layers.1.blocks.{b}.fc{k}", block + ".ffn.lin{k}"),
        ),
    )


TABLES = {
    "bert": _bert("", Rule("layers.2.heads.1.layers.1.linear", "pooler.dense")),
    "bert_classifier": _bert("bert.", Rule("layers.3.linear", "bert.pooler.dense"), Rule("layers.4", "classifier")),
    "distilbert": _distilbert(),
    "electra": _bert("", Rule("layers.1", "embeddings_project")),
}
