"""Large networks of which each task takes a path."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def pathnet(x: jax.Array, weights: jax.Array, path: jax.Array) -> jax.Array:
    """Share parts of one large network between tasks: each task takes a path of a few modules a layer.

    Only modules on the path compute and learn. After a task its path is kept as it is, and the next may go through the
    same modules where they help. Paths themselves are chosen by tournaments: the worse of two copies the better, with
    mutations.

    Formula: h_{l+1} = Σ_{m ∈ path_l} relu(h_l W_lm)
    Shapes: x (..., width); weights (layers, modules, width, width); path (layers, active), numbers of modules; result
        (..., width).
    Parameters: layers · modules · width², of which a path has layers · active · width².
    Cost: layers · active · width² multiply-adds an example.
    Training: gradients reach modules on the path only; those of earlier tasks' paths are not changed. Evaluation is
        the same.
    Caveats: a module that stands twice in a path counts twice. Numbers beyond the last module are not noticed when
        traced.
    Raises: VocabularyError for shapes that do not fit and modules that do not exist.
    Source: Fernando et al. 2017 [arXiv:1701.08734], sec. 2; vocabulary line 4737.

    >>> weights = jax.numpy.arange(1.0, 4.0).reshape(1, 3, 1, 1)  # one layer of three modules: times 1, 2, 3
    >>> pathnet(jax.numpy.ones((1, 1)), weights, jax.numpy.array([[0, 2]])).tolist()
    [[4.0]]
    """
    sizes = expect.axes(x=(x, "... width"), weights=(weights, "layers modules width width"))
    expect.axes(sizes, path=(path, "layers active"))
    expect.within("path", path, 0, sizes["modules"] - 1)
    for modules, chosen in zip(weights, path, strict=True):
        x = jnp.sum(jax.nn.relu(jnp.einsum("...i,mio->m...o", x, modules[chosen])), 0)
    return x
