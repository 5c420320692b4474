"""Three independent checks of a backward, and the structure it must have.

Every tolerance is derived for its case, from ``u = 2⁻⁵³``, ``n`` (:attr:`netspec.gradcheck.rules.Map.roundings`) and
``A``, how much larger a relative change of the data leaves than it arrives:

- two ways to the same number differ by at most ``2·n·u·A`` of the largest entry, one ``n·u·A`` for each;
- a difference quotient of ``f = ⟨dy, F⟩`` carries ``2·n·u·A·Σ|dy·F| / h`` from rounding, and what the extrapolation
  estimates to have cut off; the step is chosen so that their sum is least;
- what is exact is exact: its tolerance is zero.

``A`` is measured, by changing each entry of argument and cotangent by a relative 1e-7, and the estimate of what was cut
off is one, too, so both bounds are taken :data:`SAFETY` times. A tolerance above :data:`CEILING` would no longer tell
right from wrong and fails the check.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netspec.gradcheck.differences import slope
from netspec.gradcheck.rules import Array, Map
from netspec.gradcheck.statement import Argument, Case, relative, unit_jacobian

UNIT = 2.0**-53
CEILING = 1e-5
SAFETY = 4
#: Jacobians up to so many entries are compared whole.
ENTRIES = 4000
#: Coordinates of each argument along which differences are taken, besides one direction through all.
COORDINATES = 6

AUTOMATIC = "jax.vjp"
DIFFERENCES = "central differences"
JACOBIAN = "Jacobian"
STRUCTURE = "structure"
CHECKS = (AUTOMATIC, DIFFERENCES, JACOBIAN, STRUCTURE)


@dataclass(frozen=True)
class Check:
    """The outcome of one check: relative error, tolerance and what it is made of, where the error is largest."""

    check: str
    error: float
    tolerance: float
    where: str
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the error is a number within the tolerance, and the tolerance one that means something."""
        return self.error <= self.tolerance <= CEILING

    @property
    def share(self) -> float:
        """Error over tolerance; zero for an exact check that holds."""
        return self.error / self.tolerance if self.tolerance else math.inf if self.error else 0.0


def check(case: Case, rng: np.random.Generator, *, with_jax: bool = True) -> Iterator[Check]:
    """All checks of a case, argument by argument; without jax the first and third are left out."""
    for argument in case.arguments:
        function, x = argument.map, argument.value
        dy = rng.standard_normal(function.forward(x).shape)
        dx = np.asarray(function.backward(x, dy))
        magnified = max(amplification(function, x, dy, rng), argument.magnified)
        exact = SAFETY * 2 * function.roundings * UNIT * magnified
        if with_jax:
            reason = f"n = {function.roundings}, A = {magnified:.3g}"
            yield replace(_against_vjp(argument, dy, dx, exact), reason=reason)
            if x.size * dy.size <= ENTRIES:
                yield _against_jacobian(argument, exact)
        yield from _against_differences(argument, dy, dx, magnified, rng)
        yield _linear_in_the_cotangent(argument, dy, dx, exact, rng)
    for found in case.properties():
        yield Check(STRUCTURE, found.error, found.tolerance, found.name)


def amplification(function: Map, x: Array, dy: Array, rng: np.random.Generator) -> float:
    """How much a relative change of the data is magnified in the backward, at least one."""
    base, change, worst = function.backward(x, dy), 1e-7, 1.0
    size = _size(base, dy)
    for _ in range(3):
        moved = (tensor * (1 + change * rng.choice([-1.0, 1.0], tensor.shape)) for tensor in (x, dy))
        worst = max(worst, float(np.max(np.abs(function.backward(*moved) - base), initial=0.0)) / size / change)
    return worst


def _size(gradient: Array, dy: Array) -> float:
    """The largest entry; where a gradient vanishes, that of the cotangent, whose parts must have cancelled."""
    largest, arriving = (float(np.max(np.abs(tensor), initial=0.0)) for tensor in (gradient, dy))
    return largest if largest > 1e-9 * arriving else arriving or 1.0


