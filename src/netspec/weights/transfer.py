"""A network from the tensors of a library, and the tensors of a library from a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.modules import Network, build
from netspec.spec import NetSpec
from netspec.weights.canonical import canonical_state, load_canonical_state
from netspec.weights.plan import Plan, WeightsError, plan
from netspec.weights.rules import Table


def abstract(spec: NetSpec, *, compute_dtype: Any = jnp.float32) -> Network:
    """The module of ``spec`` without values: nothing is drawn and nothing kept in memory."""
    network: Network = nnx.eval_shape(lambda: build(spec, nnx.Rngs(0), compute_dtype=compute_dtype))
    return network


def load(spec: NetSpec, tensors: Mapping[str, Any], table: Table, *, dtype: Any = jnp.float32) -> Network:
    """The network of ``spec`` with ``tensors``, which go by the library's names; ready to predict (``eval``).

    Parameters and products are of ``dtype``: float32, or float64 under ``jax.enable_x64``. Every tensor is used once
    and every parameter filled, else :class:`WeightsError` says what is left over; no value is drawn before.
    """
    network = abstract(spec, compute_dtype=dtype)
    made = plan(spec, network, table).to_ours(tensors)
    load_canonical_state(network, {name: np.asarray(tensor, dtype) for name, tensor in made.items()}, dtype=dtype)
    network.eval()
    return network


def load_ours(spec: NetSpec, tensors: Mapping[str, Any], *, dtype: Any = jnp.float32) -> Network:
    """The network of ``spec`` with ``tensors`` by the names of :func:`netspec.canonical_state`; as :func:`load`."""
    network = abstract(spec, compute_dtype=dtype)
    try:
        made = {name: np.asarray(tensor, dtype) for name, tensor in tensors.items()}
        load_canonical_state(network, made, dtype=dtype)
    except ValueError as error:
        raise WeightsError(f"{spec.name}: {error}") from None
    network.eval()
    return network


def export(spec: NetSpec, network: nnx.Module, table: Table) -> dict[str, np.ndarray]:
    """The tensors of ``network``, the module of ``spec``, by the library's names; :func:`load` takes them back."""
    return exported(spec, canonical_state(network), table)


def exported(spec: NetSpec, tensors: Mapping[str, Any], table: Table) -> dict[str, np.ndarray]:
    """The ``tensors`` of the network of ``spec``, by the names of this project, by those of a library.

    Raises :class:`WeightsError` for one that is missing, none of its own, or of another shape or kind of number.
    """
    made = planned(spec, abstract(spec), table)
    made.check_ours(tensors)
    return made.to_theirs({name: np.asarray(tensor) for name, tensor in tensors.items()})


def planned(spec: NetSpec, network: nnx.Module, table: Table) -> Plan:
    """What goes where; see :func:`netspec.weights.plan.plan`."""
    return plan(spec, network, table)
