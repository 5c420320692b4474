"""Dendrites and hyperedges: branches of several reaches summed at a soma, then messages within sets of positions."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def dendritic_hypergraph_conv(
    x: jax.Array, kernels: jax.Array, incidence: jax.Array, *, rate: float = 1.0
) -> jax.Array:
    """See a volume or a clip at several scales at once, then let sets of positions exchange what they have in common.

    Branches convolve with dilation 1, 2, 4, …, and their mean is the soma; the members of a hyperedge receive its mean.

    Formula: s = mean_b conv(x, K_b, dilation 2^b); y_i = s_i + α Σ_{e∋i} mean_{j∈e} s_j
    Shapes: x [batch, depth, height, width, inputs], kernels [branches, k, k, k, inputs, outputs] with k odd, incidence
    [edges, depth · height · width], which is 1 for members; the result [batch, depth, height, width, outputs].
    Parameters: the kernels, branches k³ inputs outputs.
    Cost: branches k³ inputs outputs multiply-adds a position, and two sums over the members of each edge.
    Training: as in evaluation.
    Caveats: three axes are convolved, though the document calls it four. Its listing has no padding, so its branches
    have different sizes and cannot be added, and it puts dense attention where hyperedges were meant.
    Raises: VocabularyError for shapes that do not fit, an even kernel, an edge without members.
    Source: dilations Yu and Koltun 2016 [arXiv:1511.07122]; hyperedges Feng et al. 2019 [arXiv:1809.09401]; the
    combination is the document's; vocabulary line 1216.

    >>> x, kernels = jnp.ones((1, 1, 1, 2, 1)), jnp.ones((2, 1, 1, 1, 1, 1))
    >>> dendritic_hypergraph_conv(x, kernels, jnp.array([[1, 0]])).ravel().tolist()
    [2.0, 1.0]
    """
    sizes = expect.axes(
        x=(x, "batch depth height width inputs"), kernels=(kernels, "branches side side side inputs outputs")
    )
    sizes = expect.axes(
        sizes | {"positions": sizes["depth"] * sizes["height"] * sizes["width"]},
        incidence=(incidence, "edges positions"),
    )
    expect.within("kernels, side modulo 2", sizes["side"] % 2, 1)
    members = incidence.sum(axis=1)
    expect.within("incidence, members of an edge", members, 1)
    dimensions = jax.lax.conv_dimension_numbers(x.shape, kernels.shape[1:], ("NDHWC", "DHWIO", "NDHWC"))
    branches = [
        jax.lax.conv_general_dilated(
            x, kernel, (1, 1, 1), "SAME", rhs_dilation=(2**branch,) * 3, dimension_numbers=dimensions
        )
        for branch, kernel in enumerate(kernels)
    ]
    soma = jnp.mean(jnp.stack(branches), axis=0)
    nodes = soma.reshape(sizes["batch"], sizes["positions"], sizes["outputs"])
    messages = jnp.einsum("ep,bpc->bec", incidence / members[:, None], nodes)
    return (nodes + rate * jnp.einsum("ep,bec->bpc", incidence, messages)).reshape(soma.shape)
