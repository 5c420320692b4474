"""Evoformer and invariant point attention of OpenFold."""

from netspec.weights.rules import Rule, Table


def _attention(ours: str, theirs: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(f"{ours}.{name}", f"{theirs}.linear_{letter}")
        for name, letter in (("query", "q"), ("key", "k"), ("value", "v"), ("gate", "g"), ("out", "o"))
    )


def _triangle(ours: str, theirs: str) -> tuple[Rule, ...]:
    return (
        Rule(f"{ours}.norm", f"{theirs}.layer_norm_in"),
        Rule(f"{ours}.product_norm", f"{theirs}.layer_norm_out"),
        Rule(f"{ours}.{{s:left|right}}", theirs + ".linear_{S[s]}_p"),
        Rule(f"{ours}.{{s:left|right}}_gate", theirs + ".linear_{S[s]}_g"),
        Rule(f"{ours}.gate", f"{theirs}.linear_g"),
        Rule(f"{ours}.out", f"{theirs}.linear_z"),
    )


def _evoformer(block: str, *further: Rule) -> Table:
    """``block`` is what the library calls block ``b``."""
    at, pairs = "layers.0.blocks.{b}", f"{block}.pair_stack"
    rows, columns = f"{block}.msa_att_row", f"{block}.msa_att_col._msa_att"
    around = tuple(
        rule
        for ours, theirs in (("starting", "start"), ("ending", "end"))
        for rule in (
            Rule(f"{at}.{ours}.norm", f"{pairs}.tri_att_{theirs}.layer_norm"),
            Rule(f"{at}.{ours}.bias.linear", f"{pairs}.tri_att_{theirs}.linear"),
            *_attention(f"{at}.{ours}.attention", f"{pairs}.tri_att_{theirs}.mha"),
        )
    )
    wider = tuple(
        rule
        for ours, theirs in (
            ("msa_transition", f"{block}.msa_transition"),
            ("pair_transition", f"{pairs}.pair_transition"),
        )
        for rule in (
            Rule(f"{at}.{ours}.norm", f"{theirs}.layer_norm"),
            Rule(f"{at}.{ours}.fc{{k}}", theirs + ".linear_{k}"),
        )
    )
    return Table(
        rules=(
            Rule(f"{at}.row_attention.norm", f"{rows}.layer_norm_m"),
            Rule(f"{at}.row_attention.pair_norm", f"{rows}.layer_norm_z"),
            Rule(f"{at}.row_attention.bias.linear", f"{rows}.linear_z"),
            *_attention(f"{at}.row_attention.attention", f"{rows}.mha"),
            Rule(f"{at}.column_attention.norm", f"{columns}.layer_norm_m"),
            *_attention(f"{at}.column_attention.attention", f"{columns}.mha"),
            Rule(f"{at}.outer_product_mean.norm", f"{block}.outer_product_mean.layer_norm"),
            Rule(f"{at}.outer_product_mean.left", f"{block}.outer_product_mean.linear_1"),
            Rule(f"{at}.outer_product_mean.right", f"{block}.outer_product_mean.linear_2"),
            Rule(f"{at}.outer_product_mean.out", f"{block}.outer_product_mean.linear_out"),
            *_triangle(f"{at}.outgoing", f"{pairs}.tri_mul_out"),
            *_triangle(f"{at}.incoming", f"{pairs}.tri_mul_in"),
            *around,
            *wider,
            *further,
        ),
        words={"S": {"left": "a", "right": "b"}},
    )


_IPA = {
    "query": "linear_q",
    "key_value": "linear_kv",
    "query_points": "linear_q_points.linear",
    "key_value_points": "linear_kv_points.linear",
    "pair_bias": "linear_b",
    "out": "linear_out",
    "head_weight": "head_weights",
}
IPA = Table(rules=tuple(Rule(f"layers.0.attention.{ours}", f"ipa.{theirs}") for ours, theirs in _IPA.items()))

TABLES = {
    "openfold_evoformer": _evoformer("blocks.{b}", Rule("layers.0.single", "linear")),
    "openfold_evoformer_block": _evoformer("block"),
    "openfold_ipa": IPA,
}
