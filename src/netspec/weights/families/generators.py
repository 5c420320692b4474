"""U-Nets, generators and discriminators."""

from netspec.weights.rules import Rule, Table

_WORDS = {"N": {"conv": 0, "norm": 1}}


def _name(n: int, count: int) -> str:
    """The name of a pair of convolutions: the first, those on the way down, those on the way up."""
    depth = (count - 1) // 2
    return "inc" if n == 0 else f"down.{n - 1}" if n <= depth else f"conv.{n - 1 - depth}"


def _unet(normed: bool) -> Table:
    step = 3 if normed else 2
    return Table(
        rules=(
            Rule(
                "layers.{i}.copies.0.layers.{k}.{p:conv|norm}",
                f"{{D(n, n_count)}}.double_conv.{{{step} * k + N[p]}}",
            ),
            Rule("layers.{last}.conv", "outc"),
            Rule("layers.{i}.conv", "up.{u}"),
        ),
        numbers={"n": "layers.{i}.copies.0", "u": "layers.{i}.conv"},
        words=_WORDS | {"D": _name},
    )


GENERATOR = Table(
    rules=(Rule("layers.{i}.{p:conv|norm}", "main.{3 * i + N[p]}"),),
    words=_WORDS,
)
#: The first convolution has no norm.
DISCRIMINATOR = Table(
    rules=(
        Rule("layers.0.conv", "main.0"),
        Rule("layers.{i}.{p:conv|norm}", "main.{3 * i - 1 + N[p]}"),
    ),
    words=_WORDS,
)
PATCH_GAN = Table(
    rules=(
        Rule("layers.0.conv", "model.0"),
        Rule("layers.{i}.{p:conv|norm}", "model.{3 * i - 1 + N[p]}"),
    ),
    words=_WORDS,
)

#: Pads and norms without parameters have places in the library's list, too.
CYCLEGAN = Table(
    rules=(
        Rule("layers.{i}.body.layers.1.conv", "model.{10 + b}.conv_block.1"),
        Rule("layers.{i}.body.layers.{k}.conv", "model.{10 + b}.conv_block.5"),
        Rule("layers.{i}.conv", "model.{(1, 4, 7, 10 + b_count, 13 + b_count, 17 + b_count)[c]}"),
    ),
    numbers={"b": "layers.{i}.body", "c": "layers.{i}.conv"},
)

TABLES = {
    "cyclegan": CYCLEGAN,
    "unet_bn": _unet(normed=True),
    "unet": _unet(normed=False),
    "dcgan_generator": GENERATOR,
    "dcgan_discriminator": DISCRIMINATOR,
    "patch_gan": PATCH_GAN,
}
