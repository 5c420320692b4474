"""QANet's encoder, as a stack of blocks or as one block."""

from netspec.weights.rules import Rule, Table


def _qanet(blocks: str) -> Table:
    """``blocks`` is what stands before the number of a block, or nothing where there is one."""
    each = "(c_count // f_count)"
    near = f"{blocks}{{c // {each}}}." if blocks else ""
    far = f"{blocks}{{f}}." if blocks else ""
    branch, encoder, place = "layers.{n}.body.layers", "layers.{n}.blocks.0", f"{{c % {each}}}"
    return Table(
        rules=(
            Rule(f"{branch}.0", f"{near}conv_norms.{place}"),
            Rule(f"{branch}.1.conv", f"{near}convs.{place}.depthwise", layout="conv1d"),
            Rule(f"{branch}.2.conv", f"{near}convs.{place}.pointwise", layout="conv1d"),
            Rule(f"{encoder}.norm{{i}}", far + "{('attn', 'ffn')[i - 1]}_norm"),
            Rule(f"{encoder}.attention.qkv", tuple(far + part for part in ("query", "key", "value"))),
            Rule(f"{encoder}.attention.out", f"{far}out"),
            Rule(f"{encoder}.fc{{i}}", far + "fc{i}"),
        ),
        numbers={"c": "layers.{n}.body", "f": "layers.{n}.blocks"},
    )


TABLES = {"qanet_stack": _qanet("blocks."), "qanet_block": _qanet("")}
