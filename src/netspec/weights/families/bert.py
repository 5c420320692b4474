"""BERT, RoBERTa, DistilBERT and ELECTRA of transformers."""

from netspec.weights.rules import Rule, Table


def _bert(prefix: str = "") -> Table:
    block = prefix + "encoder.layer.{b}"
    embeddings = prefix + "embeddings"
    return Table(
        rules=(
            Rule("layers.0.tokens", f"{embeddings}.word_embeddings"),
            Rule("layers.0.positions", f"{embeddings}.position_embeddings.weight"),
            Rule("layers.0.segments", f"{embeddings}.token_type_embeddings.weight"),
            Rule("layers.0.norms.0", f"{embeddings}.LayerNorm"),
            Rule("layers.{s}.blocks.{b}.norm1", block + ".attention.output.LayerNorm"),
            Rule("layers.{s}.blocks.{b}.norm2", block + ".output.LayerNorm"),
            Rule(
                "layers.{s}.blocks.{b}.attention.qkv",
                tuple(block + f".attention.self.{part}" for part in ("query", "key", "value")),
            ),
            Rule("layers.{s}.blocks.{b}.attention.out", block + ".attention.output.dense"),
            Rule("layers.{s}.blocks.{b}.fc1", block + ".intermediate.dense"),
            Rule("layers.{s}.blocks.{b}.fc2", block + ".output.dense"),
        ),
        buffers=(r".*position_ids", r".*embeddings\.token_type_ids"),
    )


TABLES = {"bert": _bert()}