def _compare(name: str, tensor: str, found: Array, expected: Array, size: float, tolerance: float) -> Check:
    if found.shape != expected.shape:
        return Check(name, math.inf, tolerance, f"{tensor} has shape {found.shape}, expected {expected.shape}")
    apart = np.abs(found - expected)
    if not apart.size:
        return Check(name, 0.0, tolerance, tensor)
    index = np.unravel_index(np.argmax(np.where(np.isnan(apart), np.inf, apart)), apart.shape)
    where = f"{tensor}[{', '.join(map(str, index))}]: closed form {found[index]:.6g}, {name} {expected[index]:.6g}"
    return Check(name, float(apart[index]) / size, tolerance, where)


def _against_vjp(argument: Argument, dy: Array, dx: Array, tolerance: float) -> Check:
    import jax

    def vjp(x: Any, dy: Any) -> Any:
        return jax.vjp(argument.map.forward, x)[1](dy)[0]

    with jax.enable_x64(True):
        expected = np.asarray(compiled(vjp)(argument.value, dy))
    return _compare(AUTOMATIC, f"d{argument.name}", dx, expected, _size(expected, dy), tolerance)


def _against_jacobian(argument: Argument, tolerance: float) -> Check:
    """The stated Jacobian, or that of one backward per output, against forward-mode differentiation."""
    import jax

    found = unit_jacobian(argument.map, argument.value) if argument.jacobian is None else argument.jacobian()
    with jax.enable_x64(True):
        expected = np.asarray(compiled(jax.jacfwd(argument.map.forward))(argument.value))
    return _compare(JACOBIAN, f"J_{argument.name}", found, expected, _size(expected, np.ones(1)), tolerance)


def compiled(function: Callable[..., Any], level: int = 0) -> Any:
    """``jax.jit`` that does not spend time on making fast what runs once; level 1 pays for what runs often."""
    import jax

    options = {
        "xla_backend_optimization_level": level,
        "xla_llvm_disable_expensive_passes": True,
        # Code for fused loops of many operations, which takes twice as long to make as all others together.
        "xla_cpu_use_fusion_emitters": False,
        # One module of LLVM instead of 32, whose parts are compiled beside each other: a job has a single thread.
        "xla_cpu_parallel_codegen_split_count": 1,
    }
    return jax.jit(function, compiler_options=options)


def _against_differences(
    argument: Argument, dy: Array, dx: Array, magnified: float, rng: np.random.Generator
) -> Iterator[Check]:
    """Along one direction through all entries, and along some coordinates, which can name the index."""
    function, x = argument.map, argument.value
    if not x.size:
        return
    directions = [
        (f"d{argument.name} along a direction", _unit(rng.standard_normal(x.shape)), float(np.linalg.norm(dx)))
    ]
    for flat in rng.choice(x.size, min(COORDINATES, x.size), replace=False):
        index, along = np.unravel_index(flat, x.shape), np.zeros(x.shape)
        along[index] = 1.0
        directions.append((f"d{argument.name}[{', '.join(map(str, index))}]", along, float(np.max(np.abs(dx)))))
    terms = float(np.sum(np.abs(dy * function.forward(x))))
    for name, along, size in directions:
        size = size or float(np.max(np.abs(dy))) or 1.0

        def line(h: float, along: Array = along) -> float:
            return float(np.sum(dy * function.forward(x + h * along)))

        noise = 2 * max(function.roundings, 1) * UNIT * magnified * terms
        found, expected = float(np.sum(dx * along)), slope(line, noise, argument.reach)
        tolerance = SAFETY * expected.uncertainty / size
        where = f"{name}: closed form {found:.6g}, {DIFFERENCES} {expected.value:.6g}"
        yield Check(DIFFERENCES, abs(found - expected.value) / size, tolerance, where)


def _linear_in_the_cotangent(
    argument: Argument, dy: Array, dx: Array, tolerance: float, rng: np.random.Generator
) -> Check:
    """``B(x, 2·dy − ½·dy′) = 2·B(x, dy) − ½·B(x, dy′)``; the factors are powers of two and round nothing."""
    function, x, other = argument.map, argument.value, rng.standard_normal(dy.shape)
    found = function.backward(x, 2 * dy - other / 2)
    expected = 2 * dx - function.backward(x, other) / 2
    size = _size(dx, dy)
    return Check(
        STRUCTURE,
        relative(found, expected, size),
        4 * (tolerance + SAFETY * UNIT),
        f"d{argument.name}, linear in the cotangent",
    )


def _unit(direction: Array) -> Array:
    return direction / np.linalg.norm(direction)
