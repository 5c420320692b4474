"""BERT, RoBERTa, DistilBERT and ELECTRA of transformers."""

from netspec.weights.rules import Rule, Table


def _bert(prefix: str = "", *further: Rule, tied: dict[str, str] | None = None) -> Table:
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
        tied=tied or {},
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


def _masked(at: str) -> tuple[Rule, ...]:
    """The head that guesses hidden tokens, whose map out is the token table."""
    start, *middle = at.split(".")
    paths = (
        [".".join([start, str(int(middle[0]) + i), *middle[1:]]) for i in range(3)]
        if len(middle) == 1
        else [f"{at}.{i}" for i in range(3)]
    )
    return (
        Rule(f"{paths[0]}.linear", "cls.predictions.transform.dense"),
        Rule(paths[1], "cls.predictions.transform.LayerNorm"),
        Rule(f"{paths[2]}.bias.0", "cls.predictions.bias"),
    )


_TIED = {
    "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
    "cls.predictions.decoder.bias": "cls.predictions.bias",
}
_OF_ROBERTA = (
    Rule("layers.2.linear", "lm_head.dense"),
    Rule("layers.3", "lm_head.layer_norm"),
    Rule("layers.4.bias.0", "lm_head.bias"),
)
_TIED_ROBERTA = {
    "lm_head.decoder.weight": "roberta.embeddings.word_embeddings.weight",
    "lm_head.decoder.bias": "lm_head.bias",
}
_PAIR = "layers.2.heads.1.layers"
_NSP = (Rule(f"{_PAIR}.1.linear", "bert.pooler.dense"), Rule(f"{_PAIR}.2", "cls.seq_relationship"))

TABLES = {
    "bert_masked": _bert("bert.", *_masked("layers.2"), tied=_TIED),
    "bert_pretraining": _bert("bert.", *_masked("layers.2.heads.0.layers"), *_NSP, tied=_TIED),
    "roberta_masked": _bert("roberta.", *_OF_ROBERTA, tied=_TIED_ROBERTA),
    "bert": _bert("", Rule("layers.2.heads.1.layers.1.linear", "pooler.dense")),
    "bert_classifier": _bert("bert.", Rule("layers.3.linear", "bert.pooler.dense"), Rule("layers.4", "classifier")),
    "distilbert": _distilbert(),
    "nystromformer": _bert("", Rule("layers.1.blocks.{b}.attention.near.0", "encoder.layer.{b}.attention.self.conv")),
    "nystromformer_masked": _bert(
        "nystromformer.",
        Rule("layers.1.blocks.{b}.attention.near.0", "nystromformer.encoder.layer.{b}.attention.self.conv"),
        *_masked("layers.2"),
        tied={key: name.replace("bert.", "nystromformer.") for key, name in _TIED.items()},
    ),
    "electra": _bert("", Rule("layers.1", "embeddings_project")),
}
