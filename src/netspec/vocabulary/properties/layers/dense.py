"""What must hold of dense maps and what is made of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.layers import dense
from netspec.vocabulary.programs import compiled, pullback
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

SIZES, DILATIONS = (3, 5, 7, 3), (1, 1, 1, 4)

_dendrite = compiled(dense.dendrite_branches, 2, 5)
_mlp = compiled(dense.mlp, 2)


def _same(x: Any) -> Any:
    return x


def _branches(case: Case, channels: int, tokens: int) -> tuple[Any, ...]:
    """Arguments of the branches that the document draws: three sizes, and one that is spread."""
    kernels = [case.normal(size, channels, 2, seed=index) for index, size in enumerate(SIZES)]
    x = case.normal(2, tokens, channels, seed=9)
    return x, kernels, DILATIONS, case.normal(len(SIZES), seed=10), case.normal(2, seed=11)


def _convolved(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The same-padded convolution, a product for each place of the kernel."""
    reach = len(kernel) // 2
    padded = np.pad(x, ((0, 0), (reach, reach), (0, 0)))
    out: np.ndarray = sum(padded[:, at : at + x.shape[1]] @ each for at, each in enumerate(kernel))
    return out


def _merged(dendrite: Implementation, case: Case) -> float:
    """Without activation: one kernel that spans the widest branch."""
    x, kernels, dilations, weights, bias = _branches(case, case.channels, case.tokens)
    reach = max(dilation * (size // 2) for size, dilation in zip(SIZES, DILATIONS, strict=True))
    merged = np.zeros((2 * reach + 1, case.channels, 2))
    for weight, kernel, dilation in zip(weights, kernels, dilations, strict=True):
        side = dilation * (len(kernel) // 2)
        merged[reach - side : reach + side + 1 : dilation] += weight * kernel
    found = compiled(dendrite, 2, 5)(x, kernels, dilations, weights, bias, _same)
    return apart(found, _convolved(x, merged) + bias)


def _one_branch(dendrite: Implementation, case: Case) -> float:
    """A weight of one for a branch and of zero for the others."""
    x, kernels, dilations, _, bias = _branches(case, 3, 6)
    found = compiled(dendrite, 2, 5)(x, kernels, dilations, np.eye(len(SIZES))[1], bias, jnp.tanh)
    return apart(found, np.tanh(_convolved(x, kernels[1])) + bias)


def _averaged(x: Any, kernels: Any, dilations: Any, weights: Any, bias: Any, act: Any) -> Any:
    return _dendrite(x, kernels, dilations, np.full(len(kernels), 1 / len(kernels)), 0 * bias, act)


def _unspread(x: Any, kernels: Any, dilations: Any, weights: Any, bias: Any, act: Any) -> Any:
    return _dendrite(x, kernels, (1,) * len(kernels), weights, bias, act)


DENDRITE = Term(
    "dendrite-branch",
    dense.dendrite_branches,
    (
        Property(
            "Without an activation it is one convolution, with the weighted sum of the kernels.",
            _merged,
            1e-12,
            (
                Mistake("the mean of the branches, without weights and bias", _averaged, line=1322),
                Mistake("no dilation", _unspread),
            ),
        ),
        Property(
            "A weight of one for a branch and zero for the others leaves that branch and the bias.",
            _one_branch,
            1e-13,
            (Mistake("the mean of the branches, without weights and bias", _averaged),),
        ),
    ),
)


def _stack(case: Case, channels: int, batch: int) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    widths = (channels, 5, 3, 2)
    layers = [
        (case.normal(fan_in, out, seed=index), case.normal(out, seed=10 + index))
        for index, (fan_in, out) in enumerate(pairwise(widths))
    ]
    return case.normal(batch, channels, seed=20), layers


def _affine(mlp: Implementation, case: Case) -> float:
    """Identity between the layers: one affine map."""
    x, layers = _stack(case, case.channels, case.batch)
    kernel, bias = np.eye(case.channels), np.zeros(case.channels)
    for each, offset in layers:
        kernel, bias = kernel @ each, bias @ each + offset
    return apart(compiled(mlp, 2)(x, layers, _same), x @ kernel + bias)


def _by_units(mlp: Implementation, case: Case) -> float:
    """Unit by unit in numpy."""
    x, layers = _stack(case, 4, 3)
    h = x
    for index, (kernel, bias) in enumerate(layers):
        h = np.stack([[row @ unit for unit in kernel.T] for row in h]) + bias
        h = np.maximum(h, 0) if index < len(layers) - 1 else h
    return apart(compiled(mlp, 2)(x, layers, jax.nn.relu), h)


def _active_end(x: Any, layers: Any, activation: Any) -> Any:
    return activation(_mlp(x, layers, activation))


def _no_bias(x: Any, layers: Any, activation: Any) -> Any:
    return _mlp(x, [(kernel, 0 * bias) for kernel, bias in layers], activation)


MLP = Term(
    "mlp",
    dense.mlp,
    (
        Property(
            "With the identity as activation it is one affine map.",
            _affine,
            1e-12,
            (Mistake("no biases", _no_bias),),
        ),
        Property(
            "Each unit is the activation of its weighted sum, and the last layer has none.",
            _by_units,
            1e-13,
            (Mistake("an activation after the last layer", _active_end), Mistake("no biases", _no_bias)),
        ),
    ),
)


def _masked(case: Case) -> tuple[np.ndarray, ...]:
    """A square kernel, so that its transpose has the same shape."""
    shape = (case.channels + 1, case.channels + 1)
    mask = (case.uniform(*shape, seed=1) > 0.6).astype(float)
    mask[0, 1] = 1 - mask[1, 0]
    return case.normal(case.batch, shape[0]), case.normal(*shape, seed=2), mask, case.normal(shape[1], seed=3)


def _as_sparse(sparse: Implementation, case: Case) -> float:
    """The product of a sparse matrix that keeps nothing but the connections."""
    x, kernel, mask, bias = _masked(case)
    kept = scipy.sparse.csr_array(kernel.T * mask.T)
    return apart(compiled(sparse)(x, kernel, mask, bias), (kept @ x.T).T + bias)


def _gradient_masked(sparse: Implementation, case: Case) -> float:
    """The gradient of the kernel, by the outer products of inputs and cotangents."""
    x, kernel, mask, bias = _masked(case)
    cotangent = case.normal(case.batch, kernel.shape[1], seed=4)
    found = pullback(sparse, 1)(cotangent, x, kernel, mask, bias)
    return apart(found, mask * (x.T @ cotangent))


def _transposed(x: Any, kernel: Any, mask: Any, bias: Any) -> Any:
    return x @ (kernel * mask.T) + bias


def _inverted(x: Any, kernel: Any, mask: Any, bias: Any) -> Any:
    return x @ (kernel * (1 - mask)) + bias


def _forward_only(x: Any, kernel: Any, mask: Any, bias: Any) -> Any:
    return x @ (kernel + jax.lax.stop_gradient(kernel * mask - kernel)) + bias


SPARSE = Term(
    "sparse-linear",
    dense.sparse_linear,
    (
        Property(
            "It is the product with a sparse matrix of the connections that are kept.",
            _as_sparse,
            1e-13,
            (
                Mistake("the mask transposed", _transposed),
                Mistake("the mask upside down", _inverted),
            ),
        ),
        Property(
            "Weights that the mask drops get no gradient, the others that of the dense map.",
            _gradient_masked,
            1e-13,
            (Mistake("a mask in the forward pass only", _forward_only),),
        ),
    ),
)


def _pair(case: Case, channels: int, batch: int) -> tuple[np.ndarray, ...]:
    first, second = case.normal(batch, channels), case.normal(batch, channels, seed=1)
    return first, second, case.normal(channels, channels, 3, seed=2), case.normal(3, seed=3)


def _outer(bilinear: Implementation, case: Case) -> float:
    """A dense map of the outer product."""
    first, second, kernel, bias = _pair(case, case.channels + 1, case.batch)
    products = np.stack([np.kron(a, c) for a, c in zip(first, second, strict=True)])
    return apart(compiled(bilinear)(first, second, kernel, bias), products @ kernel.reshape(-1, 3) + bias)


def _linear_in_each(bilinear: Implementation, case: Case) -> float:
    """f(a + a', c) − f(0, c) is the sum of its parts, and so for c."""
    first, second, kernel, bias = _pair(case, 4, 3)
    a, c = case.normal(*first.shape, seed=4), case.normal(*second.shape, seed=5)

    def at(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.asarray(compiled(bilinear)(one, other, kernel, bias)) - bias

    return max(
        apart(at(first + a, second), at(first, second) + at(a, second)),
        apart(at(first, second + c), at(first, second) + at(first, c)),
    )


def _swapped(a: Any, c: Any, kernel: Any, bias: Any) -> Any:
    return np.einsum("bi,ijk,bj->bk", c, kernel, a) + bias


def _of_the_sum(a: Any, c: Any, kernel: Any, bias: Any) -> Any:
    return (a + c) @ kernel[:, 0] + bias


BILINEAR = Term(
    "bilinear",
    dense.bilinear,
    (
        Property(
            "It is a dense map of the outer product of its inputs.",
            _outer,
            1e-12,
            (
                Mistake("inputs swapped", _swapped),
                Mistake("a dense map of the sum of both", _of_the_sum),
            ),
        ),
        Property(
            "It is linear in each input while the other stays.",
            _linear_in_each,
            1e-12,
            (Mistake("a dense map of the sum of both", _of_the_sum),),
        ),
    ),
)
