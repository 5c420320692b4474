"""The layers that the chapter names as proved before it (section 10.3), whose theorems have no number here."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck import (
    batch_norm,
    convolution,
    dense,
    linear,
    pointwise,
    rules,
    softmax,
    squeeze_excite,
)
from netspec.gradcheck.rules import Array, Map
from netspec.gradcheck.statement import Argument, Case, Draw, Property, Statement, unit_jacobian
from netspec.gradcheck.statements import images
from netspec.gradcheck.statements.common import adjoint, close, exact, single, sizes
from netspec.gradcheck.statements.softmax import LARGE, TIED, logits
from netspec.gradcheck.statements.tokens import FAR, TINY

SECTION = "earlier chapters, as named in 10.3"


def _earlier(key: str, title: str, text: str, closed_form: str, draw: Draw, *kinds: str) -> Statement:
    return Statement(key, title, SECTION, text, closed_form, draw, ("ordinary", *kinds))


def _dense(rng: np.random.Generator, kind: str) -> Case:
    n, i, o = sizes(rng, 3)
    x, w, b = rng.standard_normal((n, i)), rng.standard_normal((i, o)), rng.standard_normal(o)
    functions = (dense.per_token(w, b), dense.of_kernel(x, b), dense.of_bias(x, w))
    arguments = [Argument(name, value, f) for name, value, f in zip("XWb", (x, w, b), functions, strict=True)]

    def properties() -> tuple[Property, ...]:
        one = np.zeros((n, o))
        one[0, 0] = 1
        return (
            adjoint(dense.of_kernel(x, 0 * b), w, rng),
            exact("kernel gradient is the outer product", functions[1].backward(w, one), np.outer(x[0], one[0])),
        )

    return Case(kind, tuple(arguments), properties)


def _relu(rng: np.random.Generator, kind: str) -> Case:
    x = rng.standard_normal(sizes(rng, 2))
    # Away from the kink by more than the longest step.
    x += 0.1 * np.sign(x)
    function = pointwise.relu()

    def properties() -> tuple[Property, ...]:
        j, same = unit_jacobian(function, x), np.eye(x.size).reshape(*x.shape, *x.shape)
        at_kink = function.backward(np.zeros(3), np.ones(3))
        return (
            exact("zero off the diagonal", j * (1 - same), 0.0),
            exact("idempotent", function.forward(function.forward(x)), function.forward(x)),
            exact("at the kink, subgradient zero", at_kink, 0.0),
            exact("at the kink, as the networks have it", at_kink, _relu_of_the_networks()),
            exact("the convention is the slope from the left", at_kink[0], _one_sided(function, -1e-3)),
        )

    return single(kind, "x", x, function, properties=properties)


def _one_sided(function: Map, h: float) -> float:
    return float((function.forward(np.array([h])) - function.forward(np.zeros(1)))[0] / h)


def _relu_of_the_networks() -> Array:
    import jax
    from flax import nnx

    return np.asarray(jax.grad(lambda x: nnx.relu(x).sum())(np.zeros(3, np.float32)))


def _cross_entropy(rng: np.random.Generator, kind: str) -> Case:
    (n,) = sizes(rng, 1, 3, 8)
    target = np.zeros(n)
    target[int(rng.integers(n))] = 1
    if kind == "smoothed and mixed targets":
        share = rng.uniform()
        target = 0.9 * (share * target + (1 - share) * np.roll(target, 1)) + 0.1 / n
    z = logits(rng, kind, n)
    function = softmax.cross_entropy(target)

    def properties() -> tuple[Property, ...]:
        dz = function.backward(z, np.ones(1))
        minimum = function.backward(np.log(target), np.ones(1)) if target.all() else np.zeros(n)
        return (
            close("gradient sums to zero", dz.sum(), 0.0, function.roundings, 1.0),
            close("no gradient where softmax meets the target", minimum, 0.0, function.roundings, 1.0),
            exact("loss not negative", np.minimum(function.forward(z), 0), 0.0),
        )

    return single(kind, "z", z, function, properties=properties)


def _batch_norm_training(rng: np.random.Generator, kind: str) -> Case:
    n, c = sizes(rng, 2, 3, 6)
    x, reach = rng.standard_normal((n, c)), 1.0
    if kind == TINY:
        x, reach = 1e-3 * x, 1e-3
    if kind == FAR:
        x += 1000
    gain, shift, eps = 1 + 0.3 * rng.standard_normal(c), rng.standard_normal(c), 1e-8 if kind == TINY else 1e-5
    xhat = batch_norm.standardized(x, *batch_norm.training_statistics(x), eps)
    function = batch_norm.training_by_input(n, gain, shift, eps)
    arguments = (
        Argument("x", x, function, reach=reach),
        Argument("gain", gain, batch_norm.by_gain(xhat, shift)),
        Argument("shift", shift, batch_norm.by_shift(gain * xhat)),
    )

    def properties() -> tuple[Property, ...]:
        dx = function.backward(x, rng.standard_normal(x.shape))
        size = float(np.abs(dx).max() * np.abs(x).max() / x.std(axis=0).min())
        return (close("gradients of a channel sum to zero", dx.sum(axis=0), 0.0, function.roundings, size),)

    return Case(kind, arguments, properties)


def _batch_norm_evaluation(rng: np.random.Generator, kind: str) -> Case:
    n, c = sizes(rng, 2, 3, 6)
    x, (mean, gain, shift) = rng.standard_normal((n, c)), rng.standard_normal((3, c))
    variance, eps = rng.uniform(0.5, 2, c), 1e-5
    xhat = batch_norm.standardized(x, mean, variance, eps)
    function = batch_norm.evaluation_by_input(mean, variance, gain, shift, eps)
    arguments = (
        Argument("x", x, function),
        Argument("gain", gain, batch_norm.by_gain(xhat, shift)),
        Argument("shift", shift, batch_norm.by_shift(gain * xhat)),
    )

    def properties() -> tuple[Property, ...]:
        dy, moved = rng.standard_normal(x.shape), x.copy()
        moved[0] += 1
        return (
            exact("affine: the same gradient everywhere", function.backward(moved, dy), function.backward(x, dy)),
            exact("examples do not mix", function.forward(moved)[1:], function.forward(x)[1:]),
        )

    return Case(kind, arguments, properties)


def _residual(rng: np.random.Generator, kind: str) -> Case:
    (c,) = sizes(rng, 1, 1, 3)
    x, b = images.image(rng, c), 0.5 * rng.standard_normal((2, c))
    w1, w2 = rng.standard_normal((2, c, c, 3, 3)) / 3
    body = rules.chain(convolution.by_input(w1, b[0], 1), pointwise.gelu(), convolution.by_input(w2, b[1], 1))
    function = rules.residual(body)
    if kind == "projected shortcut":
        function = rules.add(body, convolution.by_input(rng.standard_normal((c, c, 1, 1)), 0 * b[0], 1))

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(x.shape)
        silent = rules.residual(rules.chain(body, linear.scale(0.0)))
        return (exact("a silent body passes the cotangent on", silent.backward(x, dy), dy),)

    return single(kind, "x", x, function, properties=properties)


def _squeeze_excite(rng: np.random.Generator, kind: str) -> Case:
    (c,), (hidden,) = sizes(rng, 1, 2, 4), sizes(rng, 1, 2, 4)
    x = images.image(rng, c)
    w1, w2 = rng.standard_normal((c, hidden)), rng.standard_normal((hidden, c))
    # Biases that keep the hidden units on one side of their kink each, within the longest step.
    b1, b2 = rng.choice([-4.0, 4.0], hidden), rng.standard_normal(c)
    function = squeeze_excite.squeeze_excite(x.shape, w1, b1, w2, b2)

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(x.shape)
        gate = squeeze_excite.gate(x.shape, w1, b1, 0 * w2, b2).forward(x)
        still = squeeze_excite.squeeze_excite(x.shape, w1, b1, 0 * w2, b2).backward(x, dy)
        return (close("a gate that stands still only scales", still, dy * gate, 8, float(np.abs(dy).max())),)

    return single(kind, "x", x, function, properties=properties)


STATEMENTS = (
    _earlier(
        "dense",
        "Dense layer",
        "An affine map of rows: gradients by input, kernel and bias.",
        "dX = dY W^T; dW = X^T dY; db = sum over rows of dY",
        _dense,
    ),
    _earlier(
        "relu",
        "ReLU",
        "Diagonal Jacobian of zeros and ones; at the kink the subgradient zero, the slope from the left.",
        "dx = dy [x > 0]",
        _relu,
    ),
    _earlier(
        "softmax-cross-entropy",
        "Softmax cross-entropy",
        "For targets that sum to one, soft ones included, the logits' gradient is what is off.",
        "dz = (softmax(z) - t) dL",
        _cross_entropy,
        LARGE,
        TIED,
        "smoothed and mixed targets",
    ),
    _earlier(
        "convolution",
        "Convolution",
        "Gradients by input (a transposed convolution), kernel (a correlation with the input) and bias.",
        "dx[c] += W[d,c,a,b] dy[d] at the pixels read; dW[d,c,a,b] = sum dy[d] x[c] at the pixels read; db = sum dy",
        images.convolution,
        images.STRIDED,
    ),
    _earlier(
        "max-pool",
        "Max-pooling",
        "The cotangent of a window goes to its maximum; of equal entries, to the first in row-major order.",
        "dx = dy at the first maximum of the window, 0 elsewhere",
        images.max_pool,
    ),
    _earlier(
        "batch-norm",
        "Batch norm, training",
        "Mean and variance depend on every example; gradients by input, gain and shift.",
        "dx = gain (dy - mean(dy) - xhat mean(xhat dy)) / sqrt(var + eps); dgain = sum xhat dy; dshift = sum dy",
        _batch_norm_training,
        TINY,
        FAR,
    ),
    _earlier(
        "batch-norm-evaluation",
        "Batch norm, evaluation",
        "With running statistics, an affine map of each channel.",
        "dx = gain dy / sqrt(running var + eps)",
        _batch_norm_evaluation,
    ),
    _earlier(
        "residual",
        "Residual block",
        "Additive fan-in of the body with the identity, or with a projection.",
        "dx = dy + B_body(x, dy)",
        _residual,
        "projected shortcut",
    ),
    _earlier(
        "depthwise",
        "Depthwise convolution",
        "One kernel per channel; channels do not mix in any gradient.",
        "as convolution, with W[d,c,a,b] = 0 for d != c",
        images.depthwise,
        images.STRIDED,
    ),
    _earlier(
        "squeeze-excite",
        "Squeeze-and-excitation",
        "Product rule of the image and a gate per channel that depends on its mean.",
        "dx = dy gate(x) + B_gate(x, sum over positions of x dy)",
        _squeeze_excite,
    ),
)
