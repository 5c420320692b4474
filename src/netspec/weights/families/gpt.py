"""GPT-1 and GPT-2 of transformers, whose ``Conv1D`` keeps inputs first."""

from netspec.weights.rules import Rule, Table


def _gpt(positions: str, tokens: str) -> Table:
    block = "transformer.h.{b}"
    return Table(
        rules=(
            Rule("layers.0.tokens", f"transformer.{tokens}"),
            Rule("layers.0.positions", f"transformer.{positions}.weight"),
            Rule("layers.1.blocks.{b}.norm{k}", block + ".ln_{k}"),
            Rule("layers.1.blocks.{b}.attention.qkv", block + ".attn.c_attn", layout="io"),
            Rule("layers.1.blocks.{b}.attention.out", block + ".attn.c_proj", layout="io"),
            Rule("layers.1.blocks.{b}.fc1", block + ".mlp.c_fc", layout="io"),
            Rule("layers.1.blocks.{b}.fc2", block + ".mlp.c_proj", layout="io"),
            Rule("layers.1.norm", "transformer.ln_f"),
        ),
        tied={"lm_head.weight": f"transformer.{tokens}.weight"},
        buffers=(r".*\.attn\.(masked_)?bias", r".*\.position_ids"),
    )


TABLES = {"gpt2": _gpt("wpe", "wte"), "gpt1": _gpt("positions_embed", "tokens_embed")}
