"""DCGAN of the PyTorch examples; pix2pix and CycleGAN of their released code."""

from netspec.weights.rules import Rule, Table

GENERATOR = Table(rules=(Rule("layers.{k}.{p:conv|norm}", "main.{3 * k + (p == 'norm')}"),))
DISCRIMINATOR = Table(rules=(Rule("layers.{k}.{p:conv|norm}", "main.{3 * k - (k > 0) + (p == 'norm')}"),))


def _nested(level: int) -> str:
    """The block at ``level`` of a U-Net whose blocks are inside each other."""
    return "model" if level == 0 else "model.model.1" + ".model.3" * (level - 1)


def _conv(c: int, count: int) -> str:
    """The name of the ``c``-th of ``count`` convolutions, down and up."""
    depth = count // 2
    if c < depth:
        return f"{_nested(c)}.model.{int(c > 0)}"
    level = count - 1 - c
    return f"{_nested(level)}.model.{5 if 0 < level < depth - 1 else 3}"


def _norm(n: int, count: int) -> str:
    """That of the ``n``-th of ``count`` norms: all levels but the first have one up, all but the last one down."""
    depth = (count + 3) // 2
    if n < depth - 2:
        return f"{_nested(n + 1)}.model.2"
    level = count - n
    return f"{_nested(level)}.model.{6 if level < depth - 1 else 4}"


PIX2PIX = Table(
    rules=(Rule("layers.{a}.conv", "{conv(c, c_count)}"), Rule("layers.{a}.norm", "{norm(n, n_count)}")),
    numbers={"c": "layers.{a}.conv", "n": "layers.{a}.norm"},
    words={"conv": _conv, "norm": _norm},
)

# There, each activation is a place of its own, and edges are padded in one.
CYCLEGAN = Table(
    rules=(
        Rule("layers.{a}.conv", "model.{a + c}"),
        Rule("layers.{a}.norm", "model.{a + n}"),
        Rule("layers.{r}.body.layers.{k}.conv", "model.{r + 3}.conv_block.{k + (k > 1)}"),
        Rule("layers.{r}.body.layers.{k}.norm", "model.{r + 3}.conv_block.{k + (k > 2)}"),
    ),
    numbers={"c": "layers.{a}.conv", "n": "layers.{a}.norm"},
)

PATCH = Table(
    rules=(Rule("layers.{k}.{p:conv|norm}", "model.{3 * k - (k > 0) + (p == 'norm')}"),),
)
PATCH_INSTANCE = Table(rules=(Rule("layers.{a}.conv", "model.{3 * c - (c > 0)}"),), numbers={"c": "layers.{a}.conv"})

TABLES = {
    "dcgan_generator": GENERATOR,
    "dcgan_discriminator": DISCRIMINATOR,
    "pix2pix": PIX2PIX,
    "cyclegan": CYCLEGAN,
    "patchgan": PATCH,
    "patchgan_instance": PATCH_INSTANCE,
}
