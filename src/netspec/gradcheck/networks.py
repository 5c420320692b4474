"""Whole networks: every tiny fixture of the catalogue, differentiated from end to end.

As for single modules (:mod:`netspec.gradcheck.primitives`), with three differences. Inputs are made smaller, down to
four tokens, until a network takes at most :data:`LARGEST` multiply-adds. Training mode has dropout and stochastic
depth, with masks that stay. And rounding errors, of which tens of thousands lie on the longest path, are taken to add
up as independent ones do, ``n`` of them on the way to terms ``t`` to ``√n·u·√Σt²`` (Higham & Mary 2019, SIAM J. Sci.
Comput. 41(5)), where the worst case ``n·u·Σ|t|`` would be a tolerance that tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import jax
import numpy as np

from netspec import catalogue
from netspec.gradcheck import primitives
from netspec.gradcheck.checks import CEILING, SAFETY, Check
from netspec.gradcheck.differences import Slope, between_kinks
from netspec.gradcheck.fixtures import Fixture
from netspec.layers import StructureModule
from netspec.run.trial import fewer_tokens, shrunk
from netspec.spec import NetSpec

#: Multiply-adds per example that inputs are made smaller for.
LARGEST = 2_000_000
#: Rate of dropout, and of the last stochastic depth.
DROPOUT = 0.1
#: The first step tried: within one much longer, some of tens of thousands of ReLUs has its kink.
STEP = 1e-4
#: Examples for the statistics of a batch, and multiply-adds that they may take together. The statistics of two would
#: make all values of a small feature map ±1, without gradient.
NORMALISED, TOGETHER = 4, 150_000_000
#: A tolerance so far below the ceiling needs no further steps.
ENOUGH = CEILING / 10


def fixtures() -> tuple[Fixture, ...]:
    """The networks that the chapters give in a tiny form, for tests and demos."""
    return tuple(fixture(spec) for spec in catalogue.specs() if spec.name.lower().startswith("tiny"))


def fixture(spec: NetSpec) -> Fixture:
    """A network with inputs small enough to be followed along every tensor, but no side of length one.

    A structure module runs one round, as by itself: between rounds it withholds the gradient of the rotations.
    """
    layers = tuple(replace(layer, n_blocks=1) if isinstance(layer, StructureModule) else layer for layer in spec.layers)
    spec, limit = _shortened(replace(spec, layers=layers)), LARGEST
    while _shortest(small := shrunk(spec, limit)) < min(2, _shortest(spec)):
        limit *= 2
    return Fixture(small, dropout=DROPOUT)


def _shortened(spec: NetSpec) -> NetSpec:
    """``spec`` with fewer tokens until it takes at most :data:`LARGEST`, or as few as it accepts."""
    while spec.macs > LARGEST and (smaller := fewer_tokens(spec)) != spec:
        spec = smaller
    return spec


def _shortest(spec: NetSpec) -> int:
    """The shortest side of the inputs; two for inputs without sides, such as tokens' indices and vectors."""
    shapes = [spec.input_shape, *(shape for _, shape in spec.extra_inputs)]
    return min((side for shape in shapes for side in shape[:-1]), default=2)


def check(fixture: Fixture, mode: str, seed: int = 0) -> Iterator[Check]:
    """One check per input and per parameter tensor."""
    macs = fixture.network.macs
    batch = 1 if macs > LARGEST else fixture.batch
    if mode == primitives.TRAINING and len(primitives.modes(fixture)) > 1:
        batch = min(NORMALISED, TOGETHER // macs)
    with jax.enable_x64(True):
        program = primitives.prepare(replace(fixture, batch=batch), mode, seed)
        rng = np.random.default_rng([seed, 1])
        yield from primitives.compare(program, rng, _follow, independent=True, level=1)


def _follow(line: Callable[[float], float], noise: float, size: float) -> Slope:
    return between_kinks(line, noise, STEP, ENOUGH * size / SAFETY)


def inputs(fixture: Fixture) -> str:
    """The shapes that a network is given here, as a listing writes them."""
    spec = fixture.network
    named = [spec.input_shape, *(shape for _, shape in spec.extra_inputs)]
    return ", ".join("×".join(map(str, shape)) for shape in named)
