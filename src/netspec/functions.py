"""Whether a network of the catalogue computes what the reference implementation computes whose count it has.

Equal counts hide different functions: another epsilon, ReLU in place of SiLU. So both are given the same tensors, in
the order in which they come, and the same inputs. What is found stands in ``netspec/reference/book_functions.csv``,
which ``python -m report.params functions`` writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import zip_longest
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec import catalogue, counts, exact
from netspec.conventions import Conventions
from netspec.errors import SpecError
from netspec.exact.published import Published
from netspec.modules.inputs import inputs_of
from netspec.spec import NetSpec
from netspec.weights.blind import SCALE, TRAINED
from netspec.weights.canonical import canonical_state, load_canonical_state
from netspec.weights.transfer import abstract

#: Largest difference, over the largest value, that rounding in float32 leaves in deep networks.
TOLERANCE = 1e-4

#: Parameters beyond which two networks do not fit beside each other in the memory of a small machine.
LARGEST = 10**9

#: Characters of unlike fields that a reason shows.
SHOWN = 60


@dataclass(frozen=True)
class Found:
    """A row of the file: the spec, the published network it was compared with, and how they compare."""

    spec: str
    published: str
    function: Literal["exact", "differs", "not compared"]
    reason: str


def all_found() -> Iterator[Found]:
    """One for each spec whose count is a reference's and that a published network has, in catalogue order."""
    known = {(one.family, variant, one.piece): one for one in exact.networks().values() for variant in one.variants}
    for spec in catalogue.specs():
        counted = counts.count(spec)
        if counted.kind != "exact" or counted.reference is None or " & " in counted.reference.implementation:
            continue
        key, classes = _key(counted.reference.implementation)
        if published := known.get(key):
            yield found(spec, published, classes)


def _key(reference: str) -> tuple[tuple[str, str, str], int | None]:
    """Family, variant, piece, and classes where the row has some: names of variants may have strokes."""
    family, *variant, last = reference.split("/")
    classes = int(last) if last.isdigit() else None
    if classes is not None:
        *variant, last = variant
    return (family, "/".join(variant), last), classes


def found(spec: NetSpec, published: Published, classes: int | None = None) -> Found:
    """``spec`` beside a published network of as many classes, both built and run in float32 on two inputs.

    Where outputs differ, the book's network is run with the conventions of the other as well: if these are all, they
    are the reason.
    """
    try:
        other = published.spec(classes)
        if len(other.input_shape) == 3 and other.input_shape != spec.input_shape:
            other = other.resized(*spec.input_shape[:2])
    except SpecError as error:
        return Found(spec.name, published.name, "not compared", str(error))
    if spec.params > LARGEST:
        return Found(spec.name, published.name, "not compared", f"more than {LARGEST:.0e} parameters")
    if [one.shape for one in inputs_of(spec)] != [one.shape for one in inputs_of(other)]:
        return Found(spec.name, published.name, "not compared", "the inputs are others")
    order = _order(spec, other)
    if order is None:
        return Found(spec.name, published.name, "not compared", "the tensors are others")
    wanted = _outputs(other, other, range(len(order)))
    if _same(_outputs(spec, other, order), wanted):
        return Found(spec.name, published.name, "exact", "")
    changed = _changed(spec.conventions, other.conventions)
    if changed and _same(_outputs(replace(spec, conventions=other.conventions), other, order), wanted):
        return Found(spec.name, published.name, "differs", changed)
    if list(order) != sorted(order):
        return Found(spec.name, published.name, "not compared", "the tensors come in another order")
    return Found(spec.name, published.name, "differs", _first_other(spec, other))


def _order(spec: NetSpec, other: NetSpec) -> Sequence[int] | None:
    """For each tensor of ``spec`` the place of one of ``other``: the same place, or else in turn among its shape."""
    ours, theirs = ([shape for shape, _ in _shapes(one)] for one in (spec, other))
    if ours == theirs:
        return range(len(ours))
    places: dict[tuple[int, ...], list[int]] = {}
    for place, shape in reversed(list(enumerate(theirs))):
        places.setdefault(shape, []).append(place)
    found = [places[shape].pop() if places.get(shape) else -1 for shape in ours]
    return None if -1 in found or any(places.values()) else found


