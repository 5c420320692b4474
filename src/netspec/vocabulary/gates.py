"""Gated layers: two linear maps of the same input, of which one decides how much of the other passes."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def glu(
    x: jax.Array,
    kernel: jax.Array,
    gate: jax.Array,
    bias: jax.Array | None = None,
    gate_bias: jax.Array | None = None,
) -> jax.Array:
    """Let a layer close single features by what it reads, with one path in it that stays linear for the gradient.

    Formula: glu(x) = (xW + b) ⊙ σ(xV + c)
    Shapes: x (..., in); kernel W and gate V (in, out); bias and gate_bias (out,), or none; the result (..., out).
    Parameters: 2·(in·out + out).
    Cost: 2·in·out multiply-adds a vector, twice those of a dense layer.
    Training: as in evaluation.
    Caveats: the halves that are gated, as libraries describe it, are those of the joint projection [xW + b, xV + c],
    not of x. In the feed-forward of a transformer a third matrix leads back.
    Raises: VocabularyError for shapes that do not fit.
    Source: Dauphin et al. 2017, arXiv:1612.08083, sec. 2; vocabulary line 2782.

    >>> x, kernel = jax.numpy.array([1.0, 2.0]), jax.numpy.array([[1.0, 0.0], [0.0, 1.0]])
    >>> glu(x, kernel, jax.numpy.zeros((2, 2))).tolist()
    [0.5, 1.0]
    """
    value, opened = _projected(x, kernel, gate, bias, gate_bias)
    return jax.nn.glu(jnp.concatenate([value, opened], axis=-1))


def reglu(
    x: jax.Array,
    kernel: jax.Array,
    gate: jax.Array,
    bias: jax.Array | None = None,
    gate_bias: jax.Array | None = None,
) -> jax.Array:
    """A gate that is shut below zero and in proportion above: bilinear where it is open.

    Formula: reglu(x) = (xW + b) ⊙ max(xV + c, 0)
    Shapes: x (..., in); kernel W and gate V (in, out); bias and gate_bias (out,), or none; the result (..., out).
    Parameters: 2·(in·out + out).
    Cost: 2·in·out multiply-adds a vector.
    Training: as in evaluation.
    Caveats: without biases an input that is twice as large leaves four times as large.
    Raises: VocabularyError for shapes that do not fit.
    Source: Shazeer 2020, arXiv:2002.05202, eq. 5; vocabulary line 1889.

    >>> one = jax.numpy.eye(2)
    >>> reglu(jax.numpy.array([-3.0, 3.0]), one, one).tolist()
    [-0.0, 9.0]
    """
    value, opened = _projected(x, kernel, gate, bias, gate_bias)
    return value * jax.nn.relu(opened)


def swiglu(
    x: jax.Array,
    kernel: jax.Array,
    gate: jax.Array,
    bias: jax.Array | None = None,
    gate_bias: jax.Array | None = None,
) -> jax.Array:
    """The gate of most large language models' feed-forward: SiLU of one map times the other.

    Formula: swiglu(x) = (xW + b) ⊙ silu(xV + c), silu(z) = z·σ(z)
    Shapes: x (..., in); kernel W and gate V (in, out); bias and gate_bias (out,), or none; the result (..., out).
    Parameters: 2·in·out, and 2·out with biases, which LLaMA has not.
    Cost: 2·in·out multiply-adds a vector.
    Training: as in evaluation.
    Caveats: with the map that leads back there are three matrices, so a hidden width of 8/3·d costs what a plain
    feed-forward of 4·d does.
    Raises: VocabularyError for shapes that do not fit.
    Source: Shazeer 2020, arXiv:2002.05202, eq. 5, with a Swish of β = 1; vocabulary line 1889.

    >>> one = jax.numpy.eye(2)
    >>> [round(float(y), 4) for y in swiglu(jax.numpy.array([-1.0, 1.0]), one, one)]
    [0.2689, 0.7311]
    """
    value, opened = _projected(x, kernel, gate, bias, gate_bias)
    return value * jax.nn.silu(opened)


def geglu(
    x: jax.Array,
    kernel: jax.Array,
    gate: jax.Array,
    bias: jax.Array | None = None,
    gate_bias: jax.Array | None = None,
) -> jax.Array:
    """The gate of T5 1.1 and of several diffusion models: GELU of one map times the other.

    Formula: geglu(x) = (xW + b) ⊙ gelu(xV + c), gelu(z) = z·Φ(z)
    Shapes: x (..., in); kernel W and gate V (in, out); bias and gate_bias (out,), or none; the result (..., out).
    Parameters: 2·(in·out + out).
    Cost: 2·in·out multiply-adds a vector.
    Training: as in evaluation.
    Caveats: GELU is exact here; T5 1.1 has its tanh form, which differs by up to 5e-4.
    Raises: VocabularyError for shapes that do not fit.
    Source: Shazeer 2020, arXiv:2002.05202, eq. 5; vocabulary line 1889.

    >>> one = jax.numpy.eye(2)
    >>> [round(float(y), 4) for y in geglu(jax.numpy.array([-1.0, 1.0]), one, one)]
    [0.1587, 0.8413]
    """
    value, opened = _projected(x, kernel, gate, bias, gate_bias)
    return value * jax.nn.gelu(opened, approximate=False)


def _projected(
    x: jax.Array, kernel: jax.Array, gate: jax.Array, bias: jax.Array | None, gate_bias: jax.Array | None
) -> tuple[jax.Array, jax.Array]:
    """``xW + b`` and ``xV + c``, once the shapes are found to fit."""
    sizes = expect.axes(kernel=(kernel, "in out"), gate=(gate, "in out"))
    expect.axes(sizes, x=(x, "... in"))
    given = {name: (one, "out") for name, one in (("bias", bias), ("gate_bias", gate_bias)) if one is not None}
    expect.axes(sizes, **given)
    value, opened = jnp.matmul(x, kernel), jnp.matmul(x, gate)
    return value if bias is None else value + bias, opened if gate_bias is None else opened + gate_bias
