"""VGG and AlexNet of torchvision: features with a running number, then three dense maps."""

from netspec.weights.rules import Rule, Table


def _features(per_convolution: int, dense: tuple[int, int, int]) -> Table:
    """A convolution takes ``per_convolution`` places among the features, a pool one."""
    place = f"n + {per_convolution - 1} * c"
    return Table(
        rules=(
            Rule("layers.{n}.conv", f"features.{{{place}}}"),
            *((Rule("layers.{n}.norm", f"features.{{{place} + 1}}"),) if per_convolution == 3 else ()),
            *(
                Rule(f"layers.{{last-{2 - k}}}" + (".linear" if k < 2 else ""), f"classifier.{number}")
                for k, number in enumerate(dense)
            ),
        ),
        numbers={"c": "layers.{n}.conv"},
    )


ALEXNET_2012 = Table(
    rules=(
        Rule("layers.{n}.conv", "conv{c + 1}"),
        Rule("layers.{last-2}.linear", "fc6"),
        Rule("layers.{last-1}.linear", "fc7"),
        Rule("layers.{last}", "fc8"),
    ),
    numbers={"c": "layers.{n}.conv"},
)

TABLES = {
    "torchvision_vgg": _features(2, (0, 3, 6)),
    "torchvision_vgg_bn": _features(3, (0, 3, 6)),
    "torchvision_alexnet": _features(2, (1, 4, 6)),
    "alexnet_2012": ALEXNET_2012,
}