def _first_other(spec: NetSpec, other: NetSpec) -> str:
    """The first layer that is another one; where both are of a kind, in what."""
    for ours, theirs in zip_longest(spec.layers, other.layers):
        if ours == theirs:
            continue
        kinds = [type(layer).__name__ for layer in (ours, theirs)]
        if kinds[0] != kinds[1]:
            return f"first in a layer {kinds[0]} for {kinds[1]}"
        unlike = [
            f"{field.name} {getattr(ours, field.name)!r} for {getattr(theirs, field.name)!r}"
            for field in fields(ours)
            if getattr(ours, field.name) != getattr(theirs, field.name)
        ]
        said = ", ".join(unlike)
        return f"first in a layer {kinds[0]}" + (f": {said}" if len(said) <= SHOWN else "")
    return "in more than conventions"


def _changed(ours: Conventions, theirs: Conventions) -> str:
    pairs = [
        (field.name.replace("_", " "), getattr(ours, field.name), getattr(theirs, field.name))
        for field in fields(Conventions)
        if field.name not in TRAINED
    ]
    return ", ".join(f"{name} {_text(mine)} for {_text(other)}" for name, mine, other in pairs if mine != other)


def _text(value: Any) -> str:
    return "as listed" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _shapes(spec: NetSpec) -> list[tuple[tuple[int, ...], str]]:
    return [(tuple(leaf.shape), name) for name, leaf in canonical_state(abstract(spec)).items()]


def _outputs(spec: NetSpec, other: NetSpec, order: Sequence[int]) -> list[Any]:
    """What ``spec`` makes of two inputs with tensors drawn for ``other``; ``order`` has the place of each."""
    rng, network = np.random.default_rng(0), abstract(spec)
    tensors = [_drawn(rng, shape, name) for shape, name in _shapes(other)]
    drawn = {name: tensors[place] for (_, name), place in zip(_shapes(spec), order, strict=True)}
    load_canonical_state(network, drawn)
    network.eval()
    run = nnx.jit(lambda net, first, further: net(first, **further))
    leaves = []
    for scale in (1.0, SCALE):
        first, *further = (_input(np.random.default_rng(1), one, scale) for one in inputs_of(spec))
        names = [one.name for one in inputs_of(spec)[1:]]
        leaves.append(jax.tree.map(np.asarray, run(network, first, dict(zip(names, further, strict=True)))))
    return leaves


def _drawn(rng: np.random.Generator, shape: tuple[int, ...], name: str) -> np.ndarray:
    """A tensor such that values keep their size from layer to layer."""
    normal = rng.standard_normal(shape).astype(np.float32)
    part = name.rpartition(".")[2]
    if part == "var":
        return np.float32(0.5) + np.abs(normal)
    if part == "scale":
        return 1 + np.float32(0.1) * normal
    if part in ("bias", "mean") or len(shape) < 2:
        return np.float32(0.1) * normal
    if part == "embedding":
        return np.float32(0.5) * normal
    return normal / np.float32(np.sqrt(np.prod(shape[:-1])))


def _input(rng: np.random.Generator, one: Any, scale: float) -> jax.Array:
    if one.vocabulary:
        return jnp.asarray(rng.integers(0, one.vocabulary, (1, *one.shape)), jnp.int32)
    return jnp.asarray(np.float32(scale) * rng.standard_normal((1, *one.shape)).astype(np.float32))


def _same(ours: list[Any], theirs: list[Any]) -> bool:
    """Whether all leaves, in their order, are equal but for rounding."""
    pairs = zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=False)
    counted = len(jax.tree.leaves(ours)) == len(jax.tree.leaves(theirs))
    return counted and all(a.shape == b.shape and _close(a, b) for a, b in pairs)


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    largest = float(np.max(np.abs(b)))
    return bool(np.isfinite(largest) and np.max(np.abs(a - b)) <= TOLERANCE * max(largest, 1e-30))
