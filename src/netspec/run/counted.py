"""Multiply-adds of a traced function."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from jax.extend.core import ClosedJaxpr, Jaxpr


def multiply_adds(jaxpr: Jaxpr) -> int:
    """Multiply-adds of all matrix products and convolutions of a traced function, loops as often as they run.

    Of alternatives, those of the costliest: a depthwise convolution is a sum of products elsewhere than here.

    Padded positions count, and a transposed convolution as many as the convolution it transposes, as in
    :meth:`netspec.layers.Primitive.macs`.
    """
    total = 0
    for equation in jaxpr.eqns:
        name, given = equation.primitive.name, equation.params
        if name == "dot_general":
            summed = math.prod(equation.invars[0].aval.shape[axis] for axis in given["dimension_numbers"][0][0])
            total += math.prod(equation.outvars[0].aval.shape) * summed
        elif name == "conv_general_dilated":
            kernel, layout = equation.invars[1].aval.shape, given["dimension_numbers"].rhs_spec
            window = math.prod(kernel[axis] for axis in layout[1:])
            total += math.prod(equation.outvars[0].aval.shape) * window // math.prod(given["lhs_dilation"])
        elif name == "cond":
            total += max(multiply_adds(branch) for branch in _inner(given["branches"]))
        else:
            times = given["length"] if name == "scan" else 1
            total += times * sum(multiply_adds(inner) for inner in _inner(tuple(given.values())))
    return total


def _inner(value: Any) -> Iterator[Jaxpr]:
    if isinstance(value, ClosedJaxpr):
        yield value.jaxpr
    elif isinstance(value, Jaxpr):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _inner(item)
