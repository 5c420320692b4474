"""Groups of a network's tensors that are trained otherwise than the rest: frozen ones, and those with their own rates.

Tensors are named as in :func:`netspec.canonical_state`, whatever the modules keep together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import jax
from flax import nnx

from netspec.weights.canonical import Arranged, names_kept
from train.config.cell import Start
from train.config.printable import shown
from train.config.schema import ConfigError
from train.optimizers import Rule

#: A tree of tensors, nested by attribute names and places in lists.
Tree = Any
#: Names of groups that are no patterns.
HEAD, BODY = "head", "body"


class Groups:
    """Which parameters of ``network``, which may be abstract, are trained, and at which share of the learning rate.

    Raises :class:`ConfigError` naming a pattern that matches nothing, or a part of what a module keeps together.
    """

    def __init__(self, network: nnx.Module, start: Start | None) -> None:
        self.names: frozenset[str] = frozenset()
        #: By path: whether a parameter is frozen, and its factor. Empty where all are trained alike.
        self.frozen: dict[tuple[Any, ...], bool] = {}
        self.factors: dict[tuple[Any, ...], float] = {}
        #: Paths of the normalisations whose running statistics stay.
        self.settled: frozenset[tuple[Any, ...]] = frozenset()
        if start is None or not (start.freeze or start.rates):
            return
        params, statistics = (_by_path(tree) for tree in names_kept(network))
        every = [name for tree in (params, statistics) for names in tree.values() for name in sorted(names)]
        head = head_of(every)
        self.names = frozenset(
            name for pattern in start.freeze for name in matching(pattern, every, head, f"start.freeze: {pattern}")
        )
        self.frozen = {path: self._alike(names, self.names, "start.freeze") for path, names in params.items()}
        if all(self.frozen.values()):
            raise ConfigError("key 'start.freeze' names all parameters, expected that some are left to train")
        self._settle(network, statistics)
        if start.rates:
            self._rate(start.rates, params, head)

    def split(self, params: Tree) -> tuple[Tree, Tree]:
        """The parameters that are trained, and those that are not; :meth:`whole` puts them together again."""
        if not any(self.frozen.values()):
            return params, {}
        return self._pruned(params, False), self._pruned(params, True)

    def whole(self, trained: Tree, frozen: Tree) -> Tree:
        """All parameters."""
        return _merged(trained, frozen) if frozen else trained

    def scaled(self, rule: Rule) -> Rule:
        """``rule``, of the parameters that are trained, with what it adds to each times its factor.

        Raises :class:`ConfigError` for one that keeps weights of its own, which would go on at the rate of all.
        """
        if not self.factors:
            return rule
        if rule.evaluated is not None:
            raise ConfigError(
                "key 'start.rates' asks for rates of groups, and the optimizer evaluates weights that it keeps itself, "
                "expected another optimizer, or one rate"
            )
        factors = self.factors

        def update(gradient: Tree, state: Any, params: Tree, **offered: Any) -> tuple[Tree, Any]:
            updates, state = rule.update(gradient, state, params, **offered)
            return jax.tree_util.tree_map_with_path(lambda path, leaf: leaf * factors[_keys(path)], updates), state

        return replace(rule, update=update)

    def hold(self, model: nnx.Module) -> None:
        """Have the normalisations of a ``model`` in training mode use running statistics, where these are frozen."""
        if self.settled:
            for path, module in nnx.iter_modules(model):
                if tuple(path) in self.settled:
                    module.use_running_average = True

    def _alike(self, names: Collection[str], chosen: Collection[str], key: str) -> bool:
        inside = sorted(names & frozenset(chosen))
        if inside and len(inside) < len(names):
            other = min(frozenset(names) - frozenset(inside))
            raise ConfigError(
                f"key '{key}' names {inside[0]} without {other}, expected both or none: they are kept as one tensor"
            )
        return bool(inside)

    def _settle(self, network: nnx.Module, statistics: Mapping[tuple[Any, ...], frozenset[str]]) -> None:
        modules = {tuple(path): part for path, part in nnx.iter_modules(network)}
        norms = {path for path, part in modules.items() if hasattr(part, "use_running_average")}
        held = norms & {
            path[:-1] for path, names in statistics.items() if self._alike(names, self.names, "start.freeze")
        }
        for place in (path for path, part in modules.items() if isinstance(part, Arranged)):
            inside = {path for path in norms if path[: len(place)] == place}
            if held & inside and inside - held:  # a module that does all of its layers at once asks one of them
                names = (".".join(map(str, min(some))) for some in (held & inside, inside - held))
                raise ConfigError("key 'start.freeze' names {} without {}, expected both or none".format(*names))
        self.settled = frozenset(held)

    def _rate(self, rates: Mapping[str, float], params: Mapping[tuple[Any, ...], frozenset[str]], head: str) -> None:
        every = [name for names in params.values() for name in sorted(names)]
        found = {pattern: matching(pattern, every, head, f"start.rates.{pattern}") - self.names for pattern in rates}
        of: dict[str, tuple[int, float, str]] = {}
        for pattern, names in found.items():
            if not names:
                raise ConfigError(f"key 'start.rates' has {shown(pattern)!r}, all of which 'start.freeze' names, too")
            for name in names:
                size, factor, other = of.get(name, (len(every) + 1, 1.0, pattern))
                if len(names) == size and rates[pattern] != factor:
                    raise ConfigError(
                        f"key 'start.rates': both {shown(other)!r} and {shown(pattern)!r} name {name}, and as many "
                        "tensors, expected one rate for each"
                    )
                if len(names) <= size:
                    of[name] = len(names), rates[pattern], pattern
        for path, names in params.items():
            if self.frozen[path]:
                continue
            factors = {of[name][1] if name in of else 1.0 for name in names}
            if len(factors) > 1:
                raise ConfigError(
                    f"key 'start.rates' has several rates for {min(names)} and {max(names)}, expected one: they are "
                    "kept as one tensor"
                )
            self.factors[path] = factors.pop()

    def _pruned(self, params: Tree, frozen: bool, path: tuple[Any, ...] = ()) -> Tree:
        found = {}
        for key, part in params.items():
            here = (*path, key)
            if isinstance(part, dict):
                if inner := self._pruned(part, frozen, here):
                    found[key] = inner
            elif self.frozen[here] == frozen:
                found[key] = part
        return found


def head_of(names: Iterable[str]) -> str:
    """What the names of the last layer with tensors begin with: ``layers.9.``."""
    return f"layers.{max(int(name.split('.')[1]) for name in names if name.startswith('layers.'))}."


def matching(pattern: str, names: Collection[str], head: str, key: str) -> frozenset[str]:
    """The ``names`` that ``pattern`` is about: tensors, or what they are in.

    Raises :class:`ConfigError` naming ``key`` where there are none.
    """
    if pattern in (HEAD, BODY):
        return frozenset(name for name in names if name.startswith(head) == (pattern == HEAD))
    found = frozenset(name for name in names if any(fnmatchcase(part, pattern) for part in _begins(name)))
    if not found:
        parts = dict.fromkeys(".".join(name.split(".")[:2]) for name in names)
        raise ConfigError(
            f"key '{shown(key, 120)}' matches no tensor, expected a name such as {', '.join([*parts][:12])}, one "
            "inside of them, head or body"
        )
    return found


def _begins(name: str) -> Iterator[str]:
    """What a tensor is in, and the tensor."""
    words = name.split(".")
    return (".".join(words[:count]) for count in range(1, len(words) + 1))


def _by_path(tree: Tree, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], frozenset[str]]:
    found: dict[tuple[Any, ...], frozenset[str]] = {}
    for key, part in tree.items():
        here = (*path, key)
        found |= _by_path(part, here) if isinstance(part, dict) else {here: part}
    return found


def _merged(one: Tree, other: Tree) -> Tree:
    """Two trees that share no leaf, as one, in the order that jax has them in."""
    merged = {**one, **other}
    for key in one.keys() & other.keys():
        merged[key] = _merged(one[key], other[key])
    return merged


def _keys(path: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part.key for part in path)
