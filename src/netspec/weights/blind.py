"""What a recorded output cannot tell apart: conventions whose change moves it by less than it tolerates."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.conventions import Conventions
from netspec.weights.parity import Case, Twin, fitted
from netspec.weights.transfer import load

#: Conventions that act in training only.
TRAINED = ("batch_norm_momentum", "batch_norm_variance")
#: The added input is that of the case times this: it reaches values that the first leaves out, such as beyond six.
SCALE = 30.0


class Blind(NamedTuple):
    """A convention that differs from the book's, and what changes without it, as shares of the output's largest value.

    ``at_input`` is the change at the case's input over its tolerance: below one, the recorded output does not notice.
    ``at_larger`` is the change at the added input, relative to the output there.
    """

    case: str
    convention: str
    value: str
    at_input: float
    at_larger: float

    @property
    def noticed(self) -> bool:
        """Whether the case itself tells."""
        return self.at_input > 1


def blind(case: Case, twin: Twin) -> list[Blind]:
    """One for each convention of the network that is not the book's; networks of one picture or vector only."""
    spec, usual = fitted(twin.spec, case, twin.inputs), Conventions()
    changed = [
        field.name
        for field in fields(Conventions)
        if field.name not in TRAINED and getattr(spec.conventions, field.name) != getattr(usual, field.name)
    ]
    first = next(iter(case.inputs.values()))
    if len(case.inputs) > 1 or first.dtype.kind != "f" or len(case.outputs) > 1:
        return []
    (output,) = case.outputs.values()
    inputs = [jnp.asarray(first), jnp.asarray(first * SCALE)]

    def leaves(conventions: Conventions) -> list[np.ndarray]:
        network = load(replace(spec, conventions=conventions), case.tensors, twin.table)
        run = nnx.jit(lambda net, x: net(x))
        return [_only(twin, run(network, x)) for x in inputs]

    kept, found = leaves(spec.conventions) if changed else [], []
    for name in changed:
        other = leaves(replace(spec.conventions, **{name: getattr(usual, name)}))
        moved = [float(np.abs(a - b).max()) for a, b in zip(kept, other, strict=True)]
        found.append(
            Blind(
                case.name,
                name,
                str(getattr(spec.conventions, name)),
                moved[0] / output["tolerance_f32"],
                moved[1] / max(float(np.abs(kept[1]).max()), 1e-30),
            )
        )
    return found


def _only(twin: Twin, leaves: Any) -> np.ndarray:
    found = twin.outputs(leaves) if twin.outputs else leaves
    return np.asarray(next(iter(found.values())) if isinstance(found, dict) else found)
