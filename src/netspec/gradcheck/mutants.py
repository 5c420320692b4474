"""Deliberately wrong formulas, each of which the checks must find.

A mutant replaces one function of one file while a statement is checked; whatever is composed of that function is wrong
with it, so that a mistake in a piece is also looked for in what is built from it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from netspec.gradcheck import checks, layer_norm, linear, mistakes, softmax
from netspec.gradcheck.statements import STATEMENTS


@dataclass(frozen=True)
class Mutant:
    """``wrong`` takes the place of ``function`` in the file ``module`` while statement ``key`` is checked."""

    key: str
    mistake: str
    module: str
    function: str
    wrong: Callable
    kind: str = "ordinary"


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """The package with the mutant in it; without it again afterwards."""
    module = importlib.import_module(f"netspec.gradcheck.{mutant.module}")
    right = getattr(module, mutant.function)
    setattr(module, mutant.function, mutant.wrong)
    try:
        yield
    finally:
        setattr(module, mutant.function, right)


def findings(mutant: Mutant, seeds: Iterable[int] = (0, 1, 2)) -> list[checks.Check]:
    """The checks that fail with the mutant planted; none if it went unnoticed.

    Without jax, so by differences and structure alone: what is wrong must not need another implementation to be seen.
    """
    with planted(mutant):
        cases = [(STATEMENTS[mutant.key].case(mutant.kind, seed), np.random.default_rng(seed)) for seed in seeds]
        return [check for case in cases for check in checks.check(*case, with_jax=False) if not check.passed]


MUTANTS = (
    Mutant(
        "46",
        "Jacobian of the first row used for every row",
        "rules",
        "row_jacobian",
        lambda jacobian, a: mistakes.right_row_jacobian(lambda _: jacobian(a[0]), a),
    ),
    Mutant(
        "47",
        "outer backward taken at zero",
        "rules",
        "chain",
        mistakes.with_chain(lambda f, g: lambda x, dy: f.backward(x, g.backward(0 * f.forward(x), dy))),
    ),
    Mutant(
        "60",
        "backwards composed in the order of the maps",
        "rules",
        "chain",
        mistakes.with_chain(lambda f, g: lambda x, dy: g.backward(f.forward(x), f.backward(x, dy))),
    ),
    Mutant(
        "60",
        "outer backward taken at the input of the inner map",
        "rules",
        "chain",
        mistakes.with_chain(lambda f, g: lambda x, dy: f.backward(x, g.backward(x, dy))),
    ),
    Mutant(
        "48",
        "second summand's backward forgotten",
        "rules",
        "add",
        lambda first, second: replace(mistakes.right_add(first, second), backward=first.backward),
    ),
    Mutant(
        "61",
        "backwards of the summands averaged",
        "rules",
        "add",
        lambda first, second: replace(
            mistakes.right_add(first, second),
            backward=lambda x, dy: (first.backward(x, dy) + second.backward(x, dy)) / 2,
        ),
    ),
    Mutant("50", "scale squared", "linear", "scale_jacobian", lambda a, s: mistakes.right_scale_jacobian(a, s * s)),
    Mutant(
        "51",
        "Jacobian of the identity",
        "linear",
        "transpose_jacobian",
        lambda a: linear.identity_jacobian(a).reshape(*a.T.shape, *a.shape),
    ),
    Mutant(
        "54",
        "fixed factor transposed twice",
        "linear",
        "matmul_left",
        mistakes.with_backward(linear.matmul_left, lambda c: lambda b, dy: np.resize(c, c.T.shape) @ dy),
    ),
    Mutant(
        "55",
        "sign of the fixed factor lost",
        "linear",
        "matmul_right",
        mistakes.with_backward(linear.matmul_right, lambda d: lambda a, dy: dy @ np.abs(d).T),
    ),
    Mutant("56", "scale dropped", "linear", "scale", mistakes.with_backward(linear.scale, lambda s: lambda a, dy: dy)),
    Mutant("58", "every row's backward at the first row", "rules", "rows", mistakes.rows_of_the_first),
    Mutant(
        "59",
        "Jacobians multiplied in the wrong order",
        "rules",
        "chain_jacobian",
        lambda first, second, rank: np.tensordot(first, second, axes=rank),
    ),
    Mutant(
        "62", "diagonal without the rank-one term", "softmax", "jacobian", lambda z: np.diag(softmax.probabilities(z))
    ),
    Mutant(
        "63",
        "mean of the cotangent not weighted by p",
        "softmax",
        "backward",
        lambda z, dy: softmax.probabilities(z) * (dy - dy.mean()),
    ),
    Mutant("64", "cotangent not centred", "softmax", "backward", lambda z, dy: softmax.probabilities(z) * dy),
    Mutant("65", "1/√d dropped", "linear", "scale", mistakes.with_backward(linear.scale, lambda s: lambda a, dy: dy)),
    Mutant(
        "66",
        "1/√d applied twice",
        "linear",
        "scale",
        mistakes.with_backward(linear.scale, lambda s: lambda a, dy: s * s * dy),
    ),
    Mutant(
        "66",
        "softmax backward scaled by p twice",
        "softmax",
        "backward",
        lambda z, dy: softmax.probabilities(z) * mistakes.right_softmax_backward(z, dy),
    ),
    Mutant(
        "67",
        "weights not transposed",
        "linear",
        "matmul_left",
        mistakes.with_backward(linear.matmul_left, lambda c: lambda b, dy: np.resize(c, c.T.shape) @ dy),
    ),
    Mutant(
        "68",
        "gradient through keys and values forgotten",
        "rules",
        "matrix_product",
        mistakes.product_with_one_factor_fixed,
    ),
    Mutant("68", "heads' slabs in reverse order", "rules", "beside", mistakes.slabs_in_wrong_order),
    Mutant("68", "output projection not transposed", "dense", "backward", lambda w, dy: dy @ np.resize(w, w.T.shape)),
    Mutant("70", "class token's cotangent not cut off", "patch_embed", "behind", mistakes.silent_class_token),
    Mutant("72", "term of the mean missing", "layer_norm", "backward", mistakes.without_the_mean),
    Mutant("72", "term of the variance missing", "layer_norm", "backward", mistakes.without_the_variance),
    Mutant("72", "unbiased variance", "layer_norm", "backward", mistakes.unbiased_variance),
    Mutant("72", "epsilon outside the root", "layer_norm", "backward", mistakes.epsilon_outside_the_root),
    Mutant(
        "72",
        "gain forgotten",
        "layer_norm",
        "affine",
        mistakes.with_backward(layer_norm.affine, lambda gain, shift: lambda x, dy: dy),
    ),
    Mutant("74", "derivative of the exact GELU", "pointwise", "gelu_derivative", mistakes.exact_gelu_derivative),
    Mutant(
        "76",
        "inner derivative of the cubic term forgotten",
        "pointwise",
        "gelu_derivative",
        mistakes.without_the_cubic_term,
    ),
    Mutant(
        "77",
        "residual's identity forgotten",
        "rules",
        "residual",
        lambda body: replace(mistakes.right_residual(body), backward=body.backward),
    ),
    Mutant(
        "78",
        "residual's body forgotten",
        "rules",
        "residual",
        lambda body: replace(mistakes.right_residual(body), backward=lambda x, dy: dy),
    ),
    Mutant(
        "79", "MLP sublayer differentiated at the block's input", "transformer", "block", mistakes.mlp_before_attention
    ),
    Mutant(
        "80",
        "one block of the tower left out",
        "transformer",
        "tower",
        lambda blocks, tokens: replace(
            mistakes.right_tower(blocks, tokens), backward=mistakes.right_tower(blocks[:-1], tokens).backward
        ),
    ),
    Mutant("81", "term of the mean missing in every LayerNorm", "layer_norm", "backward", mistakes.without_the_mean),
    Mutant(
        "dense",
        "kernel gradient of the first row only",
        "dense",
        "kernel_backward",
        lambda x, dy: np.outer(x[0], dy[0]),
    ),
    Mutant("relu", "cotangent passed everywhere", "pointwise", "relu_derivative", np.ones_like),
    Mutant("relu", "subgradient one at the kink", "pointwise", "relu_derivative", lambda x: (x >= 0).astype(x.dtype)),
    Mutant(
        "softmax-cross-entropy",
        "target subtracted from the logits",
        "softmax",
        "cross_entropy_backward",
        lambda target, z, dy: (z - target) * dy,
    ),
    Mutant(
        "convolution",
        "kernel turned by 180 degrees",
        "convolution",
        "input_backward",
        mistakes.kernel_turned,
        "stride 2",
    ),
    Mutant(
        "convolution",
        "last position left out of the kernel gradient",
        "convolution",
        "kernel_backward",
        mistakes.one_position_short,
    ),
    Mutant("convolution", "bias gradient averaged", "convolution", "bias_backward", lambda dy: dy.mean(axis=(1, 2))),
    Mutant("depthwise", "channels rotated by one", "convolution", "input_backward", mistakes.kernel_channels_swapped),
    Mutant("max-pool", "equal maxima share the cotangent", "max_pool", "backward", mistakes.all_maxima_share),
    Mutant(
        "batch-norm",
        "statistics treated as constants",
        "layer_norm",
        "backward",
        lambda x, dy, eps: dy / (x.var() + eps) ** 0.5,
    ),
    Mutant("batch-norm", "gain gradient without x̂", "batch_norm", "gain_backward", lambda xhat, dy: dy.sum(axis=0)),
    Mutant(
        "squeeze-excite",
        "gate treated as a constant",
        "rules",
        "multiply",
        lambda first, second, terms=1: replace(
            mistakes.right_multiply(first, second, terms),
            backward=lambda x, dy: first.backward(x, dy * second.forward(x)),
        ),
    ),
)
