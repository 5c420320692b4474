"""NetSpec: neural architectures as immutable values that can be counted, checked, drawn and built.

Importing this package never imports jax; :func:`netspec.build` does, when it is called.
"""

from netspec.catalogue import find, names
from netspec.errors import InputError, LayerError, SpecError, UnknownSpecError
from netspec.layers.base import Several
from netspec.spec import NetSpec, Provenance
from netspec.walk import Row, walk

__all__ = [
    "InputError",
    "LayerError",
    "NetSpec",
    "Provenance",
    "Row",
    "Several",
    "SpecError",
    "UnknownSpecError",
    "build",
    "find",
    "names",
    "walk",
]


def build(spec, rngs, **options):
    """Build the ``flax.nnx`` module of ``spec``; see :func:`netspec.modules.build`."""
    from netspec import modules

    return modules.build(spec, rngs, **options)
