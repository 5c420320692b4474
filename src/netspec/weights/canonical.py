"""A network's tensors as its layers define them, however its modules keep them: what is written to files and read.

A module may keep tensors in another arrangement, such as those of all layers of a dense block behind each other, which
is its own business. Outside, each layer has its own tensors, whatever the regularisation, and whatever program is
fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from flax import nnx

from netspec.fields import shown

#: Bytes that the addresses of jax's arrays on CPU are multiples of.
ALIGNED = 64
#: Tensors nested by attribute names and by places in lists.
Tree = dict[Any, Any]


@runtime_checkable
class Arranged(Protocol):
    """A module that keeps tensors otherwise than its layer defines them: two functions that undo each other.

    Both take and return the tensors of the module, those of one kind (parameters or running statistics) at a time.
    """

    def canonical(self, kept: Tree) -> Tree:
        """The tensors as the layer defines them."""

    def arranged(self, canonical: Tree) -> Tree:
        """The tensors as the module keeps them."""


def canonical_state(module: nnx.Module) -> dict[str, Any]:
    """The parameters of ``module``, then its running statistics, under dotted names such as ``layers.2.kernel``.

    Arrays are on the host; those of an abstract module (``nnx.eval_shape``) are ``jax.ShapeDtypeStruct``. Random states
    are not among them. :func:`load_canonical_state` is the inverse.
    """
    found: dict[str, Any] = {}
    for state in _kinds(module):
        kept = nnx.to_pure_dict(state)
        abstract = any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in jax.tree.leaves(kept))
        tensors = _shapes(module, kept) if abstract else _computed(module, "canonical", kept)
        found |= {_name(path): leaf for path, leaf in jax.tree.leaves_with_path(tensors)}
    return found


def load_canonical_state(module: nnx.Module, arrays: Mapping[str, Any], *, dtype: Any = None) -> None:
    """Give ``module``, which may be abstract, the tensors that :func:`canonical_state` has named.

    They have the types of the module's, or all of them ``dtype``. Raises ``ValueError`` for a name that is missing or
    unknown, another shape and another type; nothing changes then.
    """
    kinds = _kinds(module)
    expected = [_shapes(module, nnx.to_pure_dict(state)) for state in kinds]
    taken = [jax.tree.map_with_path(partial(_taken, arrays, dtype), tensors) for tensors in expected]
    names = {_name(path) for tensors in expected for path, _ in jax.tree.leaves_with_path(tensors)}
    if unknown := arrays.keys() - names:
        raise ValueError(f"{shown(min(unknown))} is none of its arrays")
    for state, tensors in zip(kinds, taken, strict=True):
        nnx.replace_by_pure_dict(state, jax.tree.map(_placed, _computed(module, "arranged", tensors)))
        nnx.update(module, state)


def names_kept(module: nnx.Module) -> tuple[Tree, Tree]:
    """The parameters that ``module`` keeps, and its running statistics: for each tensor the names of those in it.

    The names are those of :func:`canonical_state`, as a ``frozenset``: one of most tensors, several where a module
    keeps those of several layers together. ``module`` may be abstract.
    """
    found = []
    for state in _kinds(module):
        named: list[str] = []
        shapes = _shapes(module, nnx.to_pure_dict(state))

        def coded(path: tuple[Any, ...], leaf: Any, named: list[str] = named) -> np.ndarray:
            named.append(_name(path))
            return np.broadcast_to(np.int16(len(named) - 1), leaf.shape)

        tensors = jax.tree.map_with_path(coded, shapes)
        for path, part in _places(module):
            tensors = _replaced(tensors, path, partial(_on_host, part.arranged))

        def told(leaf: np.ndarray, named: list[str] = named) -> frozenset[str]:
            codes = np.unique(leaf) if any(leaf.strides) or leaf.size < 2 else leaf.reshape(-1)[:1]
            return frozenset(named[code] for code in codes)

        found.append(jax.tree.map(told, tensors))
    return found[0], found[1]


def _on_host(change: Callable[[Tree], Tree], tensors: Tree) -> Tree:
    return jax.device_get(jax.jit(change)(tensors))


def _placed(tensor: Any) -> jax.Array:
    """A copy on the device, which nobody else has: ``jnp.asarray`` would compile a program for every shape.

    What lies in order jax may take as it is instead of copying it, where its address allows; so it is given a copy with
    such an address. What is permuted it copies.
    """
    tensor = np.asarray(tensor)
    if not tensor.flags.c_contiguous:
        return jax.device_put(tensor).block_until_ready()
    held = np.empty(tensor.nbytes + ALIGNED, np.uint8)
    first = -held.ctypes.data % ALIGNED
    copy = held[first : first + tensor.nbytes].view(tensor.dtype).reshape(tensor.shape)
    copy[...] = tensor
    return jax.device_put(copy)


def _kinds(module: nnx.Module) -> list[nnx.State]:
    """Parameters, and what else is neither trained nor drawn."""
    return nnx.split(module, nnx.Param, nnx.RngState, ...)[1::2]


def _taken(arrays: Mapping[str, Any], dtype: Any, path: tuple[Any, ...], expected: jax.ShapeDtypeStruct) -> Any:
    name = _name(path)
    if name not in arrays:
        raise ValueError(f"{name} is missing")
    found, wanted = arrays[name], expected.dtype if dtype is None else np.dtype(dtype)
    if (found.shape, found.dtype) != (expected.shape, wanted):
        raise ValueError(f"{name} is {found.dtype} {found.shape}, expected {wanted} {expected.shape}")
    return found


def _name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")


def _shapes(module: nnx.Module, kept: Tree) -> Tree:
    """Shapes and types of the canonical tensors."""
    if places := _places(module):
        return jax.eval_shape(partial(_changed, places, "canonical"), kept)
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), kept)


def _computed(module: nnx.Module, change: str, tensors: Tree) -> Tree:
    """``tensors`` on the host, through the ``change`` of every module that has one."""
    places, tensors = _places(module), jax.device_get(tensors)
    # One program, where each cut on its own would compile apart.
    return jax.device_get(jax.jit(partial(_changed, places, change))(tensors)) if places else tensors


def _places(module: nnx.Module) -> list[tuple[Sequence[Any], Arranged]]:
    """The modules that keep tensors otherwise, with their paths, outer ones first."""
    found = [(path, part) for path, part in nnx.iter_modules(module) if isinstance(part, Arranged)]
    return sorted(found, key=lambda place: len(place[0]))


def _changed(places: list[tuple[Sequence[Any], Arranged]], change: str, tensors: Tree) -> Tree:
    for path, part in reversed(places) if change == "canonical" else places:
        tensors = _replaced(tensors, path, getattr(part, change))
    return tensors


def _replaced(tensors: Tree, path: Sequence[Any], change: Callable[[Tree], Tree]) -> Tree:
    """``tensors`` with ``change`` made to what lies at ``path``, if anything does."""
    if not path:
        return change(tensors)
    first, *rest = path
    return {**tensors, first: _replaced(tensors[first], rest, change)} if first in tensors else tensors
