"""VGG and AlexNet of torchvision: a running number of features, and three dense maps."""

from netspec.weights.rules import Table

TABLES: dict[str, Table] = {}
