"""What must hold of networks that take paths, sets of points and frames."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from scipy.spatial.transform import Rotation

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import traced
from netspec.vocabulary.space.fabric import pathnet
from netspec.vocabulary.space.points import pointnet
from netspec.vocabulary.space.video import divided_attention
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

PATH = np.array([[0, 3], [2, 1]])


@traced
def _through(network: Implementation, x: Any, weights: Any) -> Any:
    return network(x, weights, PATH)


@traced
def _learning(network: Implementation, x: Any, weights: Any) -> Any:
    """The gradient of the sum of what leaves, by the weights."""
    return jax.grad(lambda w: jnp.sum(network(x, w, PATH)))(weights)


def _fabric(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Inputs above 0, and two layers of four modules whose weights let some of each through."""
    return case.uniform(3, 4, low=0.5), case.normal(2, 4, 4, 4) + 0.5


def _module_by_module(network: Implementation, case: Case) -> float:
    x, weights = _fabric(case)
    expected = x
    for modules, chosen in zip(weights, PATH, strict=True):
        expected = sum(np.maximum(expected @ modules[module], 0) for module in chosen)
    return apart(_through(network, x, weights), expected)


def _only_the_path_learns(network: Implementation, case: Case) -> float:
    """Where the gradient is not 0: the path's modules, and no others."""
    learns = np.abs(_learning(network, *_fabric(case))).max((2, 3)) > 0
    return wrong(learns == [[True, False, False, True], [False, True, True, False]])


def _every_module(x: Any, weights: Any, path: Any) -> Any:
    return pathnet(x, weights, np.tile(np.arange(weights.shape[1]), (len(weights), 1)))


def _first_only(x: Any, weights: Any, path: Any) -> Any:
    return pathnet(x, weights, path[:, :1])


def _sum_before_relu(x: Any, weights: Any, path: Any) -> Any:
    for modules, chosen in zip(weights, path, strict=True):
        x = jax.nn.relu(x @ modules[chosen].sum(0))
    return x


@traced
def _described(network: Implementation, *tensors: Any) -> Any:
    return network(*tensors)


def _cloud(case: Case) -> tuple[np.ndarray, ...]:
    """Two clouds of five points, and the layers' weights; nothing turned."""
    shapes = (2, 5, 3), (3, 8), (8,), (8, 4), (4,)
    return *(case.normal(*shape, seed=seed) for seed, shape in enumerate(shapes)), np.tile(np.eye(3), (2, 1, 1))


def _formula(network: Implementation, case: Case) -> float:
    points, weight, bias, head, head_bias, _ = tensors = _cloud(case)
    features = np.max([np.maximum(points[:, point] @ weight + bias, 0) for point in range(5)], axis=0)
    return apart(_described(network, *tensors), features @ head + head_bias)


def _any_order(network: Implementation, case: Case) -> float:
    """Shuffled, and with a point given twice in place of one that decides nothing: exactly the same."""
    points, *rest = _cloud(case)
    inside = 0.25 * points[:, 1:].sum(1, keepdims=True)  # a mean of others is never a strict maximum after relu
    cloud = np.concatenate([points[:, 1:], inside], 1)
    twice = np.concatenate([points[:, 1:], points[:, 1:2]], 1)
    shuffled = case.rng(9).permutation(cloud, axis=1)
    found = [_described(network, one, *rest) for one in (cloud, shuffled, twice)]
    return max(apart(found[1], found[0]), apart(found[2], found[0]))


def _aligned(network: Implementation, case: Case) -> float:
    """A cloud that is turned, and an alignment that turns it back."""
    points, *rest, eye = _cloud(case)
    turn = Rotation.random(2, rng=case.seed).as_matrix()
    found = _described(network, points @ turn, *rest, np.swapaxes(turn, 1, 2))
    return apart(found, _described(network, points, *rest, eye))


def _mean_pooled(points: Any, weight: Any, bias: Any, head: Any, head_bias: Any, alignment: Any) -> Any:
    return jnp.mean(jax.nn.relu(points @ alignment @ weight + bias), 1) @ head + head_bias


def _in_sequence(points: Any, weight: Any, *rest: Any) -> Any:
    """Each point scaled by its place in the list."""
    return pointnet(points * (1 + jnp.arange(points.shape[1]))[:, None], weight, *rest)


def _unaligned(points: Any, weight: Any, bias: Any, head: Any, head_bias: Any, alignment: Any) -> Any:
    return pointnet(points, weight, bias, head, head_bias)


def _from_the_left(points: Any, weight: Any, bias: Any, head: Any, head_bias: Any, alignment: Any) -> Any:
    return pointnet(points, weight, bias, head, head_bias, jnp.swapaxes(alignment, 1, 2))


