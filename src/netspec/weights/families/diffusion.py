"""Denoisers and autoencoders of diffusers."""

from netspec.weights.rules import Layout, Rule, Table


def _block(r: int, count: int, levels: int) -> str:
    """The ``r``-th of ``count`` residual blocks of a U-Net of so many ``levels``: down, two in the middle, up."""
    n = ((count - 2) // levels - 1) // 2
    if r < levels * n:
        return _down(r, levels * n + 2, levels)
    return _up(r - levels * n, count - levels * n, levels)


def _down(r: int, count: int, levels: int) -> str:
    """The same of an encoder, whose middle is behind."""
    n = (count - 2) // levels
    return f"down_blocks.{r // n}.{{}}.{r % n}" if r < levels * n else f"mid_block.{{}}.{r - levels * n}"


def _up(r: int, count: int, levels: int) -> str:
    """The same of a decoder, whose middle is before."""
    n = (count - 2) // levels
    return f"mid_block.{{}}.{r}" if r < 2 else f"up_blocks.{(r - 2) // n}.{{}}.{(r - 2) % n}"


def _conv(c: int, count: int) -> str:
    """The ``c``-th of ``count`` convolutions between the blocks of a U-Net."""
    levels = count // 2
    if c < levels:
        return _encoder_conv(c, levels + 2)
    return "conv_out" if c == count - 1 else f"up_blocks.{c - levels}.upsamplers.0.conv"


def _encoder_conv(c: int, count: int) -> str:
    """Of an encoder, with its two last ones."""
    return {0: "conv_in", count - 2: "conv_out"}.get(c, f"down_blocks.{c - 1}.downsamplers.0.conv")


def _decoder_conv(c: int, count: int) -> str:
    """Of a decoder behind its first one."""
    return {1: "conv_in", count - 1: "conv_out"}.get(c, f"up_blocks.{c - 2}.upsamplers.0.conv")


def blocks(path: str, name: str) -> tuple[Rule, ...]:
    """Residual blocks at ``path``; ``name`` is an expression of what one is called, with a gap for its kind."""
    block = f"{path}.copies.0.layers"
    resnet, attention = (f"{{{name}.format('{kind}')}}" for kind in ("resnets", "attentions"))
    return (
        Rule(f"{block}.0.body.layers.{{k}}.norm", resnet + ".norm{1 + (k > 0)}"),
        Rule(f"{block}.0.body.layers.{{k}}.conv", resnet + ".conv{1 + (k > 1)}"),
        Rule(f"{block}.0.body.layers.{{k}}.projection", resnet + ".time_emb_proj"),
        Rule(f"{block}.0.shortcut.layers.0.conv", resnet + ".conv_shortcut"),
        Rule(f"{block}.1.body.layers.0.norm", attention + ".group_norm"),
        Rule(f"{block}.1.body.layers.1.{{w:query|key|value}}", attention + ".to_{w[0]}"),
        Rule(f"{block}.1.body.layers.1.out", attention + ".to_out.0"),
    )


#: What all denoisers have: how they are told the time, and what is between their blocks.
DENOISER = (
    Rule("layers.3.linear", "time_embedding.linear_1"),
    Rule("layers.4", "time_embedding.linear_2"),
    Rule("layers.{a}.conv", "{conv(c, c_count)}"),
    Rule("layers.{last-1}.norm", "conv_norm_out"),
)
NUMBERS = {"c": "layers.{a}.conv", "r": "layers.{a}.copies"}
WORDS = {"conv": _conv, "block": _block}
NAME = "block(r, r_count, c_count // 2)"


def _text(layout: Layout) -> tuple[Rule, ...]:
    """Transformers that read a text; ``layout`` is that of the maps around them."""
    path = "layers.{a}.copies.0.layers.1.body.layers"
    name = "{block(r, r_count, c_count // 2).format('attentions')}"
    block, ours = name + ".transformer_blocks.{b}", f"{path}.2.blocks.{{b}}"
    which = "{A[w]}"
    gate = block + ".ff.net.0.proj"
    return (
        Rule(f"{path}.0.norm", name + ".norm"),
        Rule(f"{path}.1", name + ".proj_in", layout=layout),
        Rule(f"{path}.3", name + ".proj_out", layout=layout),
        Rule(f"{ours}.norm{{k}}", block + ".norm{k}"),
        Rule(f"{ours}.{{w:own|cross}}.query", f"{block}.{which}.to_q"),
        Rule(f"{ours}.{{w:own|cross}}.key_value", (f"{block}.{which}.to_k", f"{block}.{which}.to_v")),
        Rule(f"{ours}.{{w:own|cross}}.out", f"{block}.{which}.to_out.0"),
        # There, the gate is the second half.
        Rule(f"{ours}.fc1", (gate, gate), pieces=((1, 2, 2), (0, 1, 2))),
        Rule(f"{ours}.fc2", block + ".ff.net.2"),
    )


def _unet(layout: Layout) -> Table:
    words = WORDS | {"A": {"own": "attn1", "cross": "attn2"}}
    return Table((*blocks("layers.{a}", NAME)[:4], *_text(layout), *DENOISER), NUMBERS, words)


_BACK = "layers.{last}.heads.1.layers"
AUTOENCODER = Table(
    rules=(
        *blocks("layers.{a}", "('encoder.' + down(r, r_count, c_count - 2))"),
        Rule("layers.{a}.conv", "{'quant_conv' if c + 1 == c_count else 'encoder.' + conv(c, c_count)}"),
        Rule("layers.{last-3}.norm", "encoder.conv_norm_out"),
        *blocks(f"{_BACK}.{{b}}", "('decoder.' + up(t, t_count, d_count - 2))"),
        Rule(f"{_BACK}.{{b}}.conv", "{'decoder.' + back(d, d_count) if d else 'post_quant_conv'}"),
        Rule(f"{_BACK}.{{b}}.norm", "decoder.conv_norm_out"),
    ),
    numbers=NUMBERS | {"d": f"{_BACK}.{{b}}.conv", "t": f"{_BACK}.{{b}}.copies"},
    words={"down": _down, "up": _up, "conv": _encoder_conv, "back": _decoder_conv},
)

TABLES = {
    "ddpm": Table((*blocks("layers.{a}", NAME), *DENOISER), NUMBERS, WORDS),
    "sd_unet": _unet("conv"),
    "sd2_unet": _unet("oi"),
    "autoencoder_kl": AUTOENCODER,
}
