"""Optimizers: how parameters move by gradients. Each is an optax transformation: ``init`` a state, ``update`` by it.

SGD with momentum and AdamW are the trainer's, :func:`train.optimizer.make_optimizer`, as is the accumulation of
gradients, :func:`train.step.accumulated`.
"""

from netspec.vocabulary.optimizers.adaptive import adadelta, adafactor, adagrad, adam, rmsprop, sophia
from netspec.vocabulary.optimizers.around import lookahead, rates_by_group, sam
from netspec.vocabulary.optimizers.layerwise import lamb, lars, novograd
from netspec.vocabulary.optimizers.momentum import adan, lion, nesterov

__all__ = [
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adan",
    "lamb",
    "lars",
    "lion",
    "lookahead",
    "nesterov",
    "novograd",
    "rates_by_group",
    "rmsprop",
    "sam",
    "sophia",
]