def _head_first(points: Any, weight: Any, bias: Any, head: Any, head_bias: Any, alignment: Any) -> Any:
    return jnp.max(jax.nn.relu(points @ alignment @ weight + bias) @ head + head_bias, 1)


@traced
def _attended(attention: Implementation, x: Any, time: Any, space: Any) -> Any:
    return attention(x, time, space, 2)


def _frames(case: Case) -> tuple[np.ndarray, ...]:
    """Three frames of four places, with weights for time and for space."""
    return case.normal(1, 3, 4, 4), case.normal(3, 4, 4, seed=1), case.normal(3, 4, 4, seed=2)


def _masked(x: Any, weights: Any, seen: Any) -> Any:
    """Attention of two heads over all tokens ``(n, 4)`` at once, with those not ``seen`` left out."""
    queries, keys, values = x @ weights
    mixed = []
    for head in (slice(0, 2), slice(2, 4)):
        scores = np.where(seen, queries[:, head] @ keys[:, head].T / np.sqrt(2), -np.inf)
        mixed.append(scipy.special.softmax(scores, -1) @ values[:, head])
    return np.concatenate(mixed, -1)


def _two_masks(attention: Implementation, case: Case) -> float:
    """It is attention over all tokens twice, once with only the same place seen, once with only the same frame."""
    x, time, space = _frames(case)
    frame, place = np.divmod(np.arange(12), 4)
    expected = x.reshape(12, 4)
    for weights, of in ((time, place), (space, frame)):
        expected = expected + _masked(expected, weights, of[:, None] == of)
    return apart(_attended(attention, x, time, space), expected.reshape(x.shape))


def _places_apart(attention: Implementation, case: Case) -> float:
    """Where attention over space brings nothing, a change at one place stays there, in all frames."""
    x, time, space = _frames(case)
    space[2] = 0
    moved = x.copy()
    moved[0, 1, 2] += 1
    changed = np.any(_attended(attention, moved, time, space) != _attended(attention, x, time, space), -1)[0]
    return wrong([not changed[:, [0, 1, 3]].any(), changed[:, 2].all()])


def _joint(x: Any, time: Any, space: Any, heads: int) -> Any:
    """All tokens at once, as one frame, with the first weights; then frame by frame."""
    together = x.reshape(1, 1, -1, x.shape[-1])
    return divided_attention(
        divided_attention(together, 0 * time, time, heads).reshape(x.shape), 0 * time, space, heads
    )


def _space_first(x: Any, time: Any, space: Any, heads: int) -> Any:
    return jnp.swapaxes(divided_attention(jnp.swapaxes(x, 1, 2), space, time, heads), 1, 2)


TERMS = (
    Term(
        "neural-fabric",
        pathnet,
        (
            Property(
                "It is the sum of the path's modules, layer by layer.",
                _module_by_module,
                1e-12,
                (
                    Mistake("every module", _every_module),
                    Mistake("modules summed before they bend", _sum_before_relu),
                ),
            ),
            Property(
                "Modules on the path get a gradient, and no others.",
                _only_the_path_learns,
                0.0,
                (Mistake("every module", _every_module), Mistake("one module a layer", _first_only)),
            ),
        ),
    ),
    Term(
        "pointnet",
        pointnet,
        (
            Property(
                "It is a layer for each point, the largest of each feature, and a layer.",
                _formula,
                1e-12,
                (
                    Mistake("the mean of each feature", _mean_pooled),
                    Mistake("the last layer before the largest is taken", _head_first),
                ),
            ),
            Property(
                "The order of points does not matter, nor that one is given twice.",
                _any_order,
                1e-15,
                (
                    Mistake("the mean of each feature", _mean_pooled),
                    Mistake("points scaled by their place in the list", _in_sequence),
                ),
            ),
            Property(
                "A cloud that is turned and aligned again is the same cloud.",
                _aligned,
                1e-12,
                (
                    Mistake("alignment left out", _unaligned),
                    Mistake("aligned from the left", _from_the_left),
                ),
            ),
        ),
    ),
    Term(
        "spatiotemporal-4d",
        divided_attention,
        (
            Property(
                "It is attention over all tokens twice, masked to the same place, then to the same frame.",
                _two_masks,
                1e-12,
                (
                    Mistake("space before time", _space_first),
                    Mistake("all tokens at once in place of time", _joint),
                    Mistake("one head for two", lambda x, t, s, heads: divided_attention(x, t, s, 1)),
                ),
            ),
            Property(
                "Over time, a place sees itself only.",
                _places_apart,
                0.0,
                (Mistake("all tokens at once in place of time", _joint),),
            ),
        ),
    ),
)
