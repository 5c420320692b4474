"""Optimizers that a recipe can name: a table of builders, what is put around them, and what a loop must give them."""

from train.optimizers.around import following, sharpness_aware, slowed_on_plateau
from train.optimizers.rule import Rule, after, plain
from train.optimizers.table import BUILDERS, core

__all__ = ["BUILDERS", "Rule", "after", "core", "following", "plain", "sharpness_aware", "slowed_on_plateau"]
