"""What several properties of this family are tried on."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.cases import Case
from netspec.vocabulary.term import Implementation


def flipped(convolution: Implementation) -> Implementation:
    """The same with its kernel turned over on all sides: what mathematics calls a convolution."""

    def turned(x: Any, kernel: Any, *others: Any, **options: Any) -> Any:
        return convolution(x, jnp.flip(kernel, tuple(range(kernel.ndim - 2))), *others, **options)

    return turned


def picture(case: Case, *extra: int) -> np.ndarray:
    """Images of two channels, with further axes before height and width."""
    return case.normal(case.batch, *extra, case.height, case.width, 2)
