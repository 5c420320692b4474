"""Dense maps and what is made of them: stacks, masks, products of two inputs, branches, shared and fixed weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def dendrite_branches(
    x: jax.Array,
    kernels: Sequence[jax.Array],
    dilations: Sequence[int],
    weights: jax.Array,
    bias: jax.Array,
    activation: Callable[[jax.Array], jax.Array] = jnp.tanh,
) -> jax.Array:
    """See a sequence at several ranges at once: one convolution a range, joined by a weighted sum as in a dendrite.

    Formula: y = Σᵢ wᵢ · act(convᵢ(x)) + b
    Shapes: x (batch, tokens, channels); each kernel (size, channels, out) with an odd size; weights (branches,); bias
        (out,); the result is (batch, tokens, out).
    Parameters: channels · out · Σ size for the kernels, one weight a branch and the bias.
    Cost: tokens · channels · out · Σ size multiply-adds an example.
    Training: as in evaluation.
    Caveats: without an activation in the branches the sum is one convolution with one merged kernel, and the branches
        add nothing but another parametrisation.
    Source: vocabulary line 1239, which draws it with four axes; along one it is the same.

    >>> x, kernel = jnp.ones((1, 5, 2)), jnp.ones((3, 2, 4))
    >>> y = dendrite_branches(x, [kernel, kernel], [1, 2], jnp.array([0.5, 0.5]), jnp.zeros(4))
    >>> y.shape
    (1, 5, 4)
    """
    sizes = expect.axes(x=(x, "batch tokens channels"), bias=(bias, "out"))
    if not len(kernels) == len(dilations) > 0:
        raise VocabularyError(f"dilations: arrived {len(dilations)}, expected one for each of {len(kernels)} kernels")
    expect.axes(weights=(weights, str(len(kernels))))
    total = jnp.zeros(())
    for weight, kernel, dilation in zip(weights, kernels, dilations, strict=True):
        if expect.axes(sizes, kernel=(kernel, "size channels out"))["size"] % 2 == 0:
            raise VocabularyError(f"kernel: arrived with size {kernel.shape[0]}, expected an odd one, with a centre")
        spread = (expect.whole("dilation", dilation),)
        branch = jax.lax.conv_general_dilated(
            jnp.asarray(x),
            jnp.asarray(kernel),
            (1,),
            "SAME",
            rhs_dilation=spread,
            dimension_numbers=("NWC", "WIO", "NWC"),
        )
        total = total + weight * activation(branch)
    return total + bias


def mlp(
    x: jax.Array,
    layers: Sequence[tuple[jax.Array, jax.Array]],
    activation: Callable[[jax.Array], jax.Array] = jax.nn.relu,
) -> jax.Array:
    """Fit what no straight line fits: dense maps one after another, with an activation between each two.

    Formula: h₀ = x, hₗ₊₁ = act(hₗ Wₗ + bₗ), and no activation after the last
    Shapes: x (…, channels); each layer a kernel (in, out) and a bias (out,), where the in of one is the out before.
    Parameters: Σ in · out + out.
    Cost: Σ in · out multiply-adds a vector.
    Training: as in evaluation.
    Caveats: with a linear activation, or none, it is one affine map, however deep.
    Source: Rumelhart, Hinton and Williams 1986, Nature 323; vocabulary line 1507.

    >>> x = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> first = jnp.array([[1.0, 1.0], [1.0, 1.0]]), jnp.array([0.0, -1.0])
    >>> second = jnp.array([[1.0], [-2.0]]), jnp.array([0.0])
    >>> mlp(x, [first, second])[:, 0].tolist()  # exclusive or
    [0.0, 1.0, 1.0, 0.0]
    """
    if not layers:
        raise VocabularyError("layers: arrived none, expected at least one kernel with its bias")
    width = expect.axes(x=(x, "... channels"))["channels"]
    for index, (kernel, bias) in enumerate(layers):
        width = expect.axes({"in": width}, kernel=(kernel, "in out"), bias=(bias, "out"))["out"]
        x = jnp.matmul(x, kernel) + bias
        if index + 1 < len(layers):
            x = activation(x)
    return x


def sparse_linear(x: jax.Array, kernel: jax.Array, mask: jax.Array, bias: jax.Array) -> jax.Array:
    """Keep only some connections of a dense map: the others are zero, and no gradient revives them.

    Formula: y = x (W ⊙ M) + b, sparsity = zeros of M / entries of M
    Shapes: x (…, in), kernel and mask (in, out), bias (out,); the result is (…, out). A mask of zeros and ones.
    Parameters: the ones of the mask, and the bias.
    Cost: in · out multiply-adds a vector here, where zeros are multiplied, too; one per one of the mask where a library
        for sparse matrices skips them.
    Training: as in evaluation; which weights stay is decided elsewhere, by their size after training for instance.
    Caveats: the mask has the axes of the kernel it is laid over. PyTorch keeps kernels as (out, in).
    Source: Frankle and Carbin 2019 [1803.03635], sec. 1; vocabulary line 1637.

    >>> kernel, mask = jnp.ones((3, 2)), jnp.array([[1, 0], [0, 1], [0, 0]])
    >>> sparse_linear(jnp.array([5.0, 6.0, 7.0]), kernel, mask, jnp.zeros(2)).tolist()
    [5.0, 6.0]
    """
    expect.axes(x=(x, "... in"), kernel=(kernel, "in out"), mask=(mask, "in out"), bias=(bias, "out"))
    if not isinstance(mask, jax.core.Tracer) and not bool(jnp.all((mask == 0) | (mask == 1))):
        raise VocabularyError("mask: arrived with other numbers, expected zeros and ones")
    return jnp.matmul(x, kernel * mask) + bias


def bilinear(first: jax.Array, second: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    """Let two inputs interact: every product of an entry of one with an entry of the other has a weight.

    Formula: yₖ = Σᵢⱼ aᵢ Wᵢⱼₖ cⱼ + bₖ
    Shapes: first (…, m), second (…, n), kernel (m, n, out), bias (out,); the result is (…, out).
    Parameters: m · n · out + out; 1,048,640 for 128, 128 and 64.
    Cost: m · n · out + n · out multiply-adds a pair.
    Training: as in evaluation.
    Caveats: linear in each input alone, not in both together: twice both is four times the product.
    Source: Tenenbaum and Freeman 2000, Neural Computation 12; vocabulary line 1675.

    >>> kernel = jnp.eye(3)[:, :, None]  # the inner product
    >>> bilinear(jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 1.0, 1.0]), kernel, jnp.zeros(1)).tolist()
    [6.0]
    """
    expect.axes(first=(first, "... m"), second=(second, "... n"), kernel=(kernel, "m n out"), bias=(bias, "out"))
    return jnp.einsum("...i,ijk,...j->...k", first, kernel, second) + bias


def shared_layers(block: Callable[[Any, jax.Array], jax.Array], parameters: Any, x: jax.Array, depth: int) -> jax.Array:
    """Be deep without more parameters: the same block, with the same weights, as often as wanted.

    Formula: x₀ = x, xₗ₊₁ = f(xₗ; θ) with one θ, for l from 0 to L − 1
    Shapes: block maps (parameters, x) to what has the shape of x.
    Parameters: those of one block, whatever the depth.
    Cost: depth times that of the block: parameters are saved, not time.
    Training: the gradient of θ is the sum over its uses.
    Caveats: ALBERT also splits its token table in two factors, which this is not.
    Source: Lan et al. 2020 [1909.11942], sec. 3.1; vocabulary line 4494.

    >>> shared_layers(lambda w, x: w * x, jnp.array(3.0), jnp.array(1.0), 4).item()
    81.0
    """
    expect.axes(x=(x, "..."))
    for _ in range(expect.whole("depth", depth)):
        shape = jnp.shape(x)
        x = block(parameters, x)
        if jnp.shape(x) != shape:
            raise VocabularyError(f"block: arrived with shape {jnp.shape(x)} after {shape}, expected the same")
    return x


def extreme_learning_machine(
    x: jax.Array, targets: jax.Array, kernel: jax.Array, bias: jax.Array, ridge: float = 0.0
) -> jax.Array:
    """Train in one step: hidden weights are drawn and stay, and only the readout is fitted, by least squares.

    Formula: H = tanh(x W + b), β = argmin ‖H β − Y‖² + λ ‖β‖², the shortest such β for λ = 0
    Shapes: x (examples, in), targets (examples, out), kernel (in, hidden), bias (hidden,); the result β is (hidden,
        out), to be used as tanh(x W + b) β.
    Parameters: hidden · out fitted; in · hidden + hidden drawn.
    Cost: one least-squares problem, examples · hidden² multiply-adds.
    Training: this is the training; there are no steps.
    Caveats: with as many hidden units as examples it reproduces any targets, noise included.
    Raises: VocabularyError for a negative ridge.
    Source: Huang, Zhu and Siew 2006, Neurocomputing 70, sec. 2; vocabulary line 4930.

    >>> x = jnp.linspace(-1, 1, 5)[:, None]
    >>> kernel, bias = jnp.array([[1.0, -2.0, 3.0]]), jnp.array([0.5, 0.1, -1.0])
    >>> targets = jnp.tanh(x @ kernel + bias) @ jnp.array([[2.0], [1.0], [0.5]])
    >>> extreme_learning_machine(x, targets, kernel, bias)[:, 0].round(2).tolist()
    [2.0, 1.0, 0.5]
    """
    expect.axes(
        x=(x, "examples in"), targets=(targets, "examples out"), kernel=(kernel, "in hidden"), bias=(bias, "hidden")
    )
    expect.not_negative("ridge", ridge)
    hidden = jnp.tanh(jnp.matmul(x, kernel) + bias)
    width, out = hidden.shape[1], jnp.shape(targets)[1]
    # A ridge is a further target of zero for each coefficient.
    rows = jnp.concatenate([hidden, jnp.sqrt(ridge) * jnp.eye(width, dtype=hidden.dtype)])
    return jnp.linalg.lstsq(rows, jnp.concatenate([targets, jnp.zeros((width, out), hidden.dtype)]))[0]
